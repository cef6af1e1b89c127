"""Hold the host leases of one process while it crawls these hosts."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from storage import ArchiveError, utc_now
from storage.crawl import leases

if TYPE_CHECKING:
    from storage import Archive

logger = logging.getLogger(__name__)
# Leases are renewed several times within their term.
RENEW_INTERVAL = leases.LEASE_DURATION / 6


class HostLeases:
    """Hosts that this process crawls; see :mod:`storage.crawl.leases`."""

    def __init__(self, archive: Archive) -> None:
        self.holder = leases.new_holder_id()
        self.hosts: set[str] = set()
        self._archive = archive
        self._renewal: asyncio.Task[None] | None = None

    def acquire(self, host: str) -> bool:
        """Acquire a host; ``False`` where another process has it, or this one already."""
        if host in self.hosts or not leases.acquire(self._archive, host, self.holder, utc_now()):
            return False
        self.hosts.add(host)
        if self._renewal is None:
            self._renewal = asyncio.ensure_future(self._renew_forever())
        return True

    def release(self, host: str) -> None:
        """Release a host."""
        self.hosts.discard(host)
        try:
            leases.release(self._archive, host, self.holder)
        except ArchiveError as error:
            # It expires by itself.
            logger.warning(
                "the lease of %s could not be released (it expires by itself): %s", host, error
            )

    async def close(self) -> None:
        """Release all hosts."""
        if self._renewal is not None:
            self._renewal.cancel()
        for host in list(self.hosts):
            self.release(host)

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_INTERVAL.total_seconds())
            try:
                lost = leases.renew(self._archive, list(self.hosts), self.holder, utc_now())
            except ArchiveError as error:
                # The crawls will stop by themselves if the database stays away.
                logger.warning("the leases could not be renewed: %s", error)
                continue
            for host in lost:
                # A pause of the whole machine, say: the crawl continues, its writes are safe, and
                # the pace of two is the worst that comes of it.
                logger.warning("the lease of %s was taken by another process", host)
