"""When an article was published and changed: the best of what its page claims."""

from __future__ import annotations

import re
from datetime import time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler.extraction.blocks.own_place import beginning_of, heading_of, own_elements
from crawler.extraction.dates import formats
from crawler.extraction.fields.json_ld import text_of
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime, tzinfo

    from crawler.extraction.blocks.block import Place
    from crawler.extraction.blocks.walk import Walk
    from crawler.extraction.fields.metadata import Metadata

_PUBLISHED_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished",
    "date", "dc.date.issued", "dc.date.created", "dcterms.created", "dcterms.date", "dc.date",
    "dcterms.issued", "publish-date", "publishdate", "publish_date", "pubdate", "publicationdate",
    "publication_date", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "article.published", "published", "last-published", "release_date",
    "citation_publication_date", "citation_date", "article_date_original", "originalpublicationdate",
    "displaydate", "date.release", "iso-8601-publish-date", "rnews:datepublished", "bt:pubdate",
    "datecreated", "article:published", "published-date", "published_date", "date-published",
    "date_published", "publication-date", "pub_date", "article:publish_date", "dc.date.published",
)  # fmt: skip
_MODIFIED_METAS = (
    "article:modified_time", "og:updated_time", "og:article:modified_time", "datemodified",
    "dcterms.modified", "dc.date.modified", "last-modified", "lastmod", "revised",
    "cxenseparse:modifiedtime", "article:modified", "last-updated", "updated", "modified-date",
)  # fmt: skip
_NEAR = 25
# The earliest hour of UTC at which a day begins elsewhere (in Kiribati).
_FARTHEST_MIDNIGHT = 10
# A page's own state, as its scripts carry it: "firstPublished":"2026-01-29 18:40".
_IN_SCRIPT = re.compile(
    rb"(?:(?<=[pP])ubli(?:sh|cation)[a-z_]{0,30}|(?<=[pP])ub_?date|deployDt|createDate|insertDate|regDate)"
    rb"[\"'\\]{0,6}\s{0,6}[:=]\s{0,6}[\"'\\]{0,6}(\d{4}[-./]?\d{2}[-./]?\d{2}[^\"'\\,}<]{0,22})",
    re.IGNORECASE,
)
# How those names are written; finding the few that occur is quicker than trying all everywhere.
_SCRIPT_WORDS = (b"ublish", b"UBLISH", b"ublication", b"ubDate", b"ubdate", b"ub_date", b"deployDt",
                 b"createDate", b"insertDate", b"regDate")  # fmt: skip
_SCRIPT_REACH = 2_000_000

Found = tuple[StatedTimestamp, str]


def published(
    meta: Metadata, walk: Walk, chosen: Sequence[int], zone: tzinfo, now: datetime | None,
    hints: dict[str, Any],
) -> Found | None:  # fmt: skip
    """The publication timestamp and where it came from; never in the future, never by default."""
    best: Found | None = None
    for moment, source in _claims(meta, walk, chosen, zone, hints):
        sound = formats.plausible(_without_false_time(moment, zone), now)
        if sound is None:
            continue
        if best is None:
            best = (sound, source)
        # A day is completed by a later claim of the same day that has the time as well.
        elif not sound.day_only and _days(sound, zone) & _days(best[0], zone):
            return sound, source
        if not best[0].day_only:
            return _day_told(best, meta, walk, chosen, zone)
    if best is not None:
        return best
    last = (
        (formats.plausible(moment, now), source)
        for moment, source in _last_claims(meta, walk, chosen, zone)
    )
    told = next(((moment, source) for moment, source in last if moment is not None), None)
    if told is not None:
        return told
    # A page that states only its last update is dated by that, and the source says so.
    updated = modified(meta, zone, now)
    return None if updated is None else (updated[0], "modified")


def _days(moment: StatedTimestamp, zone: tzinfo) -> set[date]:
    """The days that a timestamp may mean: by its own clock, and by that of its source."""
    return {moment.at.date()} if moment.day_only else {
        moment.at.date(), moment.at.astimezone(zone).date()}  # fmt: skip


def _without_false_time(moment: StatedTimestamp | None, zone: tzinfo) -> StatedTimestamp | None:
    """A day that was written as a timestamp in UTC, as the day that was meant.

    Software makes a day ``2026-03-12T00:00:00Z``, which is the evening before in America, or by
    the local midnight ``2026-03-11T23:00:00Z``, which is the next day in Paris.
    """
    if moment is None or moment.day_only or not moment.zoned or moment.offset_minutes:
        return moment
    local = moment.at.astimezone(zone)
    if local.date() == moment.at.date():
        return moment
    if moment.at.time() == time():
        return StatedTimestamp(moment.at.replace(tzinfo=zone), zoned=False, day_only=True)
    if local.time() == time():
        return StatedTimestamp(local, zoned=False, day_only=True)
    return moment


