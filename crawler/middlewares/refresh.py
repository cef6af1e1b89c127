"""Follows pages that send their reader on by a refresh, as redirects are followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware
from w3lib.url import safe_url_string

from crawler.extraction.page.refresh import refresh_target
from crawler.http.fetch import content_type, header
from crawler.run.downloader import pause
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

_OK = 200
# A signpost is small. What is larger is a page, and reading it belongs to the worker processes.
_MAX_BYTES = 128 * 1024
# What an answer left in its request's meta, and is not said of the next one.
_OF_ANSWER = ("capture", "digest", "reserved", "leads_to")


class RefreshMiddleware(BaseRedirectMiddleware):
    """Redirects by ``Refresh`` headers and meta elements of pages that have no text.

    Each hop is a request like any other, so robots.txt, private addresses and the number of
    redirects are looked at. Scrapy's middleware would fetch pages twice that reload themselves.
    """

    def handle_referer(self, request: Request, response: Response) -> None:
        """Send none, as for all requests of a crawl."""
        request.headers.pop("Referer", None)

    async def process_response(self, request: Request, response: Response) -> Any:
        """The request for where the page leads, or the page itself."""
        found = await leads_to(request, response)
        if found is None:
            return response
        seconds, target = found
        if seconds and await pause(self.crawler, seconds):
            return response
        redirected = self._redirect_request_using_get(request, response, target)
        for name in _OF_ANSWER:
            redirected.meta.pop(name, None)
        return self._redirect(redirected, request, "refresh")


async def leads_to(request: Request, response: Response) -> tuple[float, str] | None:
    """(seconds, URL) of where a page sends its reader; ``None`` where it is a page of its own.

    The request's meta keeps it, for the next middleware that asks.
    """
    if "leads_to" not in request.meta:
        request.meta["leads_to"] = await _target_of(request, response)
    found: tuple[float, str] | None = request.meta["leads_to"]
    return found


async def _target_of(request: Request, response: Response) -> tuple[float, str] | None:
    said = header(response, "Refresh")
    if not _may_lead_on(request, response, said):
        return None
    found = await asyncio.to_thread(
        refresh_target, response.body, response.url, content_type(response), said
    )
    if found is None or not is_web_url(found[1]):
        return None
    target = safe_url_string(found[1])
    # A page that names itself is one, unless it set a cookie to look for.
    if target == request.url and "Set-Cookie" not in response.headers:
        return None
    return found[0], target


def _may_lead_on(request: Request, response: Response, said: str | None) -> bool:
    if response.status != _OK or request.method != "GET" or len(response.body) > _MAX_BYTES:
        return False
    kind = content_type(response).lower()
    if kind and "html" not in kind:
        return False
    return bool(said) or b"refresh" in response.body.lower()
