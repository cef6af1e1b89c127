"""Obey robots.txt as in RFC 9309: an unreachable file forbids all, a missing one allows all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler
from scrapy.utils.python import to_unicode
from twisted.internet.defer import Deferred

from crawler.discovery.robots import MAX_BYTES, Robots
from crawler.http import failures
from crawler.http.failures import RefusedRequest
from crawler.http.fetch import max_age
from crawler.run.context import run_of
from storage import utc_now
from storage.crawl import host_cache

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response

    from storage import Archive

_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_DENY_ALL = b"User-agent: *\nDisallow: /\n"


class RobotsParser(RobotParser):
    """Adapts ``crawler.discovery.robots`` to Scrapy (the setting ``ROBOTSTXT_PARSER``)."""

    def __init__(self, body: bytes) -> None:
        self.rp = Robots(body)

    @classmethod
    def from_crawler(cls, crawler: Crawler, robotstxt_body: bytes) -> RobotsParser:
        """Create the parser for Scrapy."""
        return cls(robotstxt_body)

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        """Tell whether ``user_agent`` may fetch ``url``."""
        return self.rp.allowed(to_unicode(url), to_unicode(user_agent))

    def crawl_delay(self, user_agent: str | bytes) -> float | None:
        """Return the seconds between two requests that the site asks for."""
        return self.rp.crawl_delay(to_unicode(user_agent))


def _robots_url(request: Request) -> str:
    url = urlparse_cached(request)
    return f"{url.scheme}://{url.netloc}/robots.txt"


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware with the RFC's rules for errors, where Scrapy allows all."""

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules of a request's host: loaded, cached by an earlier run, or fetched."""
        netloc = urlparse_cached(request).netloc
        archive = self._archive
        if netloc not in self._parsers and archive is not None:
            body = host_cache.cached_file(archive, _robots_url(request), utc_now())
            if body is not None:
                parser = build_from_crawler(self._parserimpl, self.crawler, body)
                self._parsers[netloc] = parser
                await self.crawler.signals.send_catch_log_async(
                    signal=signals.robots_parsed, robotparser=parser, request=request
                )
        return await super().robot_parser(request)

    @property
    def _archive(self) -> Archive | None:
        """Return the archive that the crawl writes to, if any."""
        run = run_of(self.crawler).context
        return None if run is None else run.archive

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Let ``request`` pass or raise :class:`RefusedRequest` with cause ``robots``.

        Where robots.txt could not be fetched, the cause is why not: an unknown host is no refusal.
        """
        reason = self.unreachable.get(urlparse_cached(request).netloc)
        if reason is not None:
            raise RefusedRequest(request.url, reason.cause, reason.detail)
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as error:
            raise RefusedRequest(request.url, "robots", "robots.txt forbids it") from error

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        status = response.status
        if status >= _SERVER_ERROR:
            body = _DENY_ALL
            self.unreachable.setdefault(
                netloc,
                failures.Failure(
                    "robots-unread",
                    f"robots.txt could not be read (HTTP {status}). Try again later.",
                ),
            )
        elif status >= _CLIENT_ERROR:
            body = b""
        else:
            body = response.body[:MAX_BYTES]
        if self._archive is not None and status < _SERVER_ERROR:
            host_cache.cache_file(
                self._archive, _robots_url(request), body, utc_now(), max_age(response)
            )
        await super()._parse_robots(response.replace(body=body), netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        # Refused by ourselves: the page's own request will be refused and say why.
        if isinstance(exc, IgnoreRequest):
            super()._robots_error(exc, netloc)
            return
        waiting = self._parsers[netloc]
        if not isinstance(waiting, Deferred):
            raise exc
        parser = build_from_crawler(self._parserimpl, self.crawler, _DENY_ALL)
        self._parsers[netloc] = parser
        failure = failures.classify_exception(exc, f"https://{netloc}/robots.txt")
        detail = f"robots.txt could not be read ({failure.detail}). Try again later."
        self.unreachable.setdefault(netloc, failures.Failure(failure.cause, detail))
        waiting.callback(parser)

    @property
    def unreachable(self) -> dict[str, failures.Failure]:
        """Return why robots.txt could not be read, per host."""
        found: dict[str, failures.Failure] = self.__dict__.setdefault("_unreachable", {})
        return found
