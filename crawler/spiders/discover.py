"""Finds where a site announces its items, from its home page alone, and checks each place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from crawler.discovery.autodiscover import (
    USUAL_FEEDS,
    USUAL_SITEMAPS,
    HomePage,
    parse_home,
    sitemaps_in_robots,
    usual_places,
)
from crawler.discovery.endpoints import read_endpoint
from crawler.discovery.errors import DiscoveryError
from crawler.discovery.robots import Robots
from crawler.extraction.article import Extraction, Known
from crawler.extraction.blocks.walk import Walk
from crawler.extraction.linked.link_rules import classify
from crawler.extraction.page.parse import BadPage, parse_html
from crawler.http import failures
from crawler.http.fetch import content_type, fetch
from crawler.run.browser import BrowserFailure
from crawler.run.rendering import FEW_ANNOUNCED, HTML, Scripts, text_size
from crawler.sites import extract_for_site
from storage.text.urls import url_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

    from crawler.items import EndpointContent
    from storage.types.endpoints import BrowserUse, EndpointKind

# A few sitemaps of an index are looked into, to say what is in it.
_CHILDREN_TRIED = 2
_FEEDS_TRIED = 12
# Articles that are fetched to see whether their text stands in them, and what is text enough.
_PAGES_TRIED = 2
_ENOUGH = 600
# So many articles make a home page the listing of a site that has no feed.
_FEWEST = 2
# So much of it in paragraphs is no beginning that a script goes on with.
_PLENTY, _PARAGRAPH = 2_000, 80
_SCRIPTED = re.compile(rb"<script\b(?![^>]*\bjson)", re.IGNORECASE)
# A browser is worth its while where it shows this many times the text, and so much at least.
_WORTH, _WORTH_CHARS = 2, 300
_WHOLE, _DRAWN = "hold their text", "drawn by scripts; a browser is used"


@dataclass(frozen=True, slots=True)
class Found:
    """An endpoint that answered and holds what it should."""

    url: str
    kind: EndpointKind
    title: str | None
    announced: int
    children: int
    headlines: tuple[str, ...]


@dataclass
class Discovery:
    """What was found of a site. ``problem`` is set where it cannot be followed."""

    home_url: str
    title: str | None = None
    language: str | None = None
    robots: str = "none"
    crawl_delay: float | None = None
    endpoints: list[Found] = field(default_factory=list)
    tried: list[tuple[str, str]] = field(default_factory=list)
    problem: str | None = None
    next_step: str = ""
    # Whether its pages need a browser, and in words; None: no page of it was looked at.
    browser: BrowserUse = "never"
    drawn: str | None = None

    @property
    def headlines(self) -> list[str]:
        """Sample headlines, those of feeds first, each once."""
        return list(dict.fromkeys(h for e in self.endpoints for h in e.headlines))


class DiscoverSpider(Spider):
    """``scrapy crawl discover -a url=HOME``: logs what ``dateline add HOME`` would find."""

    name = "discover"
    _scripts: Scripts

    def __init__(self, url: str = "", discovery: Discovery | None = None, **_: Any) -> None:
        super().__init__()
        self.discovery = discovery or Discovery(url)
        self.reasons: dict[str, failures.Failure] = {}
        self._articles: list[str] = []

    async def start(self) -> AsyncIterator[Any]:
        """Look around; the spider yields nothing, ``discovery`` holds what was found."""
        if self.discovery.home_url:
            self._scripts = Scripts(self.crawler)
            try:
                await self._look()
            finally:
                await self._scripts.close()
            for found in self.discovery.endpoints:
                self.logger.info("%s %s (%d items)", found.kind, found.url, found.announced)
        nothing: tuple[Any, ...] = ()
        for request in nothing:
            yield request

    async def _fetch(self, url: str, **meta: Any) -> Response | None:
        """The answer at ``url`` if it is one of 2xx; why not is kept in ``reasons``."""
        request = Request(url, dont_filter=True, meta={"download_maxsize": 64 * 2**20, **meta})
        answer = await fetch(self.crawler, request)
        if isinstance(answer, failures.Failure):
            self.reasons[url] = answer
            return None
        return answer

    async def _look(self) -> None:
        found = self.discovery
        robots = await self._fetch(_robots_url(found.home_url), dont_obey_robotstxt=True)
        home = await self._fetch(found.home_url)
        if home is None:
            await self._without_home(robots)
            return
        self._note_robots(robots)
        kind = content_type(home)
        if await self._is_endpoint(home, kind):
            return
        try:
            page = parse_home(home.body, home.url, kind)
        except BadPage as error:
            found.problem, found.next_step = str(error), "name the site's home page"
            return
        found.title, found.language = page.title, page.language
        await self._feeds(page, home.url)
        await self._sitemaps(robots, home.url)
        if not found.endpoints:
            await self._listings(page, home)
        if classify(home.url) == "article":
            await self._is_told(home)
            return
        if not found.endpoints and _SCRIPTED.search(home.body):
            await self._drawn_home(home)
        if not found.endpoints:
            # A young site: few articles are a listing too where there is nothing else.
            await self._keep("listing", home, least=_FEWEST)
        for url in list(dict.fromkeys(self._articles))[:_PAGES_TRIED]:
            response = await self._fetch(url)
            if response is not None and await self._is_told(response):
                break
        if not found.endpoints:
            found.problem = (
                f"{found.home_url} announces no feed or sitemap, and no page of it lists articles"
            )
            found.next_step = "name a section page that lists articles, or a feed's own URL"

    def _no_home(self) -> None:
        failure = self.reasons[self.discovery.home_url]
        steps = {
            "robots": "the site does not want to be crawled; ask its owner",
            "robots-unread": "try again later",
            "unknown-host": "check the spelling of the address and the network",
            "connection-refused": "check the address and its port",
            "timeout": "try again later",
            "address-refused": "that is for sites of your own network only",
            "redirect-loop": "open the address in a browser and use the one it ends at",
        }
        self.discovery.robots = "forbids" if failure.cause == "robots" else "unknown"
        self.discovery.problem = f"{self.discovery.home_url}: {failure.detail} ({failure.cause})"
        self.discovery.next_step = steps.get(failure.cause, "open the address in a browser")

    def _note_robots(self, robots: Response | None) -> None:
        self.discovery.robots = "allows" if robots is not None else "none (all allowed)"
        if robots is not None:
            rules = Robots(robots.body)
            agent = self.settings["ROBOTSTXT_USER_AGENT"]
            self.discovery.crawl_delay = rules.crawl_delay(agent) or None

    async def _without_home(self, robots: Response | None) -> None:
        """Look for feeds and sitemaps of a site whose home page answers with an error."""
        found = self.discovery
        if self.reasons[found.home_url].cause.startswith("http-4"):
            await self._feeds(HomePage(None, None, (), (), 0), found.home_url)
            await self._sitemaps(robots, found.home_url)
        if not found.endpoints:
            self._no_home()
            return
        self._note_robots(robots)
        found.title = found.endpoints[0].title
        for url in list(dict.fromkeys(self._articles))[:_PAGES_TRIED]:
            response = await self._fetch(url)
            if response is not None and await self._is_told(response):
                break

    async def _is_endpoint(self, home: Response, media_type: str) -> bool:
        """Whether what was named is a feed or sitemap itself."""
        if "html" in media_type.lower():
            return False
        kinds: tuple[EndpointKind, ...] = ("feed", "sitemap")
        for kind in kinds:
            if await self._keep(kind, home):
                self.discovery.title = self.discovery.endpoints[0].title
                return True
        return False

    async def _feeds(self, page: HomePage, home_url: str) -> None:
        for url, _ in page.feeds[:_FEEDS_TRIED]:
            await self._try("feed", url)
        if not any(found.kind == "feed" for found in self.discovery.endpoints):
            for url in usual_places(home_url, USUAL_FEEDS):
                if await self._try("feed", url):
                    break

    async def _sitemaps(self, robots: Response | None, home_url: str) -> None:
        named = sitemaps_in_robots(robots.body, home_url) if robots is not None else []
        for url in named[:20]:
            await self._try("sitemap", url)
        if not any(found.kind == "sitemap" for found in self.discovery.endpoints):
            for url in usual_places(home_url, USUAL_SITEMAPS):
                if url not in named and await self._try("sitemap", url):
                    break

    async def _listings(self, page: HomePage, home: Response) -> None:
        await self._keep("listing", home)
        for url in page.sections:
            await self._try("listing", url)
        # Sections that show only what the home page shows add nothing but requests.
        self.discovery.endpoints[:] = [e for e in self.discovery.endpoints if e.announced > 0]

    async def _drawn_home(self, home: Response) -> None:
        """Look once more for what the home page announces, as its scripts draw it."""
        html = await self._draw(home)
        if html is None:
            return
        drawn = home.replace(body=html, headers={"Content-Type": HTML})
        try:
            page = parse_home(html, home.url, HTML)
        except BadPage:
            return
        self.discovery.title = self.discovery.title or page.title
        await self._feeds(page, home.url)
        if not self.discovery.endpoints and await self._keep("listing", drawn):
            self.discovery.browser = "needed"
            self.discovery.drawn = _DRAWN

    async def _is_told(self, article: Response) -> bool:
        """Whether an article tells if the site's pages need a browser; then the discovery does."""
        if "html" not in content_type(article).lower():
            return False
        found = self.discovery
        use, words = await self._use_for(article)
        if use in ("needed", "always"):
            found.browser, found.drawn = use, words
        else:
            found.drawn = found.drawn or words
        return use is not None

    async def _use_for(self, article: Response) -> tuple[BrowserUse | None, str]:
        """What a browser is needed for by an article (``None``: it does not tell), and in words."""
        if _shows_text(article):
            return "never", _WHOLE
        plain = _extracted(article.body, article.url, content_type(article))
        size = text_size(plain)
        if size >= _ENOUGH or not _SCRIPTED.search(article.body):
            return "never", _WHOLE if plain.article is not None else _little(0)
        html = await self._draw(article)
        drawn = 0 if html is None else text_size(_extracted(html, article.url, HTML))
        if drawn < max(_WORTH_CHARS, _WORTH * size):
            return None, _little(size)
        return ("always" if plain.article is not None else "needed"), _DRAWN

    async def _draw(self, response: Response) -> bytes | None:
        """The page as a browser draws it; ``None`` where none is here, or it cannot."""
        try:
            return (await self._scripts.draw(response)).html
        except BrowserFailure as error:
            if error.cause == "no-browser":
                self.discovery.drawn = f"may be drawn by scripts, and {error.reason}"
            else:
                self.logger.warning("%s: %s", response.url, error.reason)
            return None

    async def _try(self, kind: EndpointKind, url: str) -> bool:
        if any(url_key(url) == url_key(found.url) for found in self.discovery.endpoints):
            return False
        response = await self._fetch(url)
        if response is None:
            self.discovery.tried.append((url, self.reasons[url].cause))
            return False
        return await self._keep(kind, response, url)

    async def _keep(
        self,
        kind: EndpointKind,
        response: Response,
        url: str | None = None,
        least: int = FEW_ANNOUNCED,
    ) -> bool:
        url = url or response.url
        try:
            content = read_endpoint(kind, response.body, response.url, content_type(response))
        except (DiscoveryError, BadPage) as error:
            self.discovery.tried.append((url, getattr(error, "reason", str(error))))
            return False
        count, samples = await self._samples(kind, content)
        if kind == "listing" and len(content.announcements) < least:
            return False
        if not content.announcements and not content.children:
            self.discovery.tried.append((url, "it is empty"))
            if kind != "feed":
                return False
        self.discovery.language = self.discovery.language or content.language
        self.discovery.endpoints.append(
            Found(url, kind, content.title, count, len(content.children), samples)
        )
        return True

    async def _samples(
        self, kind: EndpointKind, content: EndpointContent
    ) -> tuple[int, tuple[str, ...]]:
        announcements = list(content.announcements)
        children = sorted(
            content.children,
            key=lambda c: c.announced_at.timestamp() if c.announced_at else 0.0,
            reverse=True,
        )
        for child in children[:_CHILDREN_TRIED]:
            response = await self._fetch(child.url)
            if response is None:
                continue
            try:
                inner = read_endpoint(kind, response.body, response.url, content_type(response))
            except (DiscoveryError, BadPage):
                continue
            announcements.extend(inner.announcements)
        self._articles += [a.url for a in announcements[: _PAGES_TRIED * 2]]
        titles = (a.hints.get("headline") for a in announcements[:200])
        return len(announcements), tuple(dict.fromkeys(t for t in titles if t))[:5]


def _shows_text(response: Response) -> bool:
    """Whether a page is plainly one with text: no model need look at it, and no browser."""
    try:
        page = parse_html(response.body, response.url, content_type(response))
    except BadPage:
        return False
    blocks = Walk(page.root, page.base_url).blocks
    shown = sum(len(b.text) for b in blocks if not b.linked and len(b.text) >= _PARAGRAPH)
    return shown >= (_PLENTY if _SCRIPTED.search(response.body) else _ENOUGH)


def _extracted(body: bytes, url: str, media_type: str) -> Extraction:
    try:
        return extract_for_site(body, url, media_type, Known())
    except BadPage as error:
        return Extraction("empty", error.reason)


def _little(chars: int) -> str:
    return f"hold little text ({chars} characters)" if chars else "hold no text"


def _robots_url(url: str) -> str:
    from urllib.parse import urljoin

    return urljoin(url, "/robots.txt")
