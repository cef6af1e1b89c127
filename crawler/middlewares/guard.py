"""Refuse requests that must not be made: other schemes, private IP addresses in any spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.http.failures import RefusedRequest
from crawler.http.ip_policy import is_public, numeric_host, private_allowed
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from scrapy import Request


class GuardMiddleware:
    """Checks every request first; redirects pass it too, as they are new requests.

    Names are judged where they are resolved (``crawler.http.resolver``); this tells numbers at
    once.
    """

    def process_request(self, request: Request) -> None:
        """Let ``request`` pass or raise :class:`RefusedRequest`."""
        if not is_web_url(request.url):
            raise RefusedRequest(
                request.url[:200], "bad-url", "this is not an http(s) URL with a host name"
            )
        if private_allowed():
            return
        host = urlsplit(request.url).hostname or ""
        numeric = numeric_host(host)
        if numeric is not None and not is_public(numeric):
            raise RefusedRequest(
                request.url[:200],
                "address-refused",
                f"{host} is a private IP address. Set DATELINE_ALLOW_PRIVATE=1 to allow it",
            )
