"""Crawling what is due, for years: many sources in one process, one host never twice at once."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from scrapy.crawler import AsyncCrawlerRunner

from crawler.runner.crawls import MAX_CRAWLS, RunResult, crawl_one
from crawler.runner.leases import Leases
from crawler.runner.reactor import in_reactor, settings_for
from crawler.runner.shutdown import Stop
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
    from storage.crawl.due import Due

logger = logging.getLogger(__name__)

# How often the agenda is looked at where nothing ends before.
_BEAT = timedelta(seconds=20)


@dataclass
class Scheduler:
    """The loop over an archive's agenda.

    All that it knows of what is due is in the database: stopped or killed at any moment, it or
    another one goes on from there.
    """

    location: Location
    archive: Archive
    once: bool = False
    at_once: int = MAX_CRAWLS
    observer: Callable[[NewsSpider], None] | None = None
    told: Callable[[RunResult], None] | None = None
    # What is done beside the crawls, every beat, in a thread of its own.
    chores: Callable[[Archive], None] | None = None

    def __post_init__(self) -> None:
        """Begin with nothing in hand."""
        self._leases = Leases(self.archive)
        self._running: dict[str, asyncio.Task[RunResult]] = {}
        self._tried: set[str] = set()
        self._chore: asyncio.Future[None] | None = None
        self._chores_at = 0.0
        # Since when the database does not answer, by the loop's clock.
        self._away_since: float | None = None
        self.results: list[RunResult] = []

    @property
    def is_interrupted(self) -> bool:
        """Whether a person ended it: SIGTERM is the way in which a system does."""
        return self._stop.by == signal.SIGINT

    async def run(self) -> None:
        """Crawl what is due until stopped; ``once``: until nothing is due any more."""
        runner = AsyncCrawlerRunner()
        self._stop = Stop(runner)
        self._stop.install()
        while True:
            pause = self._looked(runner)
            if not self._running and (self.once or self._stop.asked.is_set()):
                await self._leases.close()
                self._begin_chores(now=True)
                await self._end_chores()
                return
            if self._away_since is None:
                self._begin_chores()
            await self._wait(pause)
            self._collect()

    def _looked(self, runner: AsyncCrawlerRunner) -> float:
        """Begin what is due; returns seconds to wait, longer each time the database is away."""
        now = asyncio.get_running_loop().time()
        try:
            if not self._stop.asked.is_set():
                self._begin(runner)
            pause = self._pause()
        except ArchiveError as error:
            if self.once:
                raise
            if self._away_since is None:
                logger.warning("%s; going on when it is back", error)
                self._away_since = now
            return min(max(1.0, (now - self._away_since) / 2), _BEAT.total_seconds())
        if self._away_since is not None:
            logger.warning("the database is back after %.0f s", now - self._away_since)
            self._away_since = None
        return pause

    def _begin(self, runner: AsyncCrawlerRunner) -> None:
        """Start what is due, as far as there is room and its host is free."""
        for source in due.due(self.archive, utc_now()):
            if len(self._running) >= self.at_once:
                return
            if source.host in self._running or (self.once and source.name in self._tried):
                continue
            if self._leases.take(source.host):
                self._tried.add(source.name)
                self._running[source.host] = asyncio.ensure_future(self._crawl(runner, source))

    async def _crawl(self, runner: AsyncCrawlerRunner, source: Due) -> RunResult:
        arguments: dict[str, Any] = {"depth": 1, "due": True, "observer": self.observer}
        return await crawl_one(
            runner, self.location, (source.name, source.home_url, source.delay), arguments
        )

    def _begin_chores(self, *, now: bool = False) -> None:
        """Do what is done beside the crawls, where the last time is a beat ago and over."""
        loop = asyncio.get_running_loop()
        rested = loop.time() - self._chores_at >= _BEAT.total_seconds()
        if self.chores is None or not (rested or now):
            return
        if self._chore is not None and not self._chore.done():
            return
        self._chores_at = loop.time()
        self._chore = loop.run_in_executor(None, self.chores, self.archive)
        self._chore.add_done_callback(_told_of)

    async def _end_chores(self) -> None:
        if self._chore is not None:
            await asyncio.wait([self._chore])

    async def _wait(self, pause: float) -> None:
        """Until a crawl ends, something is due, or it is time to renew."""
        stopping = asyncio.ensure_future(self._stop.asked.wait())
        try:
            await asyncio.wait(
                [*self._running.values(), *([] if self._stop.asked.is_set() else [stopping])],
                timeout=pause,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopping.cancel()

    def _pause(self) -> float:
        now = utc_now()
        following = due.next_due(self.archive, now)
        until = _BEAT if following is None else min(_BEAT, following - now)
        return max(0.2, until.total_seconds())

    def _collect(self) -> None:
        """Take in the crawls that ended, and let go of their hosts."""
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
            result.interrupted = self._stop.asked.is_set()
            if self.once:
                self.results.append(result)
            if self.told is not None:
                self.told(result)


def _told_of(chore: asyncio.Future[None]) -> None:
    if not chore.cancelled() and (error := chore.exception()) is not None:
        logger.error(
            "alerts could not be sent: %s",
            error,
            exc_info=None if isinstance(error, ArchiveError) else error,
        )


def run(
    location: Location,
    *,
    once: bool = False,
    at_once: int = MAX_CRAWLS,
    observer: Callable[[NewsSpider], None] | None = None,
    told: Callable[[RunResult], None] | None = None,
    chores: Callable[[Archive], None] | None = None,
) -> list[RunResult]:
    """Crawl what is due; once a process. Returns what became of each crawl where it is ``once``.

    ``told`` hears of each crawl that ended; ``chores`` is called now and then beside the crawls.
    """
    results: list[RunResult] = []

    async def main() -> None:
        with open_archive(str(location.folder), location.database_url) as archive:
            scheduler = Scheduler(location, archive, once, at_once, observer, told, chores)
            await scheduler.run()
            results.extend(scheduler.results)
            if not once and scheduler.is_interrupted:
                raise KeyboardInterrupt

    in_reactor(main, settings_for(location))
    return results
