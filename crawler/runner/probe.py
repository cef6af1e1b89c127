"""Whether sources can be reached: robots.txt, home page, and the clock of their servers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner

from crawler.http import failures
from crawler.http.fetch import fetch, header, http_date
from crawler.runner.reactor import in_reactor, settings_for
from storage import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.config import Location


@dataclass(frozen=True, slots=True)
class Reached:
    """How a source answered; ``problem`` is ``None`` where it did, ``skew`` its clock's lead over
    this machine's in seconds, where it tells."""

    source: str
    home_url: str
    problem: str | None
    skew: float | None = None


class ReachSpider(Spider):
    """Asks the home page of each source once."""

    name = "reach"

    def __init__(self, sources: Sequence[tuple[str, str]] = (), **_: Any) -> None:
        super().__init__()
        self.sources = sources
        self.found: list[Reached] = []

    async def start(self) -> Any:
        """Ask all of them at once, each of another host."""
        self.found += await asyncio.gather(*(self._ask(*one) for one in self.sources))
        nothing: tuple[Any, ...] = ()
        for request in nothing:
            yield request

    async def _ask(self, name: str, home_url: str) -> Reached:
        answer = await fetch(self.crawler, Request(home_url, dont_filter=True))
        if isinstance(answer, failures.Failure):
            return Reached(name, home_url, f"{answer.detail} ({answer.cause})")
        moment = http_date(header(answer, "Date") or "")
        skew = None if moment is None else (moment - utc_now()).total_seconds()
        return Reached(name, home_url, None, skew)


def reach(location: Location, sources: Sequence[tuple[str, str]]) -> list[Reached]:
    """Ask the home page of each source (name, home URL); once a process."""
    found: list[Reached] = []

    async def main() -> None:
        settings = settings_for(location)
        settings.set("DOWNLOAD_TIMEOUT", 20, priority="cmdline")
        settings.set("RETRY_TIMES", 0, priority="cmdline")
        runner = AsyncCrawlerRunner(settings)
        crawler = runner.create_crawler(ReachSpider)
        await runner.crawl(crawler, sources=sources)
        if isinstance(crawler.spider, ReachSpider):
            found.extend(crawler.spider.found)

    in_reactor(main, settings_for(location))
    return found
