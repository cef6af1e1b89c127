"""Start crawls from a program: reactor, archive settings, several sources at a time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerRunner, Crawler

from crawler.run.tally import Tally
from crawler.runner.leases import HostLeases
from crawler.runner.reactor import run_in_reactor, settings_for
from crawler.runner.shutdown import Shutdown
from crawler.spiders.news import NewsSpider
from storage.archive import open_archive
from storage.errors import ArchiveError
from storage.text.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.config import Location

logger = logging.getLogger(__name__)

# Crawls at a time in one process; each keeps to its own host's pace.
MAX_CRAWLS = 8


@dataclass
class RunResult:
    """The result of one source's crawl. ``failure`` is set if it could not continue."""

    source: str
    tally: Tally = field(default_factory=Tally)
    failure: str | None = None
    waiting: int = 0
    interrupted: bool = False
    # Another process crawls its host: what there is comes from there.
    leased_elsewhere: bool = False


def run_crawls(
    location: Location,
    sources: Sequence[tuple[str, str, float | None]],
    arguments: dict[str, Any],
    observer: Callable[[NewsSpider], None] | None = None,
) -> list[RunResult]:
    """Crawl ``sources`` (name, home URL, delay of its own), some at a time; once a process.

    Ctrl-C ends the crawls in order: what is in flight is stored; a second one ends them at once.
    """
    results = {name: RunResult(name) for name, _, _ in sources}

    async def one(
        runner: AsyncCrawlerRunner, shutdown: Shutdown, leases: HostLeases, source: Any
    ) -> None:
        host = host_of(source[1])
        # Two sources on one host wait for one another.
        async with turns.setdefault(host, asyncio.Lock()), gate:
            if shutdown.requested.is_set():
                results[source[0]].interrupted = True
                return
            try:
                if not leases.acquire(host):
                    results[source[0]].leased_elsewhere = True
                    return
            except ArchiveError as error:
                results[source[0]].failure = str(error)
                return
            try:
                done = await crawl_one(
                    runner, location, source, {**arguments, "observer": observer}
                )
            finally:
                leases.release(host)
            done.interrupted = shutdown.requested.is_set()
            results[done.source] = done

    turns: dict[str, asyncio.Lock] = {}
    gate = asyncio.Semaphore(MAX_CRAWLS)

    async def main() -> None:
        # Without settings of its own, for those it had would win over the crawls'.
        runner = AsyncCrawlerRunner()
        shutdown = Shutdown(runner)
        shutdown.install_handlers()
        with open_archive(str(location.folder), location.database_url) as archive:
            leases = HostLeases(archive)
            await asyncio.gather(*(one(runner, shutdown, leases, source) for source in sources))
            await leases.close()

    run_in_reactor(main, settings_for(location))
    return [results[name] for name, _, _ in sources]


async def crawl_one(
    runner: AsyncCrawlerRunner,
    location: Location,
    source: tuple[str, str, float | None],
    arguments: dict[str, Any],
) -> RunResult:
    """Crawl one source (name, home URL, delay of its own) in the running reactor."""
    name, home_url, delay = source
    result = RunResult(name)
    crawler = Crawler(NewsSpider, settings_for(location, home_url, delay))
    await runner.crawl(crawler, source=name, **arguments)
    spider = crawler.spider
    if isinstance(spider, NewsSpider):
        result.tally = spider.tally
        result.failure = spider.failure
        result.waiting = spider.waiting
    return result
