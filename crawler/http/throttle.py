"""AutoThrottle that never goes below a host's own Crawl-delay."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.extensions.throttle import AutoThrottle
from scrapy.utils.httpobj import urlparse_cached

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.crawler import Crawler
    from scrapy.http import Response

# A site that asks for more than this is asking not to be crawled in one sitting.
MAX_CRAWL_DELAY = 60.0


class CrawlDelay:
    """Applies the Crawl-delay of robots.txt, whether or not AutoThrottle is on."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delays: dict[str, float] = {}
        crawler.signals.connect(self.robots_parsed, signal=signals.robots_parsed)
        crawler.signals.connect(self.reached, signal=signals.request_reached_downloader)

    def robots_parsed(self, robotparser: Any, request: Request) -> None:
        """Store the Crawl-delay for the host of ``request``."""
        agent = self.crawler.settings["ROBOTSTXT_USER_AGENT"]
        parser = getattr(robotparser, "rp", None)
        delay = parser.crawl_delay(agent) if parser is not None else None
        if delay:
            host = urlparse_cached(request).hostname or ""
            self.delays[host] = min(float(delay), MAX_CRAWL_DELAY)

    def reached(self, request: Request) -> None:
        """Set the slot's delay before its next request is sent."""
        key = request.meta.get("download_slot")
        delay = self.delays.get(key or "")
        engine = self.crawler.engine
        if not delay or engine is None:
            return
        slot = engine.downloader.slots.get(key or "")
        if slot is not None and slot.delay < delay:
            slot.delay = delay
            slot.jitter = 0.0


class Throttle(AutoThrottle):
    """Scrapy's AutoThrottle with :class:`CrawlDelay` beneath it."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawl_delay = CrawlDelay(crawler)
        # A delay of zero is asked for where a site is one's own: then nothing is throttled.
        if crawler.settings.getfloat("DOWNLOAD_DELAY"):
            with contextlib.suppress(NotConfigured):
                super().__init__(crawler)

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        host = urlparse_cached(response).hostname or ""
        slot.delay = max(slot.delay, self.crawl_delay.delays.get(host, 0.0))
