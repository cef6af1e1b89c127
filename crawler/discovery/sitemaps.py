"""Sitemaps: indexes, URL sets with their news fields, plain text; gzip; any size, streamed.

https://www.sitemaps.org/protocol.html and Google's news extension. Namespaces are not asked
for, since half of the sitemaps in the wild have a wrong one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from lxml import etree

from crawler.discovery.errors import NotASitemap
from crawler.discovery.periods import PERIODS
from storage.addresses import absolute, is_web_url
from storage.records import Announcement

if TYPE_CHECKING:
    from collections.abc import Iterator

# The protocol allows 50 MB; a bomb of 300 kB unpacks to 314 MB (see robustness.md).
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
# The protocol allows 50,000 a file; sites exceed it.
MAX_URLS = 250_000
_DAY_LENGTH = len("2021-09-23")


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index names; ``changed`` is the end of what the index's word covers."""

    url: str
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap holds: child sitemaps (of an index) or announcements.

    ``skipped`` counts its entries that had no usable URL; ``cut`` says that it was broken off
    (malformed from there on, or over the limits) and what came before was kept.
    """

    children: tuple[ChildSitemap, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    skipped: int = 0
    cut: str | None = None
    # By the <changefreq> of its most changing entry.
    usual_minutes: int | None = None


def parse_sitemap(body: bytes, url: str) -> Sitemap:
    """Read a sitemap that came from ``url``, gzipped or not.

    Raises:
        NotASitemap: the bytes are something else; the reason says what.
    """
    cut = None
    if body[:2] == b"\x1f\x8b":
        body, cut = _gunzip(body, url)
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise NotASitemap(url, "it is empty")
    if start.startswith((b"<!doctype html", b"<html")):
        raise NotASitemap(url, "it is an HTML page")
    if not start.startswith(b"<"):
        return _plain(body, url, cut)
    return _xml(body, url, cut)


def _gunzip(body: bytes, url: str) -> tuple[bytes, str | None]:
    engine = zlib.decompressobj(wbits=31)
    try:
        out = engine.decompress(body, MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise NotASitemap(url, f"its gzip is broken: {error}") from error
    if engine.unconsumed_tail:
        return out, f"unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MB"
    return out, None if engine.eof else "its gzip is cut off"


def _plain(body: bytes, url: str, cut: str | None) -> Sitemap:
    lines = body.decode("utf-8", "replace").split()
    urls = [line for line in lines[:MAX_URLS] if is_web_url(line)]
    if not urls or len(urls) < len(lines[:MAX_URLS]) / 2:
        raise NotASitemap(url, "it is neither XML nor a list of URLs")
    return Sitemap(
        announcements=tuple(Announcement(url=found) for found in urls),
        skipped=len(lines) - len(urls),
        cut=cut,
    )


def _xml(body: bytes, url: str, cut: str | None) -> Sitemap:
    children: list[ChildSitemap] = []
    found: list[Announcement] = []
    skipped = 0
    changes: set[str] = set()
    root: str | None = None
    events = etree.iterparse(
        BytesIO(body), events=("start", "end"), resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, recover=True, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for event, element in events:
            name = _local(element)
            if event == "start":
                root = root or name
                continue
            if name == "sitemap":
                child = _child(element, url)
                children += [child] if child else []
                skipped += child is None
            elif name == "url":
                entry = _entry(element, url)
                changes.add((element.findtext("{*}changefreq") or "").strip().lower())
                found += [entry] if entry else []
                skipped += entry is None
            else:
                continue
            _release(element)
            if len(found) + len(children) >= MAX_URLS:
                cut = f"more than {MAX_URLS} URLs"
                break
    except etree.XMLSyntaxError as error:
        cut = f"malformed XML: {error.msg}"
    if root not in ("urlset", "sitemapindex") and not (found or children):
        raise NotASitemap(url, f"its root is <{root}>" if root else cut or "it holds no XML")
    asked = [PERIODS[one] for one in changes if one in PERIODS]
    return Sitemap(tuple(children), tuple(found), skipped, cut, min(asked, default=None))


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _release(element: Any) -> None:
    """Free what was read: a tree of 60,000 entries takes 200 MB."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _fields(element: Any) -> Iterator[tuple[str, str]]:
    for node in element.iter():
        text = node.text.strip() if node.text else ""
        if text:
            yield _local(node), text


def _child(element: Any, base: str) -> ChildSitemap | None:
    fields = dict(_fields(element))
    address = absolute(base, fields["loc"]) if "loc" in fields else None
    if address is None:
        return None
    return ChildSitemap(address, parse_w3c(fields.get("lastmod"), end_of_day=True))


def _entry(element: Any, base: str) -> Announcement | None:
    fields: dict[str, str] = {}
    for name, text in _fields(element):
        # The first <loc> is the page's; those of its images come later.
        fields.setdefault(name, text)
    address = absolute(base, fields["loc"]) if "loc" in fields else None
    if address is None:
        return None
    hints: dict[str, Any] = {}
    news = "publication_date" in fields or "publication" in fields
    if news and "title" in fields:
        hints["headline"] = " ".join(fields["title"].split())
    if "publication_date" in fields:
        hints["published"] = fields["publication_date"]
    if "language" in fields:
        hints["language"] = fields["language"]
    return Announcement(
        url=address,
        published=parse_w3c(fields.get("publication_date")),
        modified=parse_w3c(fields.get("lastmod")),
        hints=hints,
    )


def parse_w3c(text: str | None, *, end_of_day: bool = False) -> datetime | None:
    """A W3C date-time (https://www.w3.org/TR/NOTE-datetime); UTC where it names no zone.

    A bare day is its first moment, or its last with ``end_of_day``.
    """
    if not text:
        return None
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if end_of_day and len(text) == _DAY_LENGTH:
        return moment + timedelta(days=1) - timedelta(microseconds=1)
    return moment
