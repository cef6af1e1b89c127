"""Follow meta refresh and Refresh headers as redirects are followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware
from w3lib.url import safe_url_string

from crawler.extraction.page.refresh import refresh_target
from crawler.http.fetch import Redirect, content_type, header
from crawler.run import fetch_context
from crawler.run.downloader import pause
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

_OK = 200
# A signpost is small. What is larger is a page, and reading it belongs to the worker processes.
_MAX_BYTES = 128 * 1024


class RefreshMiddleware(BaseRedirectMiddleware):
    """Redirects by ``Refresh`` headers and meta elements of pages that have no text.

    Each hop is a request like any other, so robots.txt, private addresses and the number of
    redirects are looked at. Scrapy's middleware would fetch pages twice that reload themselves.
    """

    def handle_referer(self, request: Request, response: Response) -> None:
        """Send no Referer, as for all requests of a crawl."""
        request.headers.pop("Referer", None)

    async def process_response(self, request: Request, response: Response) -> Any:
        """Return a request for where the page leads, or the page itself."""
        found = await redirect_target(request, response)
        if found is None:
            return response
        seconds, target = found
        if seconds and await pause(self.crawler, seconds):
            return response
        redirected = self._redirect_request_using_get(request, response, target)
        fetch_context.forget_response(redirected)
        return self._redirect(redirected, request, "refresh")


async def redirect_target(request: Request, response: Response) -> Redirect | None:
    """Return where a page's refresh sends its reader; ``None`` for a page with text of its own.

    The request's context keeps the result, for the next middleware that asks.
    """
    # Not kept for other statuses: Scrapy retries some, and the next response decides for itself.
    if response.status != _OK:
        return None
    context = fetch_context.of(request)
    if not context.redirect_checked:
        found = await _find_target(request, response)
        context = fetch_context.update(request, redirect=found, redirect_checked=True)
    return context.redirect


async def _find_target(request: Request, response: Response) -> Redirect | None:
    if not _may_redirect(request, response, response.body):
        return None
    return await asyncio.to_thread(_read_target, request, response, response.body)


def refresh_of(request: Request, response: Response, body: bytes) -> Redirect | None:
    """Return where a page with this decoded ``body`` sends its reader. For a thread."""
    if not _may_redirect(request, response, body):
        return None
    return _read_target(request, response, body)


def _read_target(request: Request, response: Response, body: bytes) -> Redirect | None:
    found = refresh_target(body, response.url, content_type(response), header(response, "Refresh"))
    if found is None or not is_web_url(found[1]):
        return None
    target = safe_url_string(found[1])
    # A page that names itself is one, unless it set a cookie to look for.
    if target == request.url and "Set-Cookie" not in response.headers:
        return None
    return Redirect(found[0], target)


def _may_redirect(request: Request, response: Response, body: bytes) -> bool:
    if request.method != "GET" or len(body) > _MAX_BYTES:
        return False
    kind = content_type(response).lower()
    if kind and "html" not in kind:
        return False
    return bool(header(response, "Refresh")) or b"refresh" in body.lower()
