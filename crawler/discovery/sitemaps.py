"""Parse sitemaps: indexes, URL sets with news fields, plain text; gzip; streamed, of any size.

https://www.sitemaps.org/protocol.html and Google's news extension. Half of the sitemaps in the
wild have a wrong namespace: elements are known by their names and by what holds them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.discovery.errors import NotASitemap
from crawler.discovery.markup import BadMarkup, Elements, as_utf8, local, namespace, unpacked
from crawler.discovery.periods import PERIODS
from crawler.discovery.values import Values, at, line
from storage.text.urls import is_web_url
from storage.types.endpoints import Announcement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.extraction.dates.timestamps import Timestamp

# The protocol allows 50,000 a file; sites exceed it.
MAX_URLS = 250_000
MAX_ELEMENTS = 2_500_000


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap of an index; ``changed`` is the latest time that its lastmod covers."""

    url: str
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The content of a sitemap: child sitemaps (of an index) or announcements.

    ``skipped`` counts by cause what could not be read of it; ``cut`` says that it was broken off
    (malformed from there on, or over the limits) and what came before was kept.
    """

    children: tuple[ChildSitemap, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    skipped: Counter[str] = field(default_factory=Counter)
    cut: str | None = None
    # By the <changefreq> of its most changing entry.
    usual_minutes: int | None = None


def parse_sitemap(body: bytes, url: str, content_type: str = "") -> Sitemap:
    """Parse a sitemap that came from ``url``, gzipped or not.

    Raises:
        NotASitemap: the bytes are something else; the reason says what.
    """
    try:
        body, cut = unpacked(body)
    except BadMarkup as error:
        raise NotASitemap(url, str(error)) from error
    data = as_utf8(body, content_type)
    start = data[:1024].lstrip(b" \t\r\n\0").lower()
    if not start:
        raise NotASitemap(url, "it is empty")
    if start.startswith((b"<!doctype html", b"<html")):
        raise NotASitemap(url, "it is an HTML page")
    if not start.startswith(b"<"):
        return _plain(data, url, cut)
    return _xml(data.lstrip(b" \t\r\n\0"), url, cut)


def _plain(data: bytes, url: str, cut: str | None) -> Sitemap:
    lines = data.split(maxsplit=MAX_URLS)[:MAX_URLS]
    urls = [text for one in lines if is_web_url(text := one.decode("utf-8", "replace"))]
    if not urls or len(urls) < len(lines) / 2:
        raise NotASitemap(url, "it is neither XML nor a list of URLs")
    skipped = Counter({"announcement-url": len(lines) - len(urls)})
    return Sitemap((), tuple(Announcement(url=found) for found in urls), +skipped, cut)


def _xml(data: bytes, url: str, cut: str | None) -> Sitemap:
    children: list[ChildSitemap] = []
    found: list[Announcement] = []
    changes: set[str] = set()
    values, elements = Values(), Elements(data, MAX_ELEMENTS)
    for event, element in elements:
        name = local(element) if event == "end" else ""
        if name == "sitemap":
            child = _child(element, url, values)
            children += [child] if child else []
        elif name == "url":
            entry = _entry(element, url, values, changes)
            found += [entry] if entry else []
        elif name and name == elements.root:
            continue
        elif (
            event == "end"
            and element.getparent() is not None
            and (local(element.getparent()) == elements.root)
        ):
            elements.release(element)
            continue
        else:
            continue
        elements.release(element)
        if len(found) + len(children) >= MAX_URLS:
            cut = f"more than {MAX_URLS} URLs"
            break
    cut = cut or elements.cut or (None if found or children else elements.damage)
    root = elements.root
    if root not in ("urlset", "sitemapindex") and not (found or children):
        raise NotASitemap(url, f"its root is <{root[:60]}>" if root else cut or "it holds no XML")
    periods = [PERIODS[one] for one in changes if one in PERIODS]
    return Sitemap(tuple(children), tuple(found), values.skipped, cut, min(periods, default=None))


def _texts(element: Any, names: Iterable[str]) -> dict[str, str]:
    """Return the texts of an element's own children of these names: the first non-empty one each.

    A child of the element's own namespace comes before one of another, as ``image:loc`` is.
    """
    own = namespace(element)
    found: dict[str, str] = {}
    kept: set[str] = set()
    for child in element:
        name = local(child)
        text = child.text.strip() if name in names and child.text else ""
        if not text:
            continue
        same = namespace(child) == own
        if name not in found or (same and name not in kept):
            found[name] = text
        if same:
            kept.add(name)
    return found


def _child(element: Any, base: str, values: Values) -> ChildSitemap | None:
    texts = _texts(element, ("loc", "lastmod"))
    url = values.url(base, texts.get("loc"))
    if url is None:
        return None
    return ChildSitemap(url, _end_of(values.timestamp(texts.get("lastmod"))))


def _entry(element: Any, base: str, values: Values, changes: set[str]) -> Announcement | None:
    texts = _texts(element, ("loc", "lastmod", "changefreq"))
    url = values.url(base, texts.get("loc"))
    if url is None:
        return None
    changes.add(texts.get("changefreq", "")[:20].lower())
    hints: dict[str, Any] = {}
    news: dict[str, str] = {}
    for child in element:
        if local(child) == "news":
            news = _texts(child, ("publication_date", "title"))
            publication = next((one for one in child if local(one) == "publication"), None)
            if publication is not None:
                hints["language"] = line(_texts(publication, ("language",)).get("language"))
            break
    published = values.timestamp(news.get("publication_date"))
    hints["headline"] = line(news.get("title"))
    if published is not None and published.moment is not None:
        hints["published"] = published.moment.isoformat()
    return Announcement(
        url=url,
        published=at(published),
        modified=at(values.timestamp(texts.get("lastmod"))),
        hints={name: value for name, value in hints.items() if value},
    )


def _end_of(stated: Timestamp | None) -> datetime | None:
    """Return the last instant that a timestamp covers: of a day or a month, its end."""
    if stated is None or stated.precision == "time":
        return at(stated)
    after = stated.at + timedelta(days=1)
    if stated.precision == "month":
        after = (stated.at + timedelta(days=31)).replace(day=1)
    return after - timedelta(microseconds=1)
