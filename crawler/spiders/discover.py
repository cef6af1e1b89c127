"""Find the endpoints of a site from its home page alone, and check each of them."""

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
from crawler.run.pages.browser import BrowserFailure
from crawler.run.pages.rendering import HTML, MIN_LISTING_ARTICLES, PageRenderer, text_size
from crawler.sites import extract_for_site
from storage.text.urls import url_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

    from crawler.items import EndpointContent
    from storage.types.endpoints import BrowserUse, EndpointKind

# A few sitemaps of an index are looked into, to say what is in it.
_MAX_CHILDREN = 2
_MAX_FEEDS = 12
# Articles that are fetched to see whether their text stands in them, and what is text enough.
_MAX_PAGES = 2
_ENOUGH_CHARS = 600
# So many articles make a home page the listing of a site that has no feed.
_MIN_YOUNG_ARTICLES = 2
# So much of it in paragraphs is no beginning that a script continues with.
_PLENTY_CHARS, _PARAGRAPH_CHARS = 2_000, 80
_SCRIPTED = re.compile(rb"<script\b(?![^>]*\bjson)", re.IGNORECASE)
# A browser is worth its while where it shows this many times the text, and so much at least.
_MIN_GAIN, _MIN_GAIN_CHARS = 2, 300
_TEXT_IN_HTML, _NEEDS_SCRIPTS = "contain their text", "rendered by scripts; a browser is used"


@dataclass(frozen=True, slots=True)
class DiscoveredEndpoint:
    """An endpoint that was fetched and parsed."""

    url: str
    kind: EndpointKind
    title: str | None
    announced: int
    children: int
    headlines: tuple[str, ...]


@dataclass
class Discovery:
    """The result of a discovery. ``problem`` is set where the site cannot be followed."""

    home_url: str
    title: str | None = None
    language: str | None = None
    robots: str = "none"
    crawl_delay: float | None = None
    endpoints: list[DiscoveredEndpoint] = field(default_factory=list)
    tried: list[tuple[str, str]] = field(default_factory=list)
    problem: str | None = None
    next_step: str = ""
    # Whether its pages need a browser, and in words; None: no page of it was looked at.
    browser: BrowserUse = "never"
    rendering_note: str | None = None

    @property
    def headlines(self) -> list[str]:
        """Return sample headlines, those of feeds first, without duplicates."""
        return list(dict.fromkeys(h for e in self.endpoints for h in e.headlines))


