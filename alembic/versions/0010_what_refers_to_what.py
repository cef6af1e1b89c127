"""An index for what refers to captures and runs; links without a target leave that of targets

Revision ID: 0010
Revises: 0009

Where one was deleted the database read every row of the tables that may refer to it. The index of
items' search keys goes: what names an entry is asked of the search index since 0009.
"""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# (table, column, whether only where there is one)
REFERRING = (
    ("captures", "run_id", True),
    ("events", "run_id", True),
    ("articles", "capture_id", False),
    ("directory_entries", "capture_id", False),
)


def _index(table: str, column: str, *, held: bool) -> None:
    where = text(f"{column} IS NOT NULL") if held else None
    op.create_index(
        f"ix_{table}_{column}", table, [column], sqlite_where=where, postgresql_where=where
    )


def upgrade() -> None:
    for table, column, held in REFERRING:
        _index(table, column, held=held)
    op.drop_index("ix_links_target_id", "links")
    _index("links", "target_id", held=True)
    op.drop_index("ix_articles_item_key", "articles")


def downgrade() -> None:
    op.create_index("ix_articles_item_key", "articles", ["item_id", "search_key"])
    op.drop_index("ix_links_target_id", "links")
    _index("links", "target_id", held=False)
    for table, column, _ in REFERRING:
        op.drop_index(f"ix_{table}_{column}", table)