def _day_told(
    found: Found, meta: Metadata, walk: Walk, chosen: Sequence[int], zone: tzinfo
) -> Found:  # fmt: skip
    """``found``, or the next day where that is its local midnight and the page shows that day."""
    moment = found[0]
    at = moment.at
    may_be_midnight = at.minute in (0, 30) and not at.second and at.hour >= _FARTHEST_MIDNIGHT
    if moment.day_only or moment.offset_minutes != 0 or not may_be_midnight:
        return found
    told = [formats.from_url(meta.page.url, zone)]
    told += [m for m, source in _last_claims(meta, walk, chosen, zone) if source == "text"]
    tomorrow = (at + timedelta(days=1)).date()
    days = [one for one in told if one is not None]
    if days and all(one.at.date() == tomorrow for one in days[:2]) and days[0].day_only:
        return StatedTimestamp(days[0].at, zoned=False, day_only=True), found[1]
    return found


def _claims(
    meta: Metadata, walk: Walk, chosen: Sequence[int], zone: tzinfo, hints: dict[str, Any]
) -> Iterator[tuple[StatedTimestamp | None, str]]:
    language = meta.page.language
    for name in ("datePublished", "dateCreated", "uploadDate"):
        yield formats.parse_value(meta.node.get(name), zone, language), "json-ld"
    for name in _PUBLISHED_METAS:
        value = meta.page.meta(name)
        if value:
            yield formats.parse_value(value, zone, language), "meta"
    for name in ("datePublished", "dateCreated"):
        for value, _ in meta.items.get(name, ()):
            yield formats.parse_value(value, zone, language), "microdata"
    for value in _time_elements(meta, walk, chosen):
        yield formats.parse_value(value, zone, language), "time"
    yield formats.parse_value(hints.get("published"), zone, language), "feed"
    for node in meta.nodes:
        yield formats.parse_value(text_of(node.get("datePublished")), zone, language), "json-ld"
    yield formats.from_url(meta.page.url, zone), "url"


def _last_claims(
    meta: Metadata, walk: Walk, chosen: Sequence[int], zone: tzinfo
) -> Iterator[tuple[StatedTimestamp | None, str]]:
    """Claims that cost a search through the whole page, for where nothing else is said."""
    for value in _in_scripts(meta.page.data[:_SCRIPT_REACH], read=bool(meta.graph.nodes)):
        yield formats.parse_machine(value, zone), "script"
    for text, source in _texts(meta, walk, chosen):
        yield formats.parse_words(text, meta.page.language, zone), source


def _in_scripts(data: bytes, *, read: bool) -> Iterator[str]:
    """Moments that scripts call one of publication, in their order.

    ``read`` says that the page's JSON-LD could be read, so that what is left in it is another's.
    """
    places = []
    for word in _SCRIPT_WORDS:
        at = data.find(word)
        while at >= 0:
            places.append(at)
            at = data.find(word, at + 1)
    for at in sorted(places):
        match = _IN_SCRIPT.match(data, at)
        if match and not (read and _is_in_json_ld(data, at)):
            yield match[1].decode("ascii", "replace")


def _is_in_json_ld(data: bytes, at: int) -> bool:
    script = data.rfind(b"<script", 0, at)
    return script >= 0 and b"ld+json" in data[script : data.find(b">", script)]


# The own timestamp of a page stands before so many others.
_MOST_TIMES = 1_000


def _time_elements(meta: Metadata, walk: Walk, chosen: Sequence[int]) -> Iterator[str]:
    """``datetime`` of the page's ``<time>`` elements, those said to be of publication first."""
    later: list[str] = []
    own = own_elements(walk, chosen)
    for element in islice(meta.page.root.iter("time"), _MOST_TIMES):
        value = element.get("datetime") or element.get("content") or ""
        if not value:
            continue
        around = " ".join(
            (node.get("class") or "") + " " + (node.text or "")
            for node in (element, element.getparent()) if node is not None
        )  # fmt: skip
        labelled = _is_label(_before(element))
        said = (
            labelled
            or element.get("pubdate") is not None
            or formats.PUBLISHED_WORDS.search(around) is not None
        )
        if not said and formats.MODIFIED_WORDS.search(around):
            continue
        if _is_foreign(element, own, _ELSEWHERE if labelled else _FOREIGN):
            continue
        if said:
            yield value
        else:
            later.append(value)
    yield from later[:1]


def _before(element: Any) -> str:
    """The words of what stands before an element or the one around it: "Published"."""
    for node in (element, element.getparent()):
        previous = node.getprevious() if node is not None else None
        if previous is not None and isinstance(previous.tag, str):
            return beginning_of(previous, _LONGEST_LABEL)
    return ""


def _is_label(text: str) -> bool:
    """Return whether a text says of the next one that it is the timestamp of publication."""
    return (
        len(text) <= _LONGEST_LABEL
        and formats.PUBLISHED_WORDS.search(text) is not None
        and not formats.has_date(text)
    )


_LONGEST_LABEL = 25
_FOREIGN_TAGS = frozenset({"nav", "footer"})
_FOREIGN = re.compile(
    r"relat|teaser|recommend|sidebar|more-|most-|card|item|comment|kommentar|disqus|repl(?:y|ies)|discuss"
)


