"""PostgreSQL's index in slices of time, so that the newest matches of a common word are near.

A GIN index tells all that match before the first of them, however few are wanted. So there is one
for each span of search keys (a partial index, named after the first key of its span), and the
newest is asked first. Which spans there are is what the database's catalogue says; a span that has
grown is divided while others read and write.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.database.engine import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

# The first key and the first after; ``None`` for no end.
Slice: TypeAlias = tuple[int, int | None]

# A slice of more articles is divided. A common word's matches in one take some 20 ms to collect;
# a rare word is sought in every slice, at half a millisecond each.
MOST = 100_000
_NAME = "search_slice_"
_NEW, _OLD = "new_", "old_"
# No other lock of ours is this one: those of seconds are below zero (storage.search.index.store).
_LOCK = 0xDA7E511C
# Others' reading and writing go before: what waits for longer is left to the next time.
_PATIENCE = "10s"
# An index is made of words that were gathered in so much memory at a time.
_MEMORY = "256MB"

logger = logging.getLogger(__name__)

_NAMES = text(
    "SELECT c.relname, c.reltuples FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
    " WHERE i.indrelid = 'search_index'::regclass AND c.relname LIKE 'search\\_slice\\_%'"
)


def sizes(connection: Connection) -> dict[int, float]:
    """The first key of each slice in use, and about how many articles it holds.

    Below zero where PostgreSQL has not looked yet.
    """
    rows = connection.execute(_NAMES).all()
    ends = {name.removeprefix(_NAME): counted for name, counted in rows}
    return {int(end): counted for end, counted in ends.items() if end.isdecimal()}


def spans(starts: Iterable[int]) -> list[Slice]:
    """The spans of keys that have an index each, newest first; together they hold every key."""
    ordered = sorted(starts, reverse=True)
    return list(zip(ordered, [None, *ordered], strict=False))


def divide(engine: Engine, most: int = MOST) -> int:
    """Divide the slices that hold more than ``most`` articles; returns how many were.

    Nobody waits for it. Where somebody else divides already, or a reader keeps an old state of the
    index for long, the rest is left to the next time.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            return 0
        divided = 0
        try:
            connection.execute(text(f"SET lock_timeout = '{_PATIENCE}'"))
            connection.execute(text(f"SET maintenance_work_mem = '{_MEMORY}'"))
            _clear(connection)
            held = sizes(connection)
            for span in spans(held):
                # None where PostgreSQL has not looked yet; its figures lag behind by a tenth.
                if 0 < held[span[0]] < most * 0.8:
                    continue
                if starts := _starts(connection, span, most):
                    _cut(connection, span, starts)
                    divided += 1
        except DBAPIError as error:
            # Answers are the same without, only slower: no crawl is to fail of it.
            logger.warning(
                "the search index was not divided (%s); the next run tries again", reason_of(error)
            )
        finally:
            if not connection.invalidated:
                connection.execute(text("RESET lock_timeout"))
                connection.execute(text("RESET maintenance_work_mem"))
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
    return divided


def within(span: Slice) -> str:
    """A condition of SQL for the keys of a slice, as its index has it.

    Numbers, not bound values: only for those can PostgreSQL tell which index has them all. The sum
    keeps it from reading the rows of the slice by their key instead, and every vector with them.
    """
    low, high = span
    conditions = [f"search_index.key + 0 >= {int(low)}"] if low else []
    if high is not None:
        conditions.append(f"search_index.key + 0 < {int(high)}")
    return " AND ".join(conditions) or "true"


def _starts(connection: Connection, span: Slice, most: int) -> list[int]:
    """Where the parts of a slice are to begin; empty where it need not be divided."""
    where = within(span)
    count = connection.scalar(text(f"SELECT count(*) FROM search_index WHERE {where}"))  # noqa: S608
    if not count or count <= most:
        return []
    parts = -(-count // (most // 2))
    first = connection.scalars(
        text(
            "SELECT min(key) FROM (SELECT key, ntile(:parts) OVER (ORDER BY key) AS part"  # noqa: S608
            f" FROM search_index WHERE {where}) AS numbered GROUP BY part ORDER BY 1"
        ),
        {"parts": parts},
    ).all()
    return [span[0], *first[1:]]


def _cut(connection: Connection, span: Slice, starts: list[int]) -> None:
    """Put an index for each part in the place of a slice's; no reader and no writer is stopped."""
    parts: list[Slice] = list(zip(starts, [*starts[1:], span[1]], strict=True))
    for part in parts:
        connection.execute(
            text(
                f"CREATE INDEX CONCURRENTLY {_NAME}{_NEW}{part[0]} ON search_index"
                f" USING gin (document) WHERE {within(part)}"
            )
        )
    names: Any = [(f"{_NAME}{span[0]}", f"{_NAME}{_OLD}{span[0]}")]
    names += [(f"{_NAME}{_NEW}{low}", f"{_NAME}{low}") for low, _ in parts]
    # One statement, so that a reader sees either all of it or nothing.
    renamed = " ".join(f"ALTER INDEX {old} RENAME TO {new};" for old, new in names)
    connection.execute(text(f"DO $$ BEGIN {renamed} END $$"))
    connection.execute(text(f"DROP INDEX CONCURRENTLY {_NAME}{_OLD}{span[0]}"))


def _clear(connection: Connection) -> None:
    """Drop what a division that was broken off left."""
    for name, _ in connection.execute(_NAMES).all():
        if name.startswith((_NAME + _NEW, _NAME + _OLD)):
            connection.execute(text(f"DROP INDEX CONCURRENTLY {name}"))
