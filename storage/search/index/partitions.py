"""Time partitions of PostgreSQL's index, so that the newest matches of a common word are near.

A GIN index returns all matches before the first of them, however few are needed. So each range of
search keys has a partial index of its own, named after the first key of the range, and a search
reads the newest first. PostgreSQL's catalogue lists the ranges; a range that has grown is split
while others read and write.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.database.engine import error_reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

# The first key, and the first key after it; ``None`` for no end.
Partition: TypeAlias = tuple[int, int | None]

# Larger partitions are split. Collecting a common word's matches of one takes about 20 ms; a rare
# word is looked up in every partition, at half a millisecond each.
MAX_ARTICLES = 100_000
_INDEX_PREFIX = "search_slice_"
_NEW, _OLD = "new_", "old_"
# Unlike any other advisory lock: those of seconds are negative (storage.search.index.store).
_LOCK = 0xDA7E511C
# Readers and writers have priority: after this wait, the next run splits the rest.
_LOCK_TIMEOUT = "10s"
# Memory for building an index.
_BUILD_MEMORY = "256MB"

logger = logging.getLogger(__name__)

_INDEX_NAMES = text(
    "SELECT c.relname, c.reltuples FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
    " WHERE i.indrelid = 'search_index'::regclass AND c.relname LIKE 'search\\_slice\\_%'"
)


def partition_sizes(connection: Connection) -> dict[int, float]:
    """Return the first key of each partition, and its estimated number of articles.

    The number is negative where PostgreSQL has no estimate yet.
    """
    rows = connection.execute(_INDEX_NAMES).all()
    ends = {name.removeprefix(_INDEX_PREFIX): counted for name, counted in rows}
    return {int(end): counted for end, counted in ends.items() if end.isdecimal()}


def partition_spans(starts: Iterable[int]) -> list[Partition]:
    """Return the key ranges of all partitions, newest first; together they cover every key."""
    ordered = sorted(starts, reverse=True)
    return list(zip(ordered, [None, *ordered], strict=False))


def repartition(engine: Engine, most: int = MAX_ARTICLES) -> int:
    """Split the partitions of more than ``most`` articles; return how many were split.

    This blocks nobody. Where another process splits already, or a reader keeps an old snapshot of
    the index for long, the next call does the rest.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            return 0
        split = 0
        try:
            connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
            connection.execute(text(f"SET maintenance_work_mem = '{_BUILD_MEMORY}'"))
            _drop_leftovers(connection)
            sizes = partition_sizes(connection)
            for span in partition_spans(sizes):
                # Negative where PostgreSQL has no estimate yet; estimates lag behind by a tenth.
                if 0 < sizes[span[0]] < most * 0.8:
                    continue
                if starts := _split_points(connection, span, most):
                    _replace_partition(connection, span, starts)
                    split += 1
        except DBAPIError as error:
            # Searches work without the split, only slower: no crawl may fail because of it.
            logger.warning(
                "cannot split the search index (%s); the next run tries again", error_reason(error)
            )
        finally:
            if not connection.invalidated:
                connection.execute(text("RESET lock_timeout"))
                connection.execute(text("RESET maintenance_work_mem"))
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
    return split


def partition_condition(span: Partition) -> str:
    """Return the SQL condition of a partition, exactly as its index has it.

    The bounds are literals: PostgreSQL can choose a partial index only by literals. The sum keeps
    it from reading the rows by their key instead, with every vector.
    """
    low, high = span
    conditions = [f"search_index.key + 0 >= {int(low)}"] if low else []
    if high is not None:
        conditions.append(f"search_index.key + 0 < {int(high)}")
    return " AND ".join(conditions) or "true"


def _split_points(connection: Connection, span: Partition, most: int) -> list[int]:
    """Return the first keys of the parts of a partition; empty where it need not be split."""
    where = partition_condition(span)
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


def _replace_partition(connection: Connection, span: Partition, starts: list[int]) -> None:
    """Replace the index of a partition by one per part, without blocking readers or writers."""
    parts: list[Partition] = list(zip(starts, [*starts[1:], span[1]], strict=True))
    for part in parts:
        connection.execute(
            text(
                f"CREATE INDEX CONCURRENTLY {_INDEX_PREFIX}{_NEW}{part[0]} ON search_index"
                f" USING gin (document) WHERE {partition_condition(part)}"
            )
        )
    names: Any = [(f"{_INDEX_PREFIX}{span[0]}", f"{_INDEX_PREFIX}{_OLD}{span[0]}")]
    names += [(f"{_INDEX_PREFIX}{_NEW}{low}", f"{_INDEX_PREFIX}{low}") for low, _ in parts]
    # One statement, so that a reader sees either all of the change or nothing.
    renamed = " ".join(f"ALTER INDEX {old} RENAME TO {new};" for old, new in names)
    connection.execute(text(f"DO $$ BEGIN {renamed} END $$"))
    connection.execute(text(f"DROP INDEX CONCURRENTLY {_INDEX_PREFIX}{_OLD}{span[0]}"))


def _drop_leftovers(connection: Connection) -> None:
    """Drop the indexes that an interrupted split left behind."""
    for name, _ in connection.execute(_INDEX_NAMES).all():
        if name.startswith((_INDEX_PREFIX + _NEW, _INDEX_PREFIX + _OLD)):
            connection.execute(text(f"DROP INDEX CONCURRENTLY {name}"))
