"""What an archive of an older Dateline lacks once its schema is upgraded, made in small steps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from storage import duplicates
from storage.search import filling

if TYPE_CHECKING:
    from storage.archive import Archive


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
        archive.optimize(max(1.0, (time.monotonic() - began) / 10))
    return indexed
