"""The directory entries that an article names, as tokens of the search index

Revision ID: 0009
Revises: 0008

Articles that name one leave the index here. After the migration,
``storage.search.index.indexer`` adds them again in batches. SQLite merges 16 segments of its index
at a time, not 4, so that it writes a word 3 times, not 7, in a large archive (docs/archive.md).
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


# How many segments of one size are merged, bit by bit while others are written, and how many at
# once, however long that takes (https://www.sqlite.org/fts5.html: "automerge", "crisismerge").
# The latter must be more: else those of a million articles would be merged while everybody waits.
MERGED = "INSERT INTO search_index (search_index, rank) VALUES ('{what}', {count})"
DEFAULTS, OURS = {"automerge": 4, "crisismerge": 16}, {"automerge": 16, "crisismerge": 64}


def upgrade() -> None:
    _leave()
    _merge(OURS)


def downgrade() -> None:
    _leave()
    _merge(DEFAULTS)


def _merge(counts: dict[str, int]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for what, count in counts.items():
            op.execute(MERGED.format(what=what, count=count))


def _leave() -> None:
    key = "rowid" if op.get_bind().dialect.name == "sqlite" else "key"
    op.execute(
        f"DELETE FROM search_index WHERE {key} IN (SELECT search_key FROM articles WHERE {NAMING})"  # noqa: S608
    )
    op.execute(f"UPDATE articles SET search_key = NULL WHERE {NAMING}")  # noqa: S608
