"""Cookies for as long as one page takes: gates that set one and look for it let the crawl pass.

A crawl is no session: each page starts without cookies. A source with subscriber access has one
jar for the whole crawl instead.
"""

from __future__ import annotations

from http.cookiejar import Cookie
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.http.cookies import CookieJar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.http.request import VerboseCookie


class _Chain:
    """One page's redirects: its requests share it, and its jar goes with the last of them."""

    __slots__ = ("__weakref__",)


class _Jars:
    """A jar for each chain, kept no longer than the chain's requests, and one for the session."""

    def __init__(self) -> None:
        self.session = CookieJar()
        self._of_chains: WeakKeyDictionary[_Chain, CookieJar] = WeakKeyDictionary()

    def __getitem__(self, chain: _Chain | None) -> CookieJar:
        if chain is None:
            return self.session
        return self._of_chains.setdefault(chain, CookieJar())


class ChainCookiesMiddleware(CookiesMiddleware):
    """Scrapy's middleware with a jar for each chain of redirects."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.jars: Any = _Jars()

    def process_request(self, request: Request) -> Any:  # type: ignore[override]
        """Add the cookies of the request's chain, or of the session."""
        if not _has_session(self.crawler):
            request.meta.setdefault("cookiejar", _Chain())
        return super().process_request(request)

    def process_response(self, request: Request, response: Response) -> Any:  # type: ignore[override]
        """Keep the cookies that came."""
        if "Set-Cookie" not in response.headers:
            return response
        return super().process_response(request, response)

    def add(self, cookies: Iterable[VerboseCookie]) -> None:
        """Take cookies of a file into the session; they are sent wherever their domain says."""
        for one in cookies:
            self.jars.session.set_cookie(_cookie(one))

    def _process_cookies(
        self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request
    ) -> None:
        # Scrapy asks the network for a list of public domains here, beside all our guards. A jar
        # that is gone with its page, or its source, has nothing to fear of a cookie for all of .uk.
        for cookie in cookies:
            jar.set_cookie_if_ok(cookie, request)


def _has_session(crawler: Crawler) -> bool:
    return crawler.settings.getbool("DATELINE_SESSION")


def _cookie(one: VerboseCookie) -> Cookie:
    domain = str(one.get("domain", ""))
    return Cookie(
        version=0,
        name=str(one["name"]),
        value=str(one["value"]),
        port=None,
        port_specified=False,
        # With the dot it is sent to subdomains too, as browsers' files mean it.
        domain=domain if "." not in domain or domain.replace(".", "").isdigit() else f".{domain}",
        domain_specified=True,
        domain_initial_dot=True,
        path=str(one.get("path") or "/"),
        path_specified=True,
        secure=bool(one.get("secure")),
        expires=None,
        discard=True,
        comment=None,
        comment_url=None,
        rest={},
    )