def _is_foreign(element: Any, own: set[Any], words_of_others: re.Pattern[str]) -> bool:
    """Whether the element belongs to a comment or to another article that the page tells of."""
    node = element.getparent()
    while node is not None and node not in own:
        if node.tag in _FOREIGN_TAGS or (node.tag == "article" and own):
            return True
        if node.tag == "li" and words_of_others is _FOREIGN:
            return True
        if node.tag == "aside" and len(beginning_of(node, _LONGEST_LINE)) > _LONGEST_LINE:
            return True
        words = f"{node.get('class') or ''} {node.get('id') or ''}".lower()
        if words_of_others.search(words):
            return True
        node = node.getparent()
    return False


def _texts(meta: Metadata, walk: Walk, chosen: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Short blocks around the headline and at the end of the text that hold a date.

    Each with its source: ``text``, or ``modified`` where it dates the last update.
    """
    heading = heading_of(walk, chosen)
    first = chosen[0] if chosen else 0
    last = chosen[-1] if chosen else 0
    begin = min(heading if heading is not None else first, first)
    order = [
        *_up_to_heading(walk, begin, _NEAR, last),
        *range(max(0, begin - 8), begin),
        *_up_to_heading(walk, last + 1, 5, last),
    ]
    own, inside = own_elements(walk, chosen), set(chosen)
    labelled: list[str] = []
    plain: list[str] = []
    updated: list[str] = []
    for i in dict.fromkeys(order):
        text = walk.blocks[i].text
        if len(text) > 160 or not formats.has_date(text):
            continue
        modified = formats.MODIFIED_WORDS.search(text)
        if modified is not None and formats.has_date(text[: modified.start()]):
            # "5 March, 9:30 - updated 6 March": the first is the publication.
            text, modified = text[: modified.start()], None
        if i not in inside and _is_said_elsewhere(walk.blocks[i].place, own):
            continue
        said = formats.PUBLISHED_WORDS.search(text)
        if said:
            labelled.append(text[said.start() :])
        elif i and _is_label(walk.blocks[i - 1].text):
            labelled.append(text)
        elif modified is not None:
            updated.append(text[modified.start() :])
        elif (i not in inside or len(text) < 60) and not _is_sentence(text):
            plain.append(text)
    yield from ((text, "text") for text in (*labelled, *plain))
    for i in chosen[:_DATELINES]:
        line = _LEADING.match(walk.blocks[i].text)
        if line and formats.has_date(line[1]):
            yield line[1], "text"
    if meta.page.title and formats.has_date(meta.page.title):
        yield meta.page.title, "text"
    yield from ((text, "modified") for text in updated)


def _up_to_heading(walk: Walk, begin: int, most: int, last: int) -> Iterator[int]:
    """The blocks from ``begin``, up to a heading after the text: what it heads is of others."""
    for i in range(begin, min(begin + most, len(walk.blocks))):
        block = walk.blocks[i]
        if i > last > 0 and block.tag in _HEADINGS and not _is_label(block.text):
            return
        yield i


def _is_sentence(text: str) -> bool:
    """Return whether a text tells something: the day in it is that of what it tells."""
    return text.rstrip(" \"'”»)")[-1:] in _ENDS and len(text.split()) >= _FEWEST_OF_SENTENCE


_LONGEST_LINE = 200
# A text may begin with its date: "27.1.2022 - The council met", "(21. November 2022) Whoever".
_DATELINES = 2
_LEADING = re.compile(r"\(?([^()–—|]{6,40}?)\s*(?:[)–—|]|\s-\s)")
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_ENDS = (".", "!", "?", "…", "।", "۔", "؟")
_FEWEST_OF_SENTENCE = 8
_ELSEWHERE = re.compile(r"relat|teaser|recommend|sidebar|comment|kommentar|disqus|repl(?:y|ies)\b")


def _is_said_elsewhere(place: Place | None, own: set[Any]) -> bool:
    """As :func:`_is_foreign`, for a block: lines of metadata are lists and cards too."""
    while place is not None and place.element not in own:
        aside = place.tag == "aside" and place.chars > _LONGEST_LINE
        if aside or place.tag == "article" or _ELSEWHERE.search(place.words):
            return True
        place = place.parent
    return False


def modified(meta: Metadata, zone: tzinfo, now: datetime | None) -> Found | None:
    """The timestamp of the last change, where the page states one."""
    for value, source in _modified_claims(meta):
        read = formats.parse_value(value, zone, meta.page.language)
        moment = formats.plausible(_without_false_time(read, zone), now)
        if moment is not None:
            return moment, source
    return None


def _modified_claims(meta: Metadata) -> Iterator[tuple[Any, str]]:
    yield meta.node.get("dateModified"), "json-ld"
    for name in _MODIFIED_METAS:
        yield meta.page.meta(name), "meta"
    for value, _ in meta.items.get("dateModified", ()):
        yield value, "microdata"
