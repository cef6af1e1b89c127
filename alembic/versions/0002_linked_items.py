"""What a list says of a linked item, what a mention stands for, and where fetched media lie

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _added() -> dict[str, tuple[sa.Column, ...]]:
    """The new columns, made anew: a column belongs to one table once."""
    return {
        "links": (
            sa.Column("kind", sa.String(100), nullable=True),
            sa.Column("number", sa.String(64), nullable=True),
            sa.Column("published_at", MOMENT, nullable=True),
            sa.Column("published_offset", sa.Integer(), nullable=True),
        ),
        "mentions": (sa.Column("expansion", sa.Text(), nullable=True),),
        "articles": (sa.Column("notices", JSON, nullable=False, server_default="[]"),),
        "directory_entries": (
            sa.Column("aliases", JSON, nullable=False, server_default="[]"),
            sa.Column("published_at", MOMENT, nullable=True),
            sa.Column("published_offset", sa.Integer(), nullable=True),
        ),
        "media": (
            sa.Column("state", sa.String(16), nullable=False, server_default="known"),
            sa.Column("cause", sa.String(64), nullable=True),
            sa.Column("detail", sa.Text(), nullable=True),
            sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("fetched_at", MOMENT, nullable=True),
            sa.Column("text", sa.Text(), nullable=True),
        ),
    }


def upgrade() -> None:
    for table, columns in _added().items():
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.add_column(column)
    op.create_table(
        "entry_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_entry_names_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_names")),
        sa.UniqueConstraint("item_id", "key", name=op.f("uq_entry_names_item_id_key")),
    )
    op.create_index(op.f("ix_entry_names_key"), "entry_names", ["key"])


def downgrade() -> None:
    op.drop_table("entry_names")
    for table, columns in _added().items():
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.drop_column(column.name)
