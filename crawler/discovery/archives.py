"""Find a site's older pages: sitemaps and archive pages by date, paginated lists, numbers. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.discovery.listings import parse_listing
from crawler.extraction.dates.timestamps import read_timestamp
from crawler.extraction.linked.link_rules import same_site
from crawler.extraction.page.parse import parse_html
from storage.text.urls import resolve_url, url_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storage.types.endpoints import Announcement

# A day more on each side: calendars differ by zone, and an article of midnight is on either page.
_MARGIN = timedelta(days=1)
# One archive page per day: three years of pages.
MAX_DATED_PAGES = 1_100
MAX_NUMBERS = 500
# Addresses that must agree on a pattern before its numbers are tried.
_MIN_AGREEING = 4
# Later than any date range.
END = datetime(9998, 1, 1, tzinfo=UTC)
_NEXT_WORDS = frozenset(
    (
        "next|next page|older|older posts|older articles|suivant|suivante|page suivante|"
        "plus anciens|articles plus anciens|weiter|nächste|nächste seite|ältere|ältere artikel|"
        "siguiente|página siguiente|anteriores|successivo|successiva|pagina successiva|volgende|"
        "oudere|próxima|próximo|seguinte|następna|nästa|næste|sonraki|→|»|›|>|>>|次へ|下一页"
    ).split("|")
)
_PAGE_PARAMETERS = frozenset("page p pg paged seite pagina start offset".split())
_IN_PATH = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<by>[/-])(?P<month>0?[1-9]|1[0-2])"
    r"(?:(?P=by)(?P<day>0?[1-9]|[12]\d|3[01]))?(?P<end>/?|\.html?)$"
)
_IN_ARTICLE = re.compile(r"^(?P<before>.*?/)(?P<year>(?:19|20)\d{2})/(?P<month>0[1-9]|1[0-2])/")
_DATE_IN_URL = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?:[/_-]?(?P<month>0[1-9]|1[0-2]))?"
    r"(?:[/_-]?(?P<day>0[1-9]|[12]\d|3[01]))?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Template:
    """A URL pattern of archive pages, with ``{year}``, ``{month}`` and, per day, ``{day}``."""

    pattern: str
    by_day: bool

    def pages(self, since: datetime, until: datetime) -> Iterator[str]:
        """Yield the archive page URLs of a date range, the newest first."""
        last: date | None = None
        at, first = (until + _MARGIN).date(), (since - _MARGIN).date()
        while at >= first:
            if self.by_day or last is None or (at.year, at.month) != (last.year, last.month):
                yield self.pattern.format(year=at.year, month=at.month, day=at.day)
            last, at = at, at - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list: its articles, the next page, URL templates, and its latest date."""

    articles: tuple[Announcement, ...]
    next_url: str | None
    templates: tuple[Template, ...]
    last: datetime | None = None


def read_list(body: bytes, url: str, content_type: str = "") -> ListPage:
    """Read a page of a list that came from ``url``.

    Raises:
        BadPage: it is no page.
    """
    page = parse_html(body, url, content_type)
    hrefs = [
        (anchor, link)
        for anchor in page.root.iter("a", "link")
        if (link := resolve_url(page.base_url, (anchor.get("href") or "").strip() or "#"))
        is not None
        and same_site(link, url)
    ]
    read = (read_timestamp(one.get("datetime")) for one in page.root.iter("time"))
    return ListPage(
        parse_listing(body, url, content_type).articles,
        _next_page_url(hrefs, url),
        tuple(dict.fromkeys(t for _, link in hrefs if (t := _template(link)) is not None)),
        max((stated.at for stated in read if stated is not None), default=None),
    )


def _next_page_url(hrefs: Sequence[tuple[Any, str]], url: str) -> str | None:
    """Return the next page of a list: by ``rel=next``, by link text, or by page number."""
    own = url_key(url)
    others = [(anchor, link) for anchor, link in hrefs if url_key(link) != own]
    for anchor, link in others:
        if "next" in (anchor.get("rel") or "").lower().split():
            return link
    for anchor, link in others:
        words = " ".join("".join(anchor.itertext()).split()).casefold()
        label = (anchor.get("aria-label") or "").strip().casefold()
        bare = words.strip(" →»›>") or words
        if bare in _NEXT_WORDS or label in _NEXT_WORDS:
            return link
    own_place, number = _page_number(url)
    for _, link in others:
        link_place, link_number = _page_number(link)
        if link_place == own_place and link_number == (number or 1) + 1:
            return link
    return None


def _page_number(url: str) -> tuple[str, int | None]:
    """Return a URL without its page number, and that number."""
    parts = urlsplit(url)
    number: int | None = None
    query = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name.lower() in _PAGE_PARAMETERS and value.isdigit() and len(value) < 7:
            number = int(value)
        else:
            query.append((name, value))
    path = parts.path
    match = re.search(r"/page[/-](\d{1,6})/?$", path)
    if match:
        number, path = int(match[1]), path[: match.start()]
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), urlencode(query), "")), number


