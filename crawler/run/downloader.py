"""Scrapy's downloader, made stoppable: nothing more is sent, requests in flight end soon."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader import Downloader, Slot

from crawler.http.failures import RefusedRequest
from crawler.workers.pool import INTERRUPTED

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


def _interrupted(request: Request) -> RefusedRequest:
    return RefusedRequest(
        request.url[:200], INTERRUPTED, "the crawl was stopped before its response"
    )


class StoppableDownloader(Downloader):
    """Stops at once, where Scrapy's downloader first fetches all queued requests.

    A crawl keeps to a host's delay, so thirty requests that wait are minutes.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.stopping = asyncio.Event()
        self._given_up = asyncio.Event()

    def stop(self) -> None:
        """Send nothing more: queued requests fail as interrupted."""
        self.stopping.set()
        for slot in self.slots.values():
            waiting, slot.queue = slot.queue, type(slot.queue)()
            for request, answer in waiting:
                answer.errback(_interrupted(request))

    def give_up(self) -> None:
        """Stop waiting for the responses of requests in flight."""
        self.stop()
        self._given_up.set()

    async def _enqueue_request(self, request: Request) -> Response:
        if self.stopping.is_set():
            raise _interrupted(request)
        return await super()._enqueue_request(request)

    async def _download(self, slot: Slot, request: Request) -> Response:
        download = asyncio.ensure_future(super()._download(slot, request))
        given_up = asyncio.ensure_future(self._given_up.wait())
        try:
            await asyncio.wait([download, given_up], return_when=asyncio.FIRST_COMPLETED)
        finally:
            given_up.cancel()
            if not download.done():
                download.cancel()
        if download.cancelled() or not download.done():
            raise _interrupted(request)
        return download.result()


async def pause(crawler: Crawler, seconds: float) -> bool:
    """Sleep, but no longer than until the crawl is stopped; returns whether it was."""
    engine: Any = crawler.engine
    try:
        await asyncio.wait_for(engine.downloader.stopping.wait(), seconds)
    except TimeoutError:
        return False
    return True
