"""Feeds: RSS 0.9x to 2.0, RDF, Atom and JSON Feed, malformed ones too."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from crawler.discovery.errors import NotAFeed
from crawler.discovery.periods import PERIODS
from crawler.pipelines.clean import clean_line
from storage.addresses import absolute, is_web_url, url_key
from storage.records import Announcement, Wishes

if TYPE_CHECKING:
    from collections.abc import Iterable

# Longest feed seen in the wild is some 2,000 entries; what is beyond is a mistake or an attack.
MAX_ENTRIES = 10_000
_TAG = re.compile(r"<[^<>]{1,200}>")
_MOMENTS = ("published", "published_parsed", "updated", "updated_parsed")
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# What a channel says of itself stands before its entries.
_HEAD = 64 * 1024
_HTML_STARTS = (b"<!doctype html", b"<html")


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its title and language, and what it announces, each address once."""

    title: str | None
    language: str | None
    announcements: tuple[Announcement, ...]
    wishes: Wishes = field(default_factory=Wishes)


def parse_feed(body: bytes, url: str, content_type: str = "") -> Feed:
    """Read a feed that came from ``url``.

    Raises:
        NotAFeed: the bytes are something else; the reason says what.
    """
    start = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise NotAFeed(url, "it is empty")
    if start.startswith(b"{"):
        return _json_feed(body, url)
    # XHTML pages may begin with an XML declaration.
    if start.startswith(_HTML_STARTS) or (b"<html" in start and b"<rss" not in start):
        raise NotAFeed(url, "it is an HTML page")
    return _xml_feed(body, url, content_type)


def _xml_feed(body: bytes, url: str, content_type: str) -> Feed:
    import feedparser

    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    parsed = feedparser.parse(body, response_headers=headers, sanitize_html=False)
    if not parsed.version and not parsed.entries:
        reason = parsed.get("bozo_exception") or "no feed element in it"
        raise NotAFeed(url, " ".join(str(reason).split())[:200])
    head = parsed.feed
    entries = (_xml_entry(entry, url) for entry in parsed.entries[:MAX_ENTRIES])
    return Feed(
        title=_text(head.get("title")),
        language=_text(head.get("language")),
        announcements=_once(entry for entry in entries if entry is not None),
        wishes=_wishes(head, body),
    )


def _wishes(head: Any, body: bytes) -> Wishes:
    """How often the feed wants to be asked: RSS's ttl, skipHours and skipDays, RDF's syndication
    module (https://web.resource.org/rss/1.0/modules/syndication/)."""
    ttl = str(head.get("ttl") or "").strip()
    period = PERIODS.get(str(head.get("sy_updateperiod") or "").strip().lower())
    times = str(head.get("sy_updatefrequency") or "1").strip()
    usual = None
    if period is not None:
        usual = period // max(1, min(int(times), period)) if times.isdigit() else period
    hours = {int(h) % 24 for h in _skipped(body, b"hour") if h.isdigit() and int(h) <= 24}
    days = {_DAYS.index(d.lower()[:3]) for d in _skipped(body, b"day") if d.lower()[:3] in _DAYS}
    return Wishes(
        least_minutes=int(ttl) if ttl.isdigit() and 0 < int(ttl) < 10**6 else None,
        usual_minutes=usual, skip_hours=tuple(sorted(hours)), skip_days=tuple(sorted(days)),
    )  # fmt: skip


def _skipped(body: bytes, unit: bytes) -> list[str]:
    """What stands in <skipHours> or <skipDays>, of which feedparser says nothing."""
    block = re.search(rb"<skip%ss\s*>(.{1,2000}?)</skip%ss\s*>" % (unit, unit), body[:_HEAD],
                      re.IGNORECASE | re.DOTALL)  # fmt: skip
    if block is None:
        return []
    found = re.findall(rb"<%s\s*>\s*([^<>]{1,20}?)\s*</" % unit, block[1], re.IGNORECASE)
    return [one.decode("latin-1") for one in found]


def _xml_entry(entry: Any, base: str) -> Announcement | None:
    link = entry.get("feedburner_origlink") or entry.get("link") or ""
    if not link and is_web_url(entry.get("id", "")):
        link = entry["id"]
    address = absolute(base, link) if link else None
    if address is None:
        return None
    hints: dict[str, Any] = {"guid": entry.get("id")}
    hints["headline"] = _text(_untagged(entry.get("title", "")))
    authors = [_text(a.get("name")) for a in entry.get("authors", ())]
    hints["byline"] = [name for name in authors if name and "@" not in name]
    # dict.get: feedparser's own answers "updated" for "published", with a warning.
    said = {name: dict.get(entry, name) for name in _MOMENTS}
    hints["published"] = said["published"] or said["updated"]
    hints["tags"] = [t for t in (_text(tag.get("term")) for tag in entry.get("tags", ())) if t]
    published = _moment(said["published"], said["published_parsed"])
    modified = _moment(said["updated"], said["updated_parsed"])
    return Announcement(
        url=address,
        published=published or modified,
        modified=modified,
        hints={name: value for name, value in hints.items() if value},
    )


def _json_feed(body: bytes, url: str) -> Feed:
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAFeed(url, f"it looks like JSON but is not: {error}") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotAFeed(url, "it is JSON without a list of items")
    entries = (_json_entry(i, url) for i in feed["items"][:MAX_ENTRIES] if isinstance(i, dict))
    return Feed(
        title=_text(feed.get("title")),
        language=_text(feed.get("language")),
        announcements=_once(entry for entry in entries if entry is not None),
    )


def _json_entry(item: dict[str, Any], base: str) -> Announcement | None:
    identifier = item.get("id")
    link = item.get("url") or item.get("external_url")
    if not link and isinstance(identifier, str) and is_web_url(identifier):
        link = identifier
    address = absolute(base, link) if isinstance(link, str) and link else None
    if address is None:
        return None
    authors = item.get("authors") or [item.get("author")]
    names = [_text(a.get("name")) for a in authors if isinstance(a, dict)]
    published, modified = _text(item.get("date_published")), _text(item.get("date_modified"))
    hints: dict[str, Any] = {
        "guid": _text(str(item.get("id") or "")),
        "headline": _text(item.get("title")),
        "byline": [name for name in names if name],
        "published": published,
    }
    return Announcement(
        url=address,
        published=_moment(published, None),
        modified=_moment(modified, None),
        hints={name: value for name, value in hints.items() if value},
    )


def _once(entries: Iterable[Announcement]) -> tuple[Announcement, ...]:
    by_key: dict[str, Announcement] = {}
    for entry in entries:
        by_key.setdefault(url_key(entry.url), entry)
    return tuple(by_key.values())


def _moment(text: str | None, parsed: Any) -> datetime | None:
    """The moment an entry claims: as written where that can be read, else as feedparser did."""
    if text:
        for read in (datetime.fromisoformat, parsedate_to_datetime):
            try:
                moment = read(text.strip())
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if parsed is None:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (ValueError, TypeError):
        return None


def _untagged(title: str) -> str:
    """A title that may be HTML, as text."""
    return html.unescape(_TAG.sub("", title))


def _text(value: Any) -> str | None:
    # JSON can say what no database takes.
    return (clean_line(" ".join(value.split())) or None) if isinstance(value, str) else None
