"""Parse the values of feeds and sitemaps, of any type and size; count the unusable ones.

The one place where a bad value of an announcement is turned away: nothing that a publisher
writes raises, and nothing is left out without a count.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

from crawler.extraction.clean import clean_line
from crawler.extraction.dates.timestamps import read_timestamp
from storage.text.urls import resolve_url

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.extraction.dates.timestamps import Timestamp

# The longest text that an announcement keeps, and the longest number that is one.
_MAX_CHARS = 2_000
_COUNT = re.compile(r"\d{1,7}", re.ASCII)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]{0,15})(\s[^<>]*)?/?>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_VOID = frozenset(("br", "img", "wbr", "hr"))
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)
_INVISIBLE = frozenset(("script", "style"))


class Values:
    """Parses the values of one endpoint; ``skipped`` counts the unusable ones per cause."""

    def __init__(self, language: str | None = None) -> None:
        self.language = language
        self.skipped: Counter[str] = Counter()

    def timestamp(self, value: Any) -> Timestamp | None:
        """Parse a timestamp; an unusable one is counted."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        found = read_timestamp(value, UTC, self.language)
        if found is None:
            self.skipped["announcement-timestamp"] += 1
        return found

    def url(self, base: str, link: Any) -> str | None:
        """Return ``link`` as an absolute URL; an unusable one is counted."""
        written = unwrapped(link).strip() if isinstance(link, str) else ""
        # "&amp;amp;": escaped twice, which no URL is on purpose.
        written = html.unescape(written) if "&amp;" in written else written
        found = resolve_url(base, written) if written else None
        if found is None:
            self.skipped["announcement-url"] += 1
        return found


def at(found: Timestamp | None) -> datetime | None:
    """Return the datetime of a timestamp."""
    return None if found is None else found.at


def line(value: Any) -> str | None:
    """Return a text as one clean line; ``None`` for other types, or an empty text."""
    if not isinstance(value, str):
        return None
    # JSON can say what no database takes.
    return clean_line(" ".join(value[: 4 * _MAX_CHARS].split()))[:_MAX_CHARS] or None


def lines(values: Any) -> list[str]:
    """Return the texts of a list, each as one clean line."""
    if not isinstance(values, list | tuple):
        return []
    return [found for value in values[:100] if (found := line(value))]


def unwrapped(text: str) -> str:
    """Return ``text`` without the markers of an escaped CDATA section."""
    return _CDATA.sub(r"\1", text)


def count(value: Any, maximum: int) -> int | None:
    """Return a whole number from 1 to ``maximum``."""
    text = str(value).strip() if isinstance(value, str | int) else ""
    number = int(text) if _COUNT.fullmatch(text) else 0
    return number if 0 < number <= maximum else None


def without_markup(text: str) -> str:
    """Return a title that may be HTML as text.

    Elements that are closed, void or have attributes are markup; ``how <script> works`` and
    ``a < b`` are words.
    """
    text = unwrapped(text[: 4 * _MAX_CHARS])
    dropped: list[tuple[int, int]] = []
    begun: dict[str, list[re.Match[str]]] = {}
    for tag in _TAG.finditer(text) if "<" in text else ():
        name = (tag[2] or "").lower()
        if not name or name in _VOID:
            dropped.append(tag.span())
        elif not tag[1]:
            begun.setdefault(name, []).append(tag)
        elif begun.get(name):
            start = begun[name].pop()
            spans = [start.span(), tag.span()]
            dropped += [(start.start(), tag.end())] if name in _INVISIBLE else spans
    dropped += [tag.span() for tags in begun.values() for tag in tags if tag[3] and "=" in tag[3]]
    kept, at = [], 0
    for first, last in sorted(dropped):
        if last > at:
            kept.append(text[at : max(at, first)])
            # A break or picture parts words.
            kept.append(" " if text[first + 1 : first + 3].lower() in ("br", "hr", "im") else "")
            at = last
    return html.unescape("".join([*kept, text[at:]]))
