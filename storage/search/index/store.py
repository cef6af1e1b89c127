"""The full-text index: FTS5 on SQLite, a tsvector on PostgreSQL, behind the same functions.

Both hold the tokens of :mod:`storage.search.index.documents` under the article's search key
(``articles.search_key``; ``NULL`` where it may not be found). PostgreSQL's vector has each token
once a field, with the field as its weight, and a token for each pair of neighbours. Phrases are
looked for in the words themselves of what has their pairs, because a vector keeps only 256 places
of a word and none beyond 16,383
(https://www.postgresql.org/docs/current/textsearch-limitations.html).
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise, starmap
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from storage.database.engine import chunked
from storage.search.index import keys
from storage.search.index.documents import END, Document, text_pair

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
# The rows of texts, and their key. FTS5 keeps what it indexed in a table of its own, which is read
# straight (https://www.sqlite.org/fts5.html, 9: "the content table").
_TEXTS = {"sqlite": ("search_index_content", "id"), "postgresql": ("search_index", "key")}
_COLUMNS = {"sqlite": ("c0, c1, c2", "c3, c4", "c5"), "postgresql": ("words", "stems", "fields")}
# Between the headline, the standfirst and the body in PostgreSQL's column of words, and between the
# two kinds of stems: each column that is apart must be fetched and unpacked by itself.
APART = f" {END} "
_NO_STEMS = {"sqlite": "'', ''", "postgresql": f"'{APART}'"}
_TAKEN = text("SELECT search_key FROM articles WHERE search_key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)
_TAKEN_OF_SECONDS = text(
    "SELECT search_key FROM articles WHERE search_key >= :base AND search_key < :after"
)
_COUNT_OF_SECONDS = text(
    "SELECT count(*) FROM articles WHERE search_key >= :base AND search_key < :after"
    " AND ((search_key >> 8) & 3) = :shift"
)
# Bytes of a vector's tokens and places, of 1,048,575 that PostgreSQL allows.
_LARGEST = 1_000_000
# With so little left of its text it is not that which is too long.
_SMALLEST_SHARE = 0.001
# Seconds that are looked at together: room for some thousand articles.
_LOOKED_AT = 8


# Below zero, where no other lock of ours is; in one order, so that nobody waits for one another.
_LOCK_SECONDS = text(
    "SELECT pg_advisory_xact_lock(base) FROM unnest(CAST(:bases AS bigint[])) AS base ORDER BY base"
)


def new_keys(connection: Connection, moments: Sequence[tuple[datetime, Calendar]]) -> list[int]:
    """Free keys for articles sorted by these moments, in these calendars.

    Where most moments differ one query is all it takes.
    """
    bases = [keys.base_of(at, calendar) for at, calendar in moments]
    if bases and connection.dialect.name == "postgresql":
        # Others who write articles of the same seconds wait: they would choose the same keys, and
        # where only days are known all articles of a day are of one second.
        connection.execute(_LOCK_SECONDS, {"bases": sorted({-base - 1 for base in bases})}).all()
    taken = set(connection.scalars(_TAKEN, {"keys": bases})) if bases else set()
    first = {base: _first_room(connection, base, taken) for base in set(bases) & taken}
    found = []
    for base in bases:
        key = keys.free_key(first.get(base, base), taken)
        taken.add(key)
        found.append(key)
    return found


def _first_room(connection: Connection, base: int, taken: set[int]) -> int:
    """Where to look for a free key of a second that has articles: past those that are full.

    What is ``taken`` from there on is added. A second of a calendar is full where hundreds share a
    day and no hour is known; of days with thousands each look skips twice as many seconds.
    """
    at, seconds = base, _LOOKED_AT
    while True:
        after = at + (seconds << keys.SECOND)
        bound = {"base": at, "after": after, "shift": keys.shift_of(base)}
        held = connection.scalar(_COUNT_OF_SECONDS, bound) or 0
        if held < seconds * keys.SLOTS:
            break
        at, seconds = after, seconds * 2
    # The rest of the batch may fill what is free there, and goes on behind it.
    after += _LOOKED_AT << keys.SECOND
    taken |= set(connection.scalars(_TAKEN_OF_SECONDS, {"base": at, "after": after}))
    return at


def put(connection: Connection, documents: Iterable[Document], without: Iterable[int] = ()) -> None:
    """Index documents under their keys, in place of what was there; ``without`` are keys to leave.

    Many at once cost least: FTS5 makes a segment of what it was given whenever a row's number is
    below the last one, and before any other statement that could be taken back by itself.
    """
    rows = {one.key: _row(connection, one) for one in sorted(documents, key=lambda d: d.key)}
    held = _held(connection, sorted({*rows, *without}))
    insert = _INSERT[connection.dialect.name]
    if held and connection.dialect.name == "sqlite":
        for key in sorted(rows.keys() | held):
            if key in held:
                connection.execute(_DELETE, {"key": key})
            if key in rows:
                connection.execute(insert, rows[key])
        return
    for some in chunked(sorted(held)):
        connection.exec_driver_sql(f"DELETE FROM search_index WHERE key IN ({numbers(some)})")  # noqa: S608
    if rows:
        connection.execute(insert, list(rows.values()))


def _held(connection: Connection, keys: Sequence[int]) -> set[int]:
    """Those of ``keys`` that the index has."""
    table, column = _TEXTS[connection.dialect.name]
    found: set[int] = set()
    for some in chunked(keys):
        sql = f"SELECT {column} FROM {table} WHERE {column} IN ({numbers(some)})"  # noqa: S608
        found |= {key for (key,) in connection.exec_driver_sql(sql)}
    return found


def documents(
    connection: Connection, wanted: Sequence[int], *, stems: bool = True, fields: bool = True
) -> dict[int, Document]:
    """The rows of the index under these keys; ``stems`` and ``fields`` are empty if not asked.

    Those stand behind the words: SQLite need not read so far, and PostgreSQL keeps them apart.
    """
    dialect = connection.dialect.name
    table, key = _TEXTS[dialect]
    words, some_stems, some_fields = _COLUMNS[dialect]
    read = (words, some_stems if stems else _NO_STEMS[dialect], some_fields if fields else "''")
    start = f"SELECT {key}, {', '.join(read)} FROM {table} WHERE {key} IN"  # noqa: S608
    found = {}
    # In the order of the rows, so that each page of the database is read once.
    for some in chunked(sorted(wanted)):
        for row in connection.exec_driver_sql(f"{start} ({numbers(some)})").all():
            found[row[0]] = Document(*row) if dialect == "sqlite" else _unpacked(*row)
    return found


def _unpacked(key: int, words: str, stems: str, fields: str) -> Document:
    headline, standfirst, body = words.split(APART)
    headline_stems, text_stems = stems.split(APART)
    return Document(key, headline, standfirst, body, headline_stems, text_stems, fields)


def numbers(some: Iterable[int]) -> str:
    """Numbers of ours as SQL: hundreds of bound parameters would cost more than the query."""
    return ", ".join(str(int(one)) for one in some)


def is_empty(connection: Connection) -> bool:
    """Whether nothing is indexed."""
    return connection.execute(text("SELECT 1 FROM search_index LIMIT 1")).first() is None


def stray_keys(connection: Connection) -> list[int]:
    """Keys of the index that no article has."""
    table, key = _TEXTS[connection.dialect.name]
    query = (
        f"SELECT {key} FROM {table} WHERE {key} NOT IN"  # noqa: S608
        " (SELECT search_key FROM articles WHERE search_key IS NOT NULL)"
    )
    return list(connection.scalars(text(query)))


def _row(connection: Connection, one: Document) -> dict[str, Any]:
    if connection.dialect.name == "sqlite":
        return asdict(one)
    return {
        "key": one.key, "words": APART.join((one.headline, one.standfirst, one.body)),
        "stems": APART.join((one.headline_stems, one.text_stems)), "fields": one.fields,
        "document": _vector(one),
    }  # fmt: skip


def _vector(one: Document) -> str:
    """PostgreSQL's vector of a document: the place of a token is its field, not where it stands.

    Of a text too long for a vector (reports of a thousand pages hang on some articles) the first
    part is found, as much as there is room for.
    """
    share = 1.0
    while True:
        places = _places(one, share)
        size = sum(map(_room, places.items()))
        if size <= _LARGEST or share < _SMALLEST_SHARE:
            return " ".join(f"'{t}':{place}" if place else f"'{t}'" for t, place in places.items())
        share *= 0.9 * _LARGEST / size


def _places(one: Document, share: float) -> dict[str, str]:
    """The tokens of a vector with their fields, of that share of its texts."""
    texts = [_first(part, share) for part in (one.headline, one.standfirst, one.body)]
    places: dict[str, str] = dict.fromkeys(one.fields.split(), "")
    for words in texts:
        places.update(dict.fromkeys(starmap(text_pair, pairwise(words)), ""))
    stems = [_first(part, share) for part in (one.headline_stems, one.text_stems)]
    for words, place in zip((*texts, *stems), ("1A", "2B", "3D", "1A", "3D"), strict=True):
        for token in {*words}:
            held = places.get(token)
            places[token] = place if held is None else f"{held},{place}"
    return places


def _first(part: str, share: float) -> list[str]:
    words = part.split()
    return words if share == 1.0 else words[: int(len(words) * share)]


def _room(token: tuple[str, str]) -> int:
    """Bytes of a token in a vector at most: it, how many places it has, and these."""
    word, places = token
    return len(word.encode()) + 1 + (4 + 2 * places.count(",") if places else 0)