class DiscoverSpider(Spider):
    """``scrapy crawl discover -a url=HOME``: logs what ``dateline add HOME`` would find."""

    name = "discover"
    _renderer: PageRenderer

    def __init__(self, url: str = "", discovery: Discovery | None = None, **_: Any) -> None:
        super().__init__()
        self.discovery = discovery or Discovery(url)
        self.failures_by_url: dict[str, failures.Failure] = {}
        self._articles: list[str] = []

    async def start(self) -> AsyncIterator[Any]:
        """Run the discovery; the spider yields nothing, ``discovery`` holds the result."""
        if self.discovery.home_url:
            self._renderer = PageRenderer(self.crawler)
            try:
                await self._discover()
            finally:
                await self._renderer.close()
            for found in self.discovery.endpoints:
                self.logger.info("%s %s (%d items)", found.kind, found.url, found.announced)
        nothing: tuple[Any, ...] = ()
        for request in nothing:
            yield request

    async def _fetch(self, url: str, **meta: Any) -> Response | None:
        """Return the response of ``url`` if its status is 2xx; else store the failure."""
        request = Request(url, dont_filter=True, meta={"download_maxsize": 64 * 2**20, **meta})
        answer = await fetch(self.crawler, request)
        if isinstance(answer, failures.Failure):
            self.failures_by_url[url] = answer
            return None
        return answer

    async def _discover(self) -> None:
        found = self.discovery
        robots = await self._fetch(_robots_url(found.home_url), dont_obey_robotstxt=True)
        home = await self._fetch(found.home_url)
        if home is None:
            await self._discover_without_home(robots)
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
            await self._assess_browser_use(home)
            return
        if not found.endpoints and _SCRIPTED.search(home.body):
            await self._try_rendered_home(home)
        if not found.endpoints:
            # A young site: few articles are a listing too where there is nothing else.
            await self._add_endpoint("listing", home, min_articles=_MIN_YOUNG_ARTICLES)
        for url in list(dict.fromkeys(self._articles))[:_MAX_PAGES]:
            response = await self._fetch(url)
            if response is not None and await self._assess_browser_use(response):
                break
        if not found.endpoints:
            found.problem = (
                f"{found.home_url} announces no feed or sitemap, and no page of it lists articles"
            )
            found.next_step = "name a section page that lists articles, or a feed's own URL"

    def _report_unreachable_home(self) -> None:
        failure = self.failures_by_url[self.discovery.home_url]
        steps = {
            "robots": "the site forbids crawling; ask its owner for permission",
            "robots-unread": "try again later",
            "unknown-host": "check the spelling of the URL and the network",
            "connection-refused": "check the URL and its port",
            "timeout": "try again later",
            "address-refused": "private IP addresses are only for sites in your own network",
            "redirect-loop": "open the URL in a browser and use the one it ends at",
        }
        self.discovery.robots = "forbids" if failure.cause == "robots" else "unknown"
        self.discovery.problem = f"{self.discovery.home_url}: {failure.detail} ({failure.cause})"
        self.discovery.next_step = steps.get(failure.cause, "open the URL in a browser")

    def _note_robots(self, robots: Response | None) -> None:
        self.discovery.robots = "allows" if robots is not None else "none (all allowed)"
        if robots is not None:
            rules = Robots(robots.body)
            agent = self.settings["ROBOTSTXT_USER_AGENT"]
            self.discovery.crawl_delay = rules.crawl_delay(agent) or None

    async def _discover_without_home(self, robots: Response | None) -> None:
        """Look for feeds and sitemaps of a site whose home page returns an error."""
        found = self.discovery
        if self.failures_by_url[found.home_url].cause.startswith("http-4"):
            await self._feeds(HomePage(None, None, (), (), 0), found.home_url)
            await self._sitemaps(robots, found.home_url)
        if not found.endpoints:
            self._report_unreachable_home()
            return
        self._note_robots(robots)
        found.title = found.endpoints[0].title
        for url in list(dict.fromkeys(self._articles))[:_MAX_PAGES]:
            response = await self._fetch(url)
            if response is not None and await self._assess_browser_use(response):
                break

    async def _is_endpoint(self, home: Response, media_type: str) -> bool:
        """Tell whether the given URL is a feed or sitemap itself."""
        if "html" in media_type.lower():
            return False
        kinds: tuple[EndpointKind, ...] = ("feed", "sitemap")
        for kind in kinds:
            if await self._add_endpoint(kind, home):
                self.discovery.title = self.discovery.endpoints[0].title
                return True
        return False

    async def _feeds(self, page: HomePage, home_url: str) -> None:
        for url, _ in page.feeds[:_MAX_FEEDS]:
            await self._try_endpoint("feed", url)
        if not any(found.kind == "feed" for found in self.discovery.endpoints):
            for url in usual_places(home_url, USUAL_FEEDS):
                if await self._try_endpoint("feed", url):
                    break

    async def _sitemaps(self, robots: Response | None, home_url: str) -> None:
        named = sitemaps_in_robots(robots.body, home_url) if robots is not None else []
        for url in named[:20]:
            await self._try_endpoint("sitemap", url)
        if not any(found.kind == "sitemap" for found in self.discovery.endpoints):
            for url in usual_places(home_url, USUAL_SITEMAPS):
                if url not in named and await self._try_endpoint("sitemap", url):
                    break

    async def _listings(self, page: HomePage, home: Response) -> None:
        await self._add_endpoint("listing", home)
        for url in page.sections:
            await self._try_endpoint("listing", url)
        # Sections that show only what the home page shows add nothing but requests.
        self.discovery.endpoints[:] = [e for e in self.discovery.endpoints if e.announced > 0]

    async def _try_rendered_home(self, home: Response) -> None:
        """Discover again what the home page announces, once rendered."""
        html = await self._render(home)
        if html is None:
            return
        rendered = home.replace(body=html, headers={"Content-Type": HTML})
        try:
            page = parse_home(html, home.url, HTML)
        except BadPage:
            return
        self.discovery.title = self.discovery.title or page.title
        await self._feeds(page, home.url)
        if not self.discovery.endpoints and await self._add_endpoint("listing", rendered):
            self.discovery.browser = "needed"
            self.discovery.rendering_note = _NEEDS_SCRIPTS

    async def _assess_browser_use(self, article: Response) -> bool:
        """Decide by an article whether the site needs a browser; returns whether it could."""
        if "html" not in content_type(article).lower():
            return False
        found = self.discovery
        use, words = await self._browser_use_for(article)
        if use in ("needed", "always"):
            found.browser, found.rendering_note = use, words
        else:
            found.rendering_note = found.rendering_note or words
        return use is not None

    async def _browser_use_for(self, article: Response) -> tuple[BrowserUse | None, str]:
        """Return the browser use an article calls for (``None``: unclear), and in words."""
        if _shows_text(article):
            return "never", _TEXT_IN_HTML
        unrendered = _extract(article.body, article.url, content_type(article))
        size = text_size(unrendered)
        if size >= _ENOUGH_CHARS or not _SCRIPTED.search(article.body):
            return "never", _TEXT_IN_HTML if unrendered.article is not None else _little_text(0)
        html = await self._render(article)
        rendered_size = 0 if html is None else text_size(_extract(html, article.url, HTML))
        if rendered_size < max(_MIN_GAIN_CHARS, _MIN_GAIN * size):
            return None, _little_text(size)
        return ("always" if unrendered.article is not None else "needed"), _NEEDS_SCRIPTS

    async def _render(self, response: Response) -> bytes | None:
        """Return the rendered page; ``None`` where there is no browser, or it fails."""
        try:
            return (await self._renderer.render(response)).html
        except BrowserFailure as error:
            if error.cause == "no-browser":
                self.discovery.rendering_note = f"may be rendered by scripts, and {error.reason}"
            else:
                self.logger.warning("%s: %s", response.url, error.reason)
            return None

    async def _try_endpoint(self, kind: EndpointKind, url: str) -> bool:
        if any(url_key(url) == url_key(found.url) for found in self.discovery.endpoints):
            return False
        response = await self._fetch(url)
        if response is None:
            self.discovery.tried.append((url, self.failures_by_url[url].cause))
            return False
        return await self._add_endpoint(kind, response, url)

    async def _add_endpoint(
        self,
        kind: EndpointKind,
        response: Response,
        url: str | None = None,
        min_articles: int = MIN_LISTING_ARTICLES,
    ) -> bool:
        url = url or response.url
        try:
            content = read_endpoint(kind, response.body, response.url, content_type(response))
        except (DiscoveryError, BadPage) as error:
            self.discovery.tried.append((url, getattr(error, "reason", str(error))))
            return False
        count, samples = await self._samples(kind, content)
        if kind == "listing" and len(content.announcements) < min_articles:
            return False
        if not content.announcements and not content.children:
            self.discovery.tried.append((url, "it is empty"))
            if kind != "feed":
                return False
        self.discovery.language = self.discovery.language or content.language
        self.discovery.endpoints.append(
            DiscoveredEndpoint(url, kind, content.title, count, len(content.children), samples)
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
        for child in children[:_MAX_CHILDREN]:
            response = await self._fetch(child.url)
            if response is None:
                continue
            try:
                inner = read_endpoint(kind, response.body, response.url, content_type(response))
            except (DiscoveryError, BadPage):
                continue
            announcements.extend(inner.announcements)
        self._articles += [a.url for a in announcements[: _MAX_PAGES * 2]]
        titles = (a.hints.get("headline") for a in announcements[:200])
        return len(announcements), tuple(dict.fromkeys(t for t in titles if t))[:5]


def _shows_text(response: Response) -> bool:
    """Tell whether a page clearly contains text: then neither model nor browser is needed."""
    try:
        page = parse_html(response.body, response.url, content_type(response))
    except BadPage:
        return False
    blocks = Walk(page.root, page.base_url).blocks
    shown = sum(len(b.text) for b in blocks if not b.linked and len(b.text) >= _PARAGRAPH_CHARS)
    return shown >= (_PLENTY_CHARS if _SCRIPTED.search(response.body) else _ENOUGH_CHARS)


def _extract(body: bytes, url: str, media_type: str) -> Extraction:
    try:
        return extract_for_site(body, url, media_type, Known())
    except BadPage as error:
        return Extraction("empty", error.reason)


def _little_text(chars: int) -> str:
    return f"contain little text ({chars} characters)" if chars else "contain no text"


def _robots_url(url: str) -> str:
    from urllib.parse import urljoin

    return urljoin(url, "/robots.txt")
