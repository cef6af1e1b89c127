"""Find the endpoints of a source from its home page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from crawler.discovery.listings import parse_listing
from crawler.discovery.robots import Robots
from crawler.extraction.linked.link_rules import same_site
from crawler.extraction.page.parse import parse_html
from storage.text.urls import resolve_url, url_key

FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)
# Where feeds and sitemaps lie that nothing announces. From the defaults of WordPress, Drupal,
# TYPO3, Joomla, SPIP, Ghost, Blogger, Arc, and of the larger papers' own systems.
USUAL_FEEDS = (
    "/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds",
    "/spip.php?page=backend", "/feeds/posts/default", "/arc/outboundfeeds/rss/", "/feed.json",
)  # fmt: skip
USUAL_SITEMAPS = (
    "/sitemap.xml", "/sitemap_index.xml", "/news-sitemap.xml", "/sitemap-news.xml",
    "/sitemap_news.xml", "/sitemap.xml.gz", "/wp-sitemap.xml",
)  # fmt: skip
MAX_ANNOUNCED_FEEDS = 12
MAX_SECTIONS = 12
_COMMENTS = re.compile(r"comments?/feed|/comments?(?:\.xml|/|$)|kommentar|commentaires", re.I)
_FEED_HREF = re.compile(r"(?:/|\.|=|^)(?:rss|feed|atom)(?:s)?(?:\.xml|\.php|\.json|/|$|\?)", re.I)


@dataclass(frozen=True, slots=True)
class HomePage:
    """What a home page states about its source."""

    title: str | None
    language: str | None
    feeds: tuple[tuple[str, str | None], ...]
    sections: tuple[str, ...]
    articles: int


def parse_home(body: bytes, url: str, content_type: str = "") -> HomePage:
    """Read a home page: its name, the feeds it announces, its sections."""
    page = parse_html(body, url, content_type)
    feeds: dict[str, tuple[str, str | None]] = {}
    for link in page.root.iter("link"):
        rel = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        if ("alternate" in rel or "feed" in rel) and kind in FEED_TYPES and link.get("href"):
            _add_feed(feeds, resolve_url(page.base_url, link.get("href")), link.get("title"))
    for anchor in page.root.iter("a"):
        href = (anchor.get("href") or "").strip()
        if _FEED_HREF.search(href.split("#")[0]):
            feed = resolve_url(page.base_url, href)
            _add_feed(feeds, feed if feed and same_site(feed, url) else None, None)
    listing = parse_listing(body, url, content_type)
    return HomePage(
        title=page.site_name or page.title,
        language=page.language,
        feeds=tuple(feeds.values())[:MAX_ANNOUNCED_FEEDS],
        sections=listing.sections[:MAX_SECTIONS],
        articles=len(listing.articles),
    )


def _add_feed(feeds: dict[str, tuple[str, str | None]], url: str | None, title: str | None) -> None:
    if url is not None and not _COMMENTS.search(url):
        feeds.setdefault(url_key(url), (url, title))


def usual_places(home_url: str, paths: tuple[str, ...]) -> list[str]:
    """Return ``paths`` on the host of ``home_url``, and below its folder where it has one."""
    root = urljoin(home_url, "/")
    places = [urljoin(root, path) for path in paths]
    folder = urlsplit(home_url).path.rstrip("/")
    if folder and "." not in folder.rpartition("/")[2]:
        base = root.rstrip("/") + folder
        places += [base + path for path in paths[:4]]
    return places


def sitemaps_in_robots(body: bytes, home_url: str) -> list[str]:
    """Return the sitemaps that a robots.txt names, as absolute URLs without duplicates."""
    urls = [resolve_url(home_url, written) for written in Robots(body).sitemaps]
    return list(dict.fromkeys(url for url in urls if url is not None))
