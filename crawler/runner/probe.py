"""Probe whether sources can be reached, and compare the clocks of their servers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner

from crawler.http import failures
from crawler.http.fetch import fetch, header, http_date
from crawler.runner.reactor import run_in_reactor, settings_for
from storage import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.config import Location


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a probe; ``problem`` is ``None`` if the source answered, ``skew`` is the lead
    of its clock over this machine's in seconds, if known."""

    source: str
    home_url: str
    problem: str | None
    skew: float | None = None


class ProbeSpider(Spider):
    """Fetches the home page of each source once."""

    name = "reach"

    def __init__(self, sources: Sequence[tuple[str, str]] = (), **_: Any) -> None:
        super().__init__()
        self.sources = sources
        self.found: list[ProbeResult] = []

    async def start(self) -> Any:
        """Fetch all home pages at once, each from another host."""
        self.found += await asyncio.gather(*(self._probe(*one) for one in self.sources))
        nothing: tuple[Any, ...] = ()
        for request in nothing:
            yield request

    async def _probe(self, name: str, home_url: str) -> ProbeResult:
        answer = await fetch(self.crawler, Request(home_url, dont_filter=True))
        if isinstance(answer, failures.Failure):
            return ProbeResult(name, home_url, f"{answer.detail} ({answer.cause})")
        server_time = http_date(header(answer, "Date") or "")
        skew = None if server_time is None else (server_time - utc_now()).total_seconds()
        return ProbeResult(name, home_url, None, skew)


def probe_sources(location: Location, sources: Sequence[tuple[str, str]]) -> list[ProbeResult]:
    """Fetch the home page of each source (name, home URL); once per process."""
    found: list[ProbeResult] = []

    async def main() -> None:
        settings = settings_for(location)
        settings.set("DOWNLOAD_TIMEOUT", 20, priority="cmdline")
        settings.set("RETRY_TIMES", 0, priority="cmdline")
        runner = AsyncCrawlerRunner(settings)
        crawler = runner.create_crawler(ProbeSpider)
        await runner.crawl(crawler, sources=sources)
        if isinstance(crawler.spider, ProbeSpider):
            found.extend(crawler.spider.found)

    run_in_reactor(main, settings_for(location))
    return found
