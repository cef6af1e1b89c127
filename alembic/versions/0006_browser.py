"""Whether a browser draws a source's pages

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sources") as batch:
        batch.add_column(
            sa.Column("browser", sa.String(16), nullable=False, server_default="never")
        )
        batch.create_check_constraint(
            op.f("ck_sources_browser"), "browser IN ('never', 'needed', 'always')"
        )


def downgrade() -> None:
    with op.batch_alter_table("sources") as batch:
        batch.drop_constraint(op.f("ck_sources_browser"), type_="check")
        batch.drop_column("browser")
