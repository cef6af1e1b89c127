"""Parse feeds: RSS 0.9x to 2.0, RDF, Atom and JSON Feed, also malformed ones."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.discovery.errors import NotAFeed
from crawler.discovery.feed_entries import (
    RawEntry,
    announced,
    base_of,
    children,
    is_core,
    read_entry,
    title_of,
)
from crawler.discovery.markup import (
    BadMarkup,
    Elements,
    as_utf8,
    decoded,
    local,
    text_in,
    unpacked,
)
from crawler.discovery.periods import PERIODS
from crawler.discovery.values import Values, at, count, line, lines
from storage.text.urls import is_web_url, resolve_url, url_key
from storage.types.endpoints import Announcement, PollingHints

if TYPE_CHECKING:
    from collections.abc import Iterable

# Longest feed seen in the wild is some 2,000 entries; what is beyond is a mistake or an attack.
MAX_ENTRIES = 10_000
MAX_ELEMENTS = 1_000_000
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_ROOTS = frozenset({"rss", "feed", "rdf", "channel", "newlocation", "redirect"})
_ENTRIES = frozenset({"item", "entry"})
_MAX_DIGITS = 18
# An XML declaration behind other text, but none that is quoted inside a feed.
_DECLARATION = re.compile(rb"(?is)(?:(?!<(?:rss|feed|rdf:rdf)\b).)*?(<\?xml\s)")


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its title, language, and announcements without duplicate URLs.

    ``skipped`` counts by cause what could not be read of it, ``cut`` says that it was broken off.
    """

    title: str | None
    language: str | None
    announcements: tuple[Announcement, ...]
    polling_hints: PollingHints = field(default_factory=PollingHints)
    skipped: Counter[str] = field(default_factory=Counter)
    cut: str | None = None


def parse_feed(body: bytes, url: str, content_type: str = "") -> Feed:
    """Parse a feed that came from ``url``.

    Raises:
        NotAFeed: the bytes are something else; the reason says what.
    """
    try:
        body, cut = unpacked(body)
    except BadMarkup as error:
        raise NotAFeed(url, str(error)) from error
    data = as_utf8(body, content_type).lstrip(b" \t\r\n\0")
    if not data:
        raise NotAFeed(url, "it is empty")
    if data.startswith(b"{"):
        return _json_feed(data, url)
    return _xml_feed(data, url, cut)


