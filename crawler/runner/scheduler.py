"""Crawl what is due, for years: many sources per process, one crawl per host."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from scrapy.crawler import AsyncCrawlerRunner

from crawler.runner.crawls import MAX_CRAWLS, RunResult, crawl_one
from crawler.runner.leases import HostLeases
from crawler.runner.reactor import run_in_reactor, settings_for
from crawler.runner.shutdown import Shutdown
from storage.archive import open_archive
from storage.clock import utc_now
from storage.crawl import due
from storage.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from crawler.spiders.news import NewsSpider
    from storage.archive import Archive
    from storage.config import Location
    from storage.crawl.due import DueSource

logger = logging.getLogger(__name__)

# How often the schedule is read if no crawl ends before.
_TICK = timedelta(seconds=20)


@dataclass
class Scheduler:
    """The loop over the sources that are due.

    Its whole state is in the database: if it is stopped or killed, it or another scheduler
    continues from there.
    """

    location: Location
    archive: Archive
    once: bool = False
    max_crawls: int = MAX_CRAWLS
    observer: Callable[[NewsSpider], None] | None = None
    on_result: Callable[[RunResult], None] | None = None
    # Runs beside the crawls, every 20 seconds, in its own thread.
    periodic_task: Callable[[Archive], None] | None = None

    def __post_init__(self) -> None:
        """Create the empty state."""
        self._leases = HostLeases(self.archive)
        self._running: dict[str, asyncio.Task[RunResult]] = {}
        self._attempted: set[str] = set()
        self._periodic_future: asyncio.Future[None] | None = None
        self._last_periodic_at = 0.0
        # When the database stopped answering, by the loop's clock.
        self._database_down_since: float | None = None
        self.results: list[RunResult] = []

    @property
    def is_interrupted(self) -> bool:
        """Tell whether a person stopped it (SIGINT); systems send SIGTERM."""
        return self._shutdown.signal_number == signal.SIGINT

    async def run(self) -> None:
        """Crawl what is due until stopped; with ``once``, until nothing is due."""
        runner = AsyncCrawlerRunner()
        self._shutdown = Shutdown(runner)
        self._shutdown.install_handlers()
        while True:
            seconds = self._start_due_or_back_off(runner)
            if not self._running and (self.once or self._shutdown.requested.is_set()):
                await self._leases.close()
                self._run_periodic_task(now=True)
                await self._wait_for_periodic_task()
                return
            if self._database_down_since is None:
                self._run_periodic_task()
            await self._wait(seconds)
            self._collect_finished()

    def _start_due_or_back_off(self, runner: AsyncCrawlerRunner) -> float:
        """Start what is due; returns seconds to wait, longer while the database is down."""
        now = asyncio.get_running_loop().time()
        try:
            if not self._shutdown.requested.is_set():
                self._start_due(runner)
            seconds = self._seconds_until_next()
        except ArchiveError as error:
            if self.once:
                raise
            if self._database_down_since is None:
                logger.warning("%s; crawls continue once the database is back", error)
                self._database_down_since = now
            return min(max(1.0, (now - self._database_down_since) / 2), _TICK.total_seconds())
        if self._database_down_since is not None:
            logger.warning("the database is back after %.0f s", now - self._database_down_since)
            self._database_down_since = None
        return seconds

    def _start_due(self, runner: AsyncCrawlerRunner) -> None:
        """Start the sources that are due, within ``max_crawls`` and one per host."""
        for source in due.due_sources(self.archive, utc_now()):
            if len(self._running) >= self.max_crawls:
                return
            if source.host in self._running or (self.once and source.name in self._attempted):
                continue
            if self._leases.acquire(source.host):
                self._attempted.add(source.name)
                self._running[source.host] = asyncio.ensure_future(self._crawl(runner, source))

    async def _crawl(self, runner: AsyncCrawlerRunner, source: DueSource) -> RunResult:
        arguments: dict[str, Any] = {"depth": 1, "due": True, "observer": self.observer}
        return await crawl_one(
            runner, self.location, (source.name, source.home_url, source.delay), arguments
        )

    def _run_periodic_task(self, *, now: bool = False) -> None:
        """Run the periodic task, if its interval has passed and it is not running."""
        loop = asyncio.get_running_loop()
        is_due = loop.time() - self._last_periodic_at >= _TICK.total_seconds()
        if self.periodic_task is None or not (is_due or now):
            return
        if self._periodic_future is not None and not self._periodic_future.done():
            return
        self._last_periodic_at = loop.time()
        self._periodic_future = loop.run_in_executor(None, self.periodic_task, self.archive)
        self._periodic_future.add_done_callback(_log_periodic_failure)

    async def _wait_for_periodic_task(self) -> None:
        if self._periodic_future is not None:
            await asyncio.wait([self._periodic_future])

    async def _wait(self, seconds: float) -> None:
        """Wait until a crawl ends, a source is due, or leases must be renewed."""
        stopping = asyncio.ensure_future(self._shutdown.requested.wait())
        try:
            await asyncio.wait(
                [
                    *self._running.values(),
                    *([] if self._shutdown.requested.is_set() else [stopping]),
                ],
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopping.cancel()

    def _seconds_until_next(self) -> float:
        now = utc_now()
        next_at = due.next_due_at(self.archive, now)
        until = _TICK if next_at is None else min(_TICK, next_at - now)
        return max(0.2, until.total_seconds())

    def _collect_finished(self) -> None:
        """Collect the finished crawls, and release their hosts."""
        for host, task in list(self._running.items()):
            if not task.done():
                continue
            del self._running[host]
            self._leases.release(host)
            error = task.exception()
            if error is not None:
                logger.error("a crawl of %s failed", host, exc_info=error)
                continue
            result = task.result()
            result.interrupted = self._shutdown.requested.is_set()
            if self.once:
                self.results.append(result)
            if self.on_result is not None:
                self.on_result(result)


def _log_periodic_failure(future: asyncio.Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        logger.error(
            "alerts could not be sent: %s",
            error,
            exc_info=None if isinstance(error, ArchiveError) else error,
        )


def run(
    location: Location,
    *,
    once: bool = False,
    max_crawls: int = MAX_CRAWLS,
    observer: Callable[[NewsSpider], None] | None = None,
    on_result: Callable[[RunResult], None] | None = None,
    periodic_task: Callable[[Archive], None] | None = None,
) -> list[RunResult]:
    """Crawl what is due; once a process. Returns what became of each crawl where it is ``once``.

    ``on_result`` gets the result of each crawl; ``periodic_task`` runs every 20 seconds.
    """
    results: list[RunResult] = []

    async def main() -> None:
        with open_archive(str(location.folder), location.database_url) as archive:
            scheduler = Scheduler(
                location, archive, once, max_crawls, observer, on_result, periodic_task
            )
            await scheduler.run()
            results.extend(scheduler.results)
            if not once and scheduler.is_interrupted:
                raise KeyboardInterrupt

    run_in_reactor(main, settings_for(location))
    return results
