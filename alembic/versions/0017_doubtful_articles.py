"""Articles that may be none are marked

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEX = "ix_articles_doubtful"


def upgrade() -> None:
    op.add_column(
        "articles", sa.Column("doubtful", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        INDEX,
        "articles",
        ["search_key"],
        sqlite_where=sa.text("doubtful"),
        postgresql_where=sa.text("doubtful"),
    )


def downgrade() -> None:
    op.drop_index(INDEX, "articles")
    with op.batch_alter_table("articles") as batch:
        batch.drop_column("doubtful")
