"""Retry requests, no sooner than Retry-After asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.retry import RetryMiddleware

from crawler.http.fetch import retry_after
from crawler.run.downloader import pause

if TYPE_CHECKING:
    from scrapy.http import Request, Response

# A longer wait is left to the next run.
MAX_WAIT_SECONDS = 60.0
_BUSY = (429, 503)


class PoliteRetryMiddleware(RetryMiddleware):
    """Scrapy's retries with Retry-After: waits if it is short, else does not retry."""

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Retry ``request`` if its response asks for it."""
        if response.status in _BUSY and not request.meta.get("dont_retry"):
            wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            if wait is not None and wait > MAX_WAIT_SECONDS:
                return response
            again = super().process_response(request, response)
            if wait and again is not response and await pause(self.crawler, wait):
                return response
            return again
        return super().process_response(request, response)
