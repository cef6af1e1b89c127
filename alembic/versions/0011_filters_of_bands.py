"""A filter of the old bands of near-duplicates, so that most are never looked up

Revision ID: 0011
Revises: 0010

It fills itself: as bands move on, the filter of their part is made of all that the part holds.
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


def downgrade() -> None:
    op.drop_table("band_filters")
