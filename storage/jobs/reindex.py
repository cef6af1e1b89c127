"""Deferred work: fills in missing signatures and index entries after an upgrade or a run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from storage.duplicates import clusters
from storage.search.index import indexer
from storage.search.index.optimize import optimize

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database.handle import Database

# Seconds between two progress messages.
_PAUSE = 5.0


def complete_deferred_work(database: Database, tell: Callable[[str], None] = lambda _: None) -> int:
    """Sign and index articles without a signature or a search key; return the number indexed.

    ``tell`` is called with the progress from time to time. Each step is committed by itself, so
    that an interruption loses nothing.
    """
    began = time.monotonic()
    last: int | None = 0
    while last is not None:

        def work(session: Any, after: int = last) -> int | None:
            return clusters.sign_missing(session.connection(), after)

        last = database.write(work)
    indexed = indexer.index_missing(database, _now_and_then(tell))
    if indexed:
        optimize(database, time.monotonic() - began)
    return indexed


def _now_and_then(tell: Callable[[str], None]) -> Callable[[int], None]:
    """Return a callback that reports indexed articles at most every few seconds."""
    last = time.monotonic()

    def told(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _PAUSE:
            last = time.monotonic()
            tell(f"{done:,} articles indexed so far …")

    return told
