"""Pairs of neighbouring words in the search index, and on PostgreSQL an index for each span of time

Revision ID: 0007
Revises: 0006

What is indexed of an article is more than it was, so the index is filled again by
``storage.search.index.indexer`` after the migration, in batches. Bands of signatures are in larger
generations, which makes fewer to ask.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As migration 0004 has it: a virtual table loses its rows soonest by being made anew.
FTS5 = (
    "CREATE VIRTUAL TABLE search_index USING fts5"
    "(headline, standfirst, body, headline_stems, text_stems, fields,"
    " tokenize = \"ascii tokenchars '=/'\", columnsize = 0)"
)
WHOLE = "CREATE INDEX {name} ON search_index USING gin (document)"
# Only keys stay in the rows: what matches is many rows on few pages. Each other column is apart and
# must be fetched and unpacked by itself, so there are few of them.
TABLE = (
    "CREATE TABLE search_index (key bigint PRIMARY KEY, document tsvector NOT NULL,"
    " {texts}) WITH (toast_tuple_target = 128)"
)
TEXTS = ("words", "stems", "fields")
OLD_TEXTS = ("headline", "standfirst", "body", "headline_stems", "text_stems", "fields")
# Unpacks several times as fast; a server may be built without it.
HAS_LZ4 = "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"


def upgrade() -> None:
    _regroup(18)
    if _emptied(TEXTS):
        if op.get_bind().execute(sa.text(HAS_LZ4)).scalar():
            for column in TEXTS:
                op.execute(f"ALTER TABLE search_index ALTER COLUMN {column} SET COMPRESSION lz4")
        op.execute(WHOLE.format(name="search_slice_0"))


def downgrade() -> None:
    _regroup(16)
    if _emptied(OLD_TEXTS):
        op.execute(WHOLE.format(name="ix_search_index_document"))


def _regroup(bits: int) -> None:
    """Put the bands of signatures into generations of 2 ** ``bits``, the newest (-1) too."""
    op.execute(
        f"UPDATE signature_bands SET generation = signature_id >> {bits}"  # noqa: S608
        f" WHERE generation <> signature_id >> {bits}"
    )


def _emptied(texts: tuple[str, ...]) -> bool:
    """An empty index in the place of the old one; whether it is PostgreSQL's, without its GIN."""
    op.execute("UPDATE articles SET search_key = NULL")
    op.execute("DROP TABLE search_index")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(TABLE.format(texts=", ".join(f"{one} text NOT NULL" for one in texts)))
        return True
    op.execute(FTS5)
    return False
