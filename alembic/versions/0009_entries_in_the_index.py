"""The directory entries that an article names, as tokens of the search index

Revision ID: 0009
Revises: 0008

Articles that name one leave the index here, and ``storage.search.filling`` brings them back after
the migration, in batches.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAMING = (
    "search_key IS NOT NULL AND (item_id IN"
    " (SELECT item_id FROM mentions WHERE entry_id IS NOT NULL) OR item_id IN"
    " (SELECT item_id FROM links WHERE relation = 'entry' AND target_id IS NOT NULL))"
)


def upgrade() -> None:
    _leave()


def downgrade() -> None:
    _leave()


def _leave() -> None:
    key = "rowid" if op.get_bind().dialect.name == "sqlite" else "key"
    op.execute(
        f"DELETE FROM search_index WHERE {key} IN (SELECT search_key FROM articles WHERE {NAMING})"  # noqa: S608
    )
    op.execute(f"UPDATE articles SET search_key = NULL WHERE {NAMING}")  # noqa: S608
