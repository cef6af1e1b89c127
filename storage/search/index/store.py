"""The full-text index: FTS5 on SQLite, a tsvector on PostgreSQL, behind the same functions.

Both store the tokens of :mod:`storage.search.index.documents` under the article's search key
(``articles.search_key``; ``NULL`` for hidden articles). PostgreSQL's vector has each token once per
field, with the field as its weight, and a token per pair of adjacent words. Phrases are checked in
the words of the rows that have their pairs, because a vector keeps only 256 positions per word and
none beyond 16,383 (https://www.postgresql.org/docs/current/textsearch-limitations.html).
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise, starmap
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from storage.database.engine import chunked
from storage.search.index import keys
from storage.search.index.documents import END, Document, pair_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.search.index.keys import Calendar


_INSERT = {
    "sqlite": text(
        "INSERT INTO search_index"
        " (rowid, headline, standfirst, body, headline_stems, text_stems, fields) VALUES"
        " (:key, :headline, :standfirst, :body, :headline_stems, :text_stems, :fields)"
    ),
    "postgresql": text(
        "INSERT INTO search_index (key, words, stems, fields, document) VALUES"
        " (:key, :words, :stems, :fields, CAST(:document AS tsvector))"
    ),
}
_DELETE = text("DELETE FROM search_index WHERE rowid = :key")
# Table and key column of the documents. FTS5 keeps them in a content table, which is read
# directly (https://www.sqlite.org/fts5.html, 9: "the content table").
_DOCUMENT_TABLES = {"sqlite": ("search_index_content", "id"), "postgresql": ("search_index", "key")}
_COLUMNS = {"sqlite": ("c0, c1, c2", "c3, c4", "c5"), "postgresql": ("words", "stems", "fields")}
# Separates headline, standfirst and body in PostgreSQL's column of words, and the two kinds of
# stems: each separate column must be fetched and unpacked by itself.
SEPARATOR = f" {END} "
_NO_STEMS = {"sqlite": "'', ''", "postgresql": f"'{SEPARATOR}'"}
_USED_KEYS = text("SELECT search_key FROM articles WHERE search_key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)
_USED_KEYS_BETWEEN = text(
    "SELECT search_key FROM articles WHERE search_key >= :base AND search_key < :after"
)
_COUNT_BETWEEN = text(
    "SELECT count(*) FROM articles WHERE search_key >= :base AND search_key < :after"
    " AND ((search_key >> 8) & 3) = :shift"
)
# Bytes of a vector's tokens and positions; PostgreSQL allows 1,048,575.
_MAX_VECTOR_BYTES = 1_000_000
# Below this share the text is not the reason for the size.
_MIN_SHARE = 0.001
# Seconds per look: they have keys for about a thousand articles.
_SECONDS_PER_LOOK = 8


# Negative numbers, which no other advisory lock uses; sorted, so that no deadlock arises.
_LOCK_SECONDS = text(
    "SELECT pg_advisory_xact_lock(base) FROM unnest(CAST(:bases AS bigint[])) AS base ORDER BY base"
)


def allocate_keys(
    connection: Connection, moments: Sequence[tuple[datetime, Calendar]]
) -> list[int]:
    """Allocate free keys for articles with these sort timestamps and calendars.

    One query is enough where most timestamps differ.
    """
    bases = [keys.first_key_of(at, calendar) for at, calendar in moments]
    if bases and connection.dialect.name == "postgresql":
        # Others that write articles of the same seconds wait: they would choose the same keys, and
        # where only days are known, all articles of a day share one second.
        connection.execute(_LOCK_SECONDS, {"bases": sorted({-base - 1 for base in bases})}).all()
    taken = set(connection.scalars(_USED_KEYS, {"keys": bases})) if bases else set()
    first = {base: _first_free_second(connection, base, taken) for base in set(bases) & taken}
    found = []
    for base in bases:
        key = keys.free_key(first.get(base, base), taken)
        taken.add(key)
        found.append(key)
    return found


def _first_free_second(connection: Connection, base: int, taken: set[int]) -> int:
    """Return the second in which to look for a free key, and add its used keys to ``taken``.

    A second of a calendar is full where hundreds of articles share a day and no time is known; each
    look skips twice as many seconds as the last.
    """
    at, seconds = base, _SECONDS_PER_LOOK
    while True:
        after = at + (seconds << keys.SECOND)
        bound = {"base": at, "after": after, "shift": keys.calendar_of_key(base)}
        held = connection.scalar(_COUNT_BETWEEN, bound) or 0
        if held < seconds * keys.SLOTS:
            break
        at, seconds = after, seconds * 2
    # The rest of the batch may use up these seconds and continue in the next ones.
    after += _SECONDS_PER_LOOK << keys.SECOND
    taken |= set(connection.scalars(_USED_KEYS_BETWEEN, {"base": at, "after": after}))
    return at


def write_documents(
    connection: Connection, documents: Iterable[Document], without: Iterable[int] = ()
) -> None:
    """Write documents under their keys, replacing what is there, and delete the keys ``without``.

    Large batches cost least: FTS5 closes a segment whenever a rowid is below the last one, and
    before any statement that could be rolled back by itself.
    """
    rows = {one.key: _row_of(connection, one) for one in sorted(documents, key=lambda d: d.key)}
    held = _existing_keys(connection, sorted({*rows, *without}))
    insert = _INSERT[connection.dialect.name]
    if held and connection.dialect.name == "sqlite":
        for key in sorted(rows.keys() | held):
            if key in held:
                connection.execute(_DELETE, {"key": key})
            if key in rows:
                connection.execute(insert, rows[key])
        return
    for some in chunked(sorted(held)):
        connection.exec_driver_sql(f"DELETE FROM search_index WHERE key IN ({integer_list(some)})")  # noqa: S608
    if rows:
        connection.execute(insert, list(rows.values()))


def _existing_keys(connection: Connection, keys: Sequence[int]) -> set[int]:
    """Return those of ``keys`` that the index contains."""
    table, column = _DOCUMENT_TABLES[connection.dialect.name]
    found: set[int] = set()
    for some in chunked(keys):
        sql = f"SELECT {column} FROM {table} WHERE {column} IN ({integer_list(some)})"  # noqa: S608
        found |= {key for (key,) in connection.exec_driver_sql(sql)}
    return found


def read_documents(
    connection: Connection, wanted: Sequence[int], *, stems: bool = True, fields: bool = True
) -> dict[int, Document]:
    """Read the documents with these keys; ``stems`` and ``fields`` may be skipped.

    SQLite stores them behind the words and PostgreSQL in separate columns, so skipping saves reads.
    """
    dialect = connection.dialect.name
    table, key = _DOCUMENT_TABLES[dialect]
    words, some_stems, some_fields = _COLUMNS[dialect]
    read = (words, some_stems if stems else _NO_STEMS[dialect], some_fields if fields else "''")
    start = f"SELECT {key}, {', '.join(read)} FROM {table} WHERE {key} IN"  # noqa: S608
    found = {}
    # In the order of the rows, so that each database page is read once.
    for some in chunked(sorted(wanted)):
        for row in connection.exec_driver_sql(f"{start} ({integer_list(some)})").all():
            found[row[0]] = Document(*row) if dialect == "sqlite" else _document_of(*row)
    return found


def _document_of(key: int, words: str, stems: str, fields: str) -> Document:
    headline, standfirst, body = words.split(SEPARATOR)
    headline_stems, text_stems = stems.split(SEPARATOR)
    return Document(key, headline, standfirst, body, headline_stems, text_stems, fields)


def integer_list(some: Iterable[int]) -> str:
    """Format integers as SQL: hundreds of bound parameters would cost more than the query."""
    return ", ".join(str(int(one)) for one in some)


def is_empty(connection: Connection) -> bool:
    """Return whether nothing is indexed."""
    return connection.execute(text("SELECT 1 FROM search_index LIMIT 1")).first() is None


def stray_keys(connection: Connection) -> list[int]:
    """Return keys of the index that no article has."""
    table, key = _DOCUMENT_TABLES[connection.dialect.name]
    query = (
        f"SELECT {key} FROM {table} WHERE {key} NOT IN"  # noqa: S608
        " (SELECT search_key FROM articles WHERE search_key IS NOT NULL)"
    )
    return list(connection.scalars(text(query)))


def _row_of(connection: Connection, one: Document) -> dict[str, Any]:
    if connection.dialect.name == "sqlite":
        return asdict(one)
    return {
        "key": one.key,
        "words": SEPARATOR.join((one.headline, one.standfirst, one.body)),
        "stems": SEPARATOR.join((one.headline_stems, one.text_stems)),
        "fields": one.fields,
        "document": _tsvector(one),
    }


def _tsvector(one: Document) -> str:
    """Build PostgreSQL's vector of a document: a token's weight is its field.

    A text too long for a vector (some attachments have a thousand pages) is indexed up to the
    length that fits.
    """
    share = 1.0
    while True:
        places = _tsvector_tokens(one, share)
        size = sum(map(_max_bytes, places.items()))
        if size <= _MAX_VECTOR_BYTES or share < _MIN_SHARE:
            return " ".join(f"'{t}':{place}" if place else f"'{t}'" for t, place in places.items())
        share *= 0.9 * _MAX_VECTOR_BYTES / size


def _tsvector_tokens(one: Document, share: float) -> dict[str, str]:
    """Return the tokens of a vector with their fields, from the first ``share`` of the texts."""
    texts = [_first_words(part, share) for part in (one.headline, one.standfirst, one.body)]
    places: dict[str, str] = dict.fromkeys(one.fields.split(), "")
    for words in texts:
        places.update(dict.fromkeys(starmap(pair_hash, pairwise(words)), ""))
    stems = [_first_words(part, share) for part in (one.headline_stems, one.text_stems)]
    for words, place in zip((*texts, *stems), ("1A", "2B", "3D", "1A", "3D"), strict=True):
        for token in {*words}:
            held = places.get(token)
            places[token] = place if held is None else f"{held},{place}"
    return places


def _first_words(part: str, share: float) -> list[str]:
    words = part.split()
    return words if share == 1.0 else words[: int(len(words) * share)]


def _max_bytes(token: tuple[str, str]) -> int:
    """Return the maximum size of a token in a vector: word, position count, positions."""
    word, places = token
    return len(word.encode()) + 1 + (4 + 2 * places.count(",") if places else 0)
