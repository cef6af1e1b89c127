"""Merges segments of SQLite's search index outside of the crawl.

FTS5 writes one segment per transaction, and a query looks up each of its words in every segment
(about 10 µs each). A crawl merges few of them, so that storing costs the same in a large archive as
in a small one; the rest is merged after the crawl, in small steps.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from storage.database.engine import ignore_if_locked
from storage.search.index import partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from storage.database.handle import Database

# Pages of 4 kB per step: about 40 ms, during which other writers wait.
_PAGES_PER_STEP = 250
# https://www.sqlite.org/fts5.html, 6.9: levels of four segments and more ("usermerge", by default)
# are merged; where the count of changes grows by less than two there was nothing to do.
_MERGE = "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)"


def optimize(database: Database, took: float = 0.0) -> None:
    """Keep queries fast as the archive grows; ``took`` is the seconds that the last writes took.

    SQLite refreshes its planner statistics, which is cheap where little has changed
    (https://www.sqlite.org/lang_analyze.html, 6), and merges index segments for a tenth of
    ``took``, at least one second. PostgreSQL does both by itself; its search index is repartitioned
    where it has grown.
    """
    if database.engine.dialect.name != "sqlite":
        partitions.repartition(database.engine)
        return
    with database.engine.connect() as connection, ignore_if_locked():
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA analysis_limit = 1000")
        raw.execute("PRAGMA optimize = 0x10002")
    merge_segments(database.engine, max(1.0, took / 10))


def merge_segments(engine: Engine, seconds: float) -> bool:
    """Merge segments for at most ``seconds``; return whether none are left.

    The next call continues. It stops where another process writes for long.
    """
    ends = time.monotonic() + seconds
    with engine.connect() as connection, ignore_if_locked():
        raw: Any = connection.connection.driver_connection
        while time.monotonic() < ends:
            before = raw.total_changes
            raw.execute(_MERGE, (_PAGES_PER_STEP,))
            if raw.total_changes - before < 2:
                return True
    return False
