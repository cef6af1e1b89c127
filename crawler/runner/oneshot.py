"""Fetch once from the command line: pages for `extract`, a site's endpoints for `add`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerRunner

from crawler.http import failures as causes
from crawler.http.fetch import content_type, fetch
from crawler.runner.reactor import run_in_reactor, settings_for
from crawler.runner.shutdown import exit_on_signal
from crawler.spiders.discover import DiscoverSpider, Discovery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.config import Location


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page's decoded body, its final URL, and its Content-Type."""

    body: bytes
    url: str
    content_type: str


def run_discovery(location: Location, home_url: str) -> Discovery:
    """Find the endpoints of the site at ``home_url``; once a process."""
    discovery = Discovery(home_url)

    async def main() -> None:
        exit_on_signal()
        settings = settings_for(location, home_url)
        # A dozen requests in a row, of which most are small: a shorter pause than a crawl's.
        if settings.getfloat("DOWNLOAD_DELAY"):
            settings.set("DOWNLOAD_DELAY", 0.3, priority="cmdline")
            settings.set("AUTOTHROTTLE_START_DELAY", 0.3, priority="cmdline")
        settings.set("RETRY_TIMES", 1, priority="cmdline")
        settings.set("DOWNLOAD_TIMEOUT", 20, priority="cmdline")
        await AsyncCrawlerRunner(settings).crawl(DiscoverSpider, discovery=discovery)

    run_in_reactor(main, settings_for(location))
    return discovery


def fetch_pages(location: Location, urls: Sequence[str]) -> list[FetchedPage | str]:
    """Fetch pages of one site, one after the other; once per process, as the reactor runs once.

    Returns, for each URL in its order, the page or why it could not be fetched.
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
        exit_on_signal()
        await AsyncCrawlerRunner(settings_for(location, urls[0])).crawl(Pages)

    run_in_reactor(main, settings_for(location))
    return answers + ["the fetch was interrupted"] * (len(urls) - len(answers))