class _Channel:
    """The channel elements of a feed."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.language: str | None = None
        self.site: str | None = None
        self.values_by_name: dict[str, str] = {}
        self.hours: list[str] = []
        self.days: list[str] = []

    def take(self, element: Any, parent: Any) -> None:
        """Read one element of the channel."""
        name, core = local(element), is_core(element, parent)
        if name == "title" and core:
            self.title = self.title or line(title_of(element))
        elif name == "language":
            self.language = self.language or line(element.text)
        elif name == "link" and core:
            if (element.get("rel") or "alternate").strip().lower() == "alternate":
                self.site = self.site or (element.get("href") or element.text or "").strip()
        elif name in ("skiphours", "skipdays"):
            which = self.hours if name == "skiphours" else self.days
            which += [text_in(child).strip()[:20] for _, child, _ in children(element)][:50]
        elif name in ("ttl", "updateperiod", "updatefrequency"):
            self.values_by_name.setdefault(name, (element.text or "").strip())

    def polling_hints(self) -> PollingHints:
        """Return the feed's polling hints: RSS's ttl, skipHours and skipDays, RDF's
        syndication module (https://web.resource.org/rss/1.0/modules/syndication/)."""
        period = PERIODS.get(self.values_by_name.get("updateperiod", "").lower())
        times = count(self.values_by_name.get("updatefrequency"), 10**6) or 1
        hours = {int(hour) % 24 for hour in self.hours if hour in _HOURS}
        days = {_DAYS.index(d.lower()[:3]) for d in self.days if d.lower()[:3] in _DAYS}
        return PollingHints(
            least_minutes=count(self.values_by_name.get("ttl"), 10**6 - 1),
            usual_minutes=None if period is None else period // max(1, min(times, period)),
            skip_hours=tuple(sorted(hours)),
            skip_days=tuple(sorted(days)),
        )


_HOURS = frozenset(str(hour) for hour in range(25)) | {f"0{hour}" for hour in range(10)}


def _xml_feed(data: bytes, url: str, cut: str | None) -> Feed:
    elements = Elements(data[_xml_start(data) :], MAX_ELEMENTS)
    channel = _Channel()
    found = _entries_of(elements, channel)
    if elements.root not in _ROOTS and not found:
        raise NotAFeed(url, _reason(elements))
    values = Values(channel.language)
    base = base_of(url, resolve_url(url, channel.site) if channel.site else None)
    announcements = (announced(entry, base, values) for entry in found)
    return Feed(
        title=channel.title,
        language=channel.language,
        announcements=_deduplicated(one for one in announcements if one is not None),
        polling_hints=channel.polling_hints(),
        skipped=values.skipped,
        cut=cut or elements.cut or (None if found else elements.damage),
    )


def _xml_start(data: bytes) -> int:
    """Return where the XML begins: server warnings may precede it."""
    declared = _DECLARATION.match(data, 0, 4096)
    start = declared.start(1) if declared else data.find(b"<", 0, 4096)
    return max(0, start)


def _reason(elements: Elements) -> str:
    if elements.root == "html":
        return "it is an HTML page"
    if elements.root:
        return f"its root is <{elements.root[:60]}>"
    return elements.cut or "it holds no XML"


def _entries_of(elements: Elements, channel: _Channel) -> list[RawEntry]:
    found: list[RawEntry] = []
    inside = 0
    for event, element in elements:
        name = local(element)
        is_entry = name in _ENTRIES
        if event == "start":
            if elements.root == "html":
                break
            inside += is_entry
            if channel.language is None and name in ("feed", "rss", "channel"):
                channel.language = line(element.get("{http://www.w3.org/XML/1998/namespace}lang"))
            continue
        if is_entry:
            inside -= 1
            if not inside:
                found.append(read_entry(element, channel.language))
                elements.release(element)
                if len(found) >= MAX_ENTRIES:
                    elements.cut = f"more than {MAX_ENTRIES} entries"
                    break
        elif not inside:
            parent = element.getparent()
            if parent is not None and local(parent) in ("channel", "feed", "rss", "rdf"):
                if name not in ("channel", "rss", "rdf"):
                    channel.take(element, parent)
                elements.release(element)
    return found


def _json_feed(data: bytes, url: str) -> Feed:
    if sum(data.count(sign) for sign in (b",", b"[", b"{")) > MAX_ELEMENTS:
        # A list of 20 million empty lists takes 1.5 GB.
        raise NotAFeed(url, f"it is JSON of more than {MAX_ELEMENTS} values")
    try:
        text = decoded(data)
        # Publishers leave tabs and line breaks in strings, and comments of caches at the end.
        feed, end = json.JSONDecoder(parse_int=_whole, strict=False).raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise NotAFeed(url, f"it looks like JSON but is not: {error}") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotAFeed(url, "it is JSON without a list of items")
    values = Values(line(feed.get("language")))
    base = base_of(url, line(feed.get("home_page_url")))
    entries = [_json_entry(item, base, values) for item in feed["items"][:MAX_ENTRIES]]
    return Feed(
        title=line(feed.get("title")),
        language=values.language,
        announcements=_deduplicated(entry for entry in entries if entry is not None),
        skipped=values.skipped,
        cut="text after the JSON" if text[end:].strip() else None,
    )


def _whole(digits: str) -> int | str:
    """Return a JSON integer; one with too many digits is kept as text."""
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def _json_entry(item: Any, base: str, values: Values) -> Announcement | None:
    if not isinstance(item, dict):
        values.skipped["announcement-malformed"] += 1
        return None
    identifier = item.get("id")
    link = item.get("url") or item.get("external_url")
    if not link and isinstance(identifier, str) and is_web_url(identifier):
        link = identifier
    url = values.url(base, link)
    if url is None:
        return None
    authors = item.get("authors") or item.get("author")
    authors = authors if isinstance(authors, list) else [authors]
    author_names = [
        author.get("name") if isinstance(author, dict) else author for author in authors
    ]
    published = values.timestamp(item.get("date_published"))
    modified = values.timestamp(item.get("date_modified"))
    known = isinstance(identifier, str | int) and not isinstance(identifier, bool)
    hints: dict[str, Any] = {
        "guid": line(str(identifier)) if known else None,
        "headline": line(item.get("title")),
        "byline": lines(author_names),
        "tags": lines(item.get("tags")),
    }
    if published is not None and published.moment is not None:
        hints["published"] = published.moment.isoformat()
    return Announcement(
        url=url,
        published=at(published),
        modified=at(modified),
        hints={name: value for name, value in hints.items() if value},
    )


def _deduplicated(entries: Iterable[Announcement]) -> tuple[Announcement, ...]:
    by_key: dict[str, Announcement] = {}
    for entry in entries:
        by_key.setdefault(url_key(entry.url), entry)
    return tuple(by_key.values())