def _template(link: str) -> Template | None:
    """Return the template of an archive page's URL: one whose path ends with a date."""
    parts = urlsplit(link)
    match = _IN_PATH.search(parts.path)
    if match is None:
        return None
    month = "{month:02d}" if len(match["month"]) == 2 else "{month}"
    pieces = ["{year}", match["by"], month]
    if match["day"]:
        pieces += [match["by"], "{day:02d}" if len(match["day"]) == 2 else "{day}"]
    before = parts.path[: match.start()]
    if "{" in before or "}" in before:
        return None
    path = before + "".join(pieces) + match["end"]
    return Template(f"{parts.scheme}://{parts.netloc}{path}", bool(match["day"]))


def template_of_articles(urls: Iterable[str]) -> Template | None:
    """Return the monthly archive template of articles whose URLs contain year and month."""
    found: Counter[str] = Counter()
    for url in urls:
        match = _IN_ARTICLE.match(urlsplit(url).path)
        if match and "{" not in match["before"]:
            parts = urlsplit(url)
            found[f"{parts.scheme}://{parts.netloc}{match['before']}{{year}}/{{month:02d}}/"] += 1
    if not found:
        return None
    pattern, count = found.most_common(1)[0]
    return Template(pattern, by_day=False) if count >= _MIN_AGREEING else None


def dated_pages(templates: Sequence[Template], since: datetime, until: datetime) -> list[str]:
    """Return the archive pages of a date range, by the coarsest template."""
    by_month = [one for one in templates if not one.by_day]
    chosen = by_month or list(templates)
    found: list[str] = []
    for one in chosen[:3]:
        found += one.pages(since, until)
    return list(dict.fromkeys(found))[:MAX_DATED_PAGES]


def may_hold(url: str, since: datetime, until: datetime) -> bool:
    """Tell whether a sitemap may list pages of a date range, judging by a date in its URL."""
    parts = urlsplit(url)
    found = list(_DATE_IN_URL.finditer(f"{parts.path}?{parts.query}"))
    if not found:
        return True
    match = found[-1]
    year, month, day = int(match["year"]), match["month"], match["day"]
    first = date(year, int(month or 1), 1)
    if month and day:
        try:
            first = last = date(year, int(month), int(day))
        except ValueError:
            return True
    elif month:
        last = (first + timedelta(days=31)).replace(day=1)
    else:
        last = date(year, 12, 31)
    return first <= (until + _MARGIN).date() and last >= (since - _MARGIN).date()


def is_within(announcement: Announcement, since: datetime, until: datetime) -> bool | None:
    """Tell whether an announcement lies in a date range; ``None`` where nothing tells."""
    if announcement.published is not None:
        return since - _MARGIN <= announcement.published < until + _MARGIN
    match = re.search(
        r"/((?:19|20)\d{2})[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])?(?=[/-])",
        urlsplit(announcement.url).path,
    )
    if match:
        try:
            day = date(int(match[1]), int(match[2]), int(match[3] or 1))
        except ValueError:
            return None
        last = day if match[3] else (day + timedelta(days=31)).replace(day=1)
        return last >= (since - _MARGIN).date() and day <= (until + _MARGIN).date()
    if announcement.modified is not None and announcement.modified < since - _MARGIN:
        # Changed last before the range: it was published before it too.
        return False
    return None


def numbers_between(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the URLs between those of ``before`` and ``after`` that differ in one number:
    between ``/news/1041`` and ``/news/1044`` lie two.

    Nothing where URLs have words of their own, or where the numbers do not rise.
    """
    shapes = [[s for url in urls if (s := _shape(url)) is not None] for urls in (before, after)]
    if len(shapes[0]) + len(shapes[1]) < _MIN_AGREEING or not all(shapes):
        return []
    names = Counter(name for side in shapes for name, _, _ in side)
    name, count = names.most_common(1)[0]
    if count * 4 < 3 * (len(before) + len(after)):
        return []
    low = max((n for shape, n, _ in shapes[0] if shape == name), default=None)
    high = min((n for shape, n, _ in shapes[1] if shape == name), default=None)
    if low is None or high is None or not low < high <= low + MAX_NUMBERS + 1:
        return []
    width = next(w for side in shapes for shape, _, w in side if shape == name)
    return [name.replace("\0", str(n).zfill(width)) for n in range(low + 1, high)]


def _shape(url: str) -> tuple[str, int, int] | None:
    """Return (URL without its last long number, that number, its width with zeros)."""
    parts = urlsplit(url)
    tail = parts.path + ("?" + parts.query if parts.query else "")
    found = list(re.finditer(r"(?<!\d)\d{3,9}(?!\d)", tail))
    if not found:
        return None
    last = found[-1]
    width = len(last[0]) if last[0].startswith("0") else 0
    name = f"{parts.scheme}://{parts.netloc}{tail[: last.start()]}\0{tail[last.end() :]}"
    return name, int(last[0]), width
