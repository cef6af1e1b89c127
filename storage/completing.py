"""What is made up for later: what an older archive lacks once it is upgraded, and after a run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from storage import duplicates
from storage.search import filling
from storage.takedown import sweep_forgotten

if TYPE_CHECKING:
    from storage.archive import Archive


def tidied(archive: Archive, took: float) -> None:
    """What follows a run of so many seconds: pages erased by request leave the files, the database
    plans anew and merges what was written (:meth:`storage.archive.Archive.optimize`).
    """
    sweep_forgotten(archive)
    archive.optimize(took)


def complete(archive: Archive) -> int:
    """Sign and index what was stored without a signature or a search key; how many are indexed now.

    Each step is written by itself: what was done when it was stopped need not be done again.
    """
    began = time.monotonic()
    last: int | None = 0
    while last is not None:

        def work(session: Any, after: int = last) -> int | None:
            return duplicates.complete(session.connection(), after)

        last = archive.write(work)
    indexed = filling.fill_missing(archive)
    if indexed:
        archive.optimize(time.monotonic() - began)
    return indexed
