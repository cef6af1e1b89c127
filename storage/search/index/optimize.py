"""Merges the parts of SQLite's search index while nobody waits for it.

FTS5 writes a segment for each transaction, and a query looks for each of its words in every
segment: some 10 µs a time. While a crawl writes, few are merged, since storing should cost the same
in a large archive as in a small one; the rest is done after it, a little at a time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from storage.database.engine import unless_locked
from storage.search.index import partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from storage.database.handle import Database

# Pages of 4 kB written at a time: some 40 ms, for which other writers wait.
_STEP = 250
# https://www.sqlite.org/fts5.html, 6.9: levels of four segments and more ("usermerge", by default)
# are merged; where the count of changes grows by less than two there was nothing to do.
_MERGE = "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)"


def optimize(database: Database, took: float = 0.0) -> None:
    """Keep queries fast as the archive grows; ``took`` is how many seconds the writing before took.

    SQLite samples its tables, so that it plans queries by what is there: cheap where little has
    changed (https://www.sqlite.org/lang_analyze.html, 6). Segments of its search index are merged
    for a tenth of ``took``, at least one second. PostgreSQL does this by itself; its search index
    is divided where it has grown.
    """
    if database.engine.dialect.name != "sqlite":
        partitions.divide(database.engine)
        return
    with database.engine.connect() as connection, unless_locked():
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA analysis_limit = 1000")
        raw.execute("PRAGMA optimize = 0x10002")
    merge(database.engine, max(1.0, took / 10))


def merge(engine: Engine, seconds: float) -> bool:
    """Merge what is there to merge for so long at most; whether nothing is left.

    What was begun goes on with the next call. It stops where somebody else writes for long.
    """
    ends = time.monotonic() + seconds
    with engine.connect() as connection, unless_locked():
        raw: Any = connection.connection.driver_connection
        while time.monotonic() < ends:
            before = raw.total_changes
            raw.execute(_MERGE, (_STEP,))
            if raw.total_changes - before < 2:
                return True
    return False
