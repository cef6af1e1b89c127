"""Starting crawls from a program: the reactor, the settings of an archive, several at a time."""

from __future__ import annotations

import asyncio
import gc
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.utils.project import get_project_settings
from scrapy.utils.reactor import install_reactor

from crawler.http import failures as causes
from crawler import settings as dateline_settings
from crawler.http.fetch import (content_type, fetch)
from crawler.runner.leases import Leases
from crawler.run.recorder import Tally
from crawler.spiders.discover import DiscoverSpider, Discovery
from crawler.spiders.news import NewsSpider
from crawler.runner.shutdown import (Stop, at_once)
from storage.text.urls import host_of
from storage.archive import open_archive
from storage.errors import ArchiveError
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from scrapy.settings import Settings

    from storage.config import Location

logger = logging.getLogger(__name__)

# Crawls at a time in one process; each keeps to its own host's pace.
MAX_CRAWLS = 8
# Objects made before cycles are looked for among them, a dozen pages' worth; by default 700.
_NEW_OBJECTS = 5_000


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page's decoded body, the URL it came from at last, and its Content-Type."""

    body: bytes
    url: str
    content_type: str


@dataclass
class RunResult:
    """How one source's crawl ended. ``failure`` is set where it could not go on."""

    source: str
    tally: Tally = field(default_factory=Tally)
    failure: str | None = None
    left: int = 0
    interrupted: bool = False
    # Another process crawls its host: what there is comes from there.
    elsewhere: bool = False


def settings_for(location: Location, home_url: str | None = None, delay: float | None = None
                 ) -> Settings:  # fmt: skip
    """Scrapy's settings for a crawl of ``home_url`` into the archive at ``location``."""
    settings: Settings = get_project_settings()
    if not settings.getlist("SPIDER_MODULES"):
        settings.setmodule(dateline_settings, priority="project")
    pause = _delay(location, home_url, delay)
    about = f"; +{location.contact}" if location.contact else ""
    settings.setdict(
        {
            "DATELINE_ARCHIVE": str(location.folder),
            "DATELINE_DATABASE": location.database_url,
            "USER_AGENT": f"Dateline/{VERSION} (self-hosted news archive{about})",
            "DOWNLOAD_DELAY": pause,
            "AUTOTHROTTLE_START_DELAY": pause,
            "CONCURRENT_REQUESTS_PER_DOMAIN": location.concurrency if pause else 16,
        },
        priority="cmdline",
    )
    return settings


def _delay(location: Location, home_url: str | None, delay: float | None) -> float:
    if delay is not None:
        return delay
    if location.delay is not None:
        return location.delay
    # A server on this machine needs no manners; every other gets a second.
    host = host_of(home_url or "")
    local = host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")
    return 0.0 if local else dateline_settings.DOWNLOAD_DELAY


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

    async def one(runner: AsyncCrawlerRunner, stop: Stop, leases: Leases, source: Any) -> None:
        host = host_of(source[1])
        # Two sources on one host wait for one another.
        async with turns.setdefault(host, asyncio.Lock()), gate:
            if stop.asked.is_set():
                results[source[0]].interrupted = True
                return
            try:
                if not leases.take(host):
                    results[source[0]].elsewhere = True
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
            done.interrupted = stop.asked.is_set()
            results[done.source] = done

    turns: dict[str, asyncio.Lock] = {}
    gate = asyncio.Semaphore(MAX_CRAWLS)

    async def main() -> None:
        # Without settings of its own, for those it had would win over the crawls'.
        runner = AsyncCrawlerRunner()
        stop = Stop(runner)
        stop.install()
        with open_archive(str(location.folder), location.database_url) as archive:
            leases = Leases(archive)
            await asyncio.gather(*(one(runner, stop, leases, source) for source in sources))
            await leases.close()

    in_reactor(main, settings_for(location))
    return [results[name] for name, _, _ in sources]


async def crawl_one(
    runner: AsyncCrawlerRunner, location: Location, source: tuple[str, str, float | None],
    arguments: dict[str, Any],
) -> RunResult:  # fmt: skip
    """Crawl one source (name, home URL, delay of its own) in the running reactor."""
    name, home_url, delay = source
    result = RunResult(name)
    crawler = Crawler(NewsSpider, settings_for(location, home_url, delay))
    await runner.crawl(crawler, source=name, **arguments)
    spider = crawler.spider
    if isinstance(spider, NewsSpider):
        result.tally = spider.tally
        result.failure = spider.failure
        result.left = spider.left
    return result


def run_discovery(location: Location, home_url: str) -> Discovery:
    """Find the endpoints of the site at ``home_url``; once a process."""
    discovery = Discovery(home_url)

    async def main() -> None:
        at_once()
        settings = settings_for(location, home_url)
        # A dozen requests in a row, of which most are small: a shorter pause than a crawl's.
        if settings.getfloat("DOWNLOAD_DELAY"):
            settings.set("DOWNLOAD_DELAY", 0.3, priority="cmdline")
            settings.set("AUTOTHROTTLE_START_DELAY", 0.3, priority="cmdline")
        settings.set("RETRY_TIMES", 1, priority="cmdline")
        settings.set("DOWNLOAD_TIMEOUT", 20, priority="cmdline")
        await AsyncCrawlerRunner(settings).crawl(DiscoverSpider, discovery=discovery)

    in_reactor(main, settings_for(location))
    return discovery


def fetch_pages(location: Location, urls: Sequence[str]) -> list[FetchedPage | str]:
    """Fetch pages of one site, one after the other; once per process, as the reactor runs once.

    Returns, for each URL in its order, the page or why it could not be had.
    """
    from scrapy import Request, Spider

    answers: list[FetchedPage | str] = []

    class Pages(Spider):
        """Fetches them."""

        name = "pages"

        async def start(self) -> Any:
            """Fetch each and yield nothing to the scheduler."""
            for url in urls:
                page = await fetch(self.crawler, Request(url))
                if isinstance(page, causes.Failure):
                    answers.append(f"{page.detail} ({page.cause})")
                else:
                    answers.append(FetchedPage(page.body, page.url, content_type(page)))
            nothing: tuple[Any, ...] = ()
            for request in nothing:
                yield request

    async def main() -> None:
        at_once()
        await AsyncCrawlerRunner(settings_for(location, urls[0])).crawl(Pages)

    in_reactor(main, settings_for(location))
    return answers + ["the fetch was interrupted"] * (len(urls) - len(answers))


class _Host:
    """What a resolver asks of a crawler; this one serves them all."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings


def in_reactor(main: Callable[[], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Run ``main`` in Scrapy's reactor, with our resolver in it."""
    from scrapy.utils.defer import deferred_from_coro
    from scrapy.utils.misc import load_object

    install_reactor(settings["TWISTED_REACTOR"])
    from twisted.internet import reactor as installed

    reactor: Any = installed
    resolver_class = load_object(settings["TWISTED_DNS_RESOLVER"])
    resolver = resolver_class.from_crawler(_Host(settings), reactor=reactor)
    resolver.install_on_reactor()
    failures: list[BaseException] = []

    def begin() -> None:
        done: Any = deferred_from_coro(main())
        done.addErrback(lambda failure: failures.append(failure.value))
        done.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    # What was imported stays: no search for cycles has to go through it.
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    reactor.run(installSignalHandlers=False)
    if failures:
        raise failures[0]
