"""Keep cookies for the redirects of one page, so that pages behind a cookie check can be fetched.

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


class _RedirectChain:
    """The redirects of one page: its requests share it, and its cookie jar ends with them."""

    __slots__ = ("__weakref__",)


class _CookieJars:
    """One jar per redirect chain, for as long as it has requests, and one for the session."""

    def __init__(self) -> None:
        self.session = CookieJar()
        self._by_chain: WeakKeyDictionary[_RedirectChain, CookieJar] = WeakKeyDictionary()

    def __getitem__(self, chain: _RedirectChain | None) -> CookieJar:
        if chain is None:
            return self.session
        return self._by_chain.setdefault(chain, CookieJar())


class ChainCookiesMiddleware(CookiesMiddleware):
    """Scrapy's middleware with one cookie jar per redirect chain."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.jars: Any = _CookieJars()

    def process_request(self, request: Request) -> Any:  # type: ignore[override]
        """Add the cookies of the request's redirect chain, or of the session."""
        if not _has_session(self.crawler):
            request.meta.setdefault("cookiejar", _RedirectChain())
        return super().process_request(request)

    def process_response(self, request: Request, response: Response) -> Any:  # type: ignore[override]
        """Store the cookies of the response."""
        if "Set-Cookie" not in response.headers:
            return response
        return super().process_response(request, response)

    def add(self, cookies: Iterable[VerboseCookie]) -> None:
        """Add cookies of a file to the session; they are sent to the domains that they name."""
        for cookie in cookies:
            self.jars.session.set_cookie(_to_cookie(cookie))

    def _process_cookies(
        self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request
    ) -> None:
        # Scrapy asks the network for a list of public domains here, beside all our guards. A jar
        # that is gone with its page, or its source, has nothing to fear of a cookie for all of .uk.
        for cookie in cookies:
            jar.set_cookie_if_ok(cookie, request)


def _has_session(crawler: Crawler) -> bool:
    return crawler.settings.getbool("DATELINE_SESSION")


def _to_cookie(cookie: VerboseCookie) -> Cookie:
    domain = str(cookie.get("domain", ""))
    return Cookie(
        version=0,
        name=str(cookie["name"]),
        value=str(cookie["value"]),
        port=None,
        port_specified=False,
        # With the dot it is sent to subdomains too, as browsers' files mean it.
        domain=domain if "." not in domain or domain.replace(".", "").isdigit() else f".{domain}",
        domain_specified=True,
        domain_initial_dot=True,
        path=str(cookie.get("path") or "/"),
        path_specified=True,
        secure=bool(cookie.get("secure")),
        expires=None,
        discard=True,
        comment=None,
        comment_url=None,
        rest={},
    )
