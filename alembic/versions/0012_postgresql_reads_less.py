"""PostgreSQL reads less for an answer: an index of what lists read, words that are not packed

Revision ID: 0012
Revises: 0011

Rows of articles lie scattered: six hundred of them were as many blocks of the disk. The words and
stems by which articles are weighed took as long to unpack as to read; those stored from now on are
kept as they are, some 2 kB more each (docs/search.md).
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LISTING = (
    "CREATE INDEX ix_articles_listing ON articles (search_key) INCLUDE (item_id, cluster_id)"
    " WHERE search_key IS NOT NULL"
)
KEPT = "ALTER TABLE search_index ALTER words SET STORAGE {how}, ALTER stems SET STORAGE {how}"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(LISTING)
        op.execute(KEPT.format(how="EXTERNAL"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_articles_listing")
        op.execute(KEPT.format(how="EXTENDED"))
