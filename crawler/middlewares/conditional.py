"""Conditional requests: a page or feed that did not change costs its server a 304."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy import Request


class ConditionalMiddleware:
    """Sends the validators in ``meta["validators"]`` = (URL, ETag, Last-Modified).

    Only to the URL that they came from: a redirect leads to another page.
    """

    def process_request(self, request: Request) -> None:
        """Add the headers."""
        validators = request.meta.get("validators")
        for name in ("If-None-Match", "If-Modified-Since"):
            request.headers.pop(name, None)
        if validators is None or validators[0] != request.url:
            return
        _, etag, last_modified = validators
        if etag:
            request.headers["If-None-Match"] = etag
        if last_modified:
            request.headers["If-Modified-Since"] = last_modified
