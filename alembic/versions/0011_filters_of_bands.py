"""Filters of the bands of near-duplicates, so that most are never looked up

Revision ID: 0011
Revises: 0010

SQLite's recent bands become those of one slot, to be asked whatever is looked for; they become old
as others do. The filter of a part of the old ones is made of all that it holds when more come.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "band_filters",
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("bands", sa.Integer(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_band_filters")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("UPDATE signature_bands SET generation = -2 WHERE generation = -1")
        op.execute("INSERT INTO band_filters VALUES (-2, 1, 0, X'FF')")


def downgrade() -> None:
    op.execute("UPDATE signature_bands SET generation = -2 WHERE generation < -2")
    op.drop_table("band_filters")
