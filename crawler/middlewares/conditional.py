"""Conditional requests: an unchanged page or feed costs its server only a 304."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.run import fetch_context

if TYPE_CHECKING:
    from scrapy import Request


class ConditionalMiddleware:
    """Sends the validators of the request's ``FetchContext``.

    Only to the URL that they came from: a redirect leads to another page.
    """

    def process_request(self, request: Request) -> None:
        """Add the conditional headers."""
        validators = fetch_context.of(request).validators
        for name in ("If-None-Match", "If-Modified-Since"):
            request.headers.pop(name, None)
        if validators is None or validators.url != request.url:
            return
        if validators.etag:
            request.headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            request.headers["If-Modified-Since"] = validators.last_modified
