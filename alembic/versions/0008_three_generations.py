"""The bands of signatures in three generations: the newest, the recent and all others

Revision ID: 0008
Revises: 0007

There was one for each 262,144 signatures, and each new page asked all of them.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE signature_bands SET generation = 0 WHERE generation > 0")


def downgrade() -> None:
    op.execute(
        "UPDATE signature_bands SET generation = signature_id >> 18"
        " WHERE generation <> signature_id >> 18"
    )
