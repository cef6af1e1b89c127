"""When an article was published and changed: the best of what its page claims."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler.extraction import dates
from crawler.extraction.structured import text_of
from storage.content import ClaimedMoment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from crawler.extraction.metadata import Metadata
    from crawler.extraction.walk import Walk

_PUBLISHED_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished",
    "date", "dc.date.issued", "dc.date.created", "dcterms.created", "dcterms.date", "dc.date",
    "dcterms.issued", "publish-date", "publishdate", "publish_date", "pubdate", "publicationdate",
    "publication_date", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "article.published", "published", "last-published", "release_date",
    "citation_publication_date", "citation_date", "article_date_original", "originalpublicationdate",
    "displaydate", "date.release", "iso-8601-publish-date", "rnews:datepublished", "bt:pubdate",
    "datecreated", "article:published",
)  # fmt: skip
_MODIFIED_METAS = (
    "article:modified_time", "og:updated_time", "og:article:modified_time", "datemodified",
    "dcterms.modified", "dc.date.modified", "last-modified", "lastmod", "revised",
    "cxenseparse:modifiedtime", "article:modified",
)  # fmt: skip
_NEAR = 25
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

Found = tuple[ClaimedMoment, str]


def published(
    meta: Metadata, walk: Walk, chosen: Sequence[int], zone: tzinfo, now: datetime | None,
    hints: dict[str, Any],
) -> Found | None:  # fmt: skip
    """The publication moment and where it came from; never in the future, never by default."""
    best: Found | None = None
    for moment, source in _claims(meta, walk, chosen, zone, hints):
        sound = dates.plausible(moment, now)
        if sound is None:
            continue
        if best is None:
            best = (sound, source)
        # A day is completed by a later claim of the same day that has the time as well.
        elif not sound.day_only and sound.at.date() == best[0].at.date():
            return sound, source
        if not best[0].day_only:
            return best
    if best is not None:
        return best
    last = (
        (dates.plausible(moment, now), source)
        for moment, source in _last_claims(meta, walk, chosen, zone)
    )
    return next(((moment, source) for moment, source in last if moment is not None), None)


def _claims(
    meta: Metadata, walk: Walk, chosen: Sequence[int], zone: tzinfo, hints: dict[str, Any]
) -> Iterator[tuple[ClaimedMoment | None, str]]:
    for name in ("datePublished", "dateCreated", "uploadDate"):
        yield dates.parse_machine(meta.node.get(name), zone), "json-ld"
    for name in _PUBLISHED_METAS:
        value = meta.page.meta(name)
        if value:
            yield dates.parse_machine(value, zone), "meta"
            if not value[0].isdigit():
                yield dates.parse_words(value, meta.page.language, zone), "meta"
    for name in ("datePublished", "dateCreated"):
        for value, _ in meta.items.get(name, ()):
            yield dates.parse_machine(value, zone), "microdata"
            yield dates.parse_words(value, meta.page.language, zone), "microdata"
    yield from ((dates.parse_machine(v, zone), "time") for v in _time_elements(meta, walk, chosen))
    yield dates.parse_machine(hints.get("published"), zone), "feed"
    for node in meta.nodes:
        yield dates.parse_machine(text_of(node.get("datePublished")), zone), "json-ld"
    yield dates.from_url(meta.page.url, zone), "url"


def _last_claims(
    meta: Metadata, walk: Walk, chosen: Sequence[int], zone: tzinfo
) -> Iterator[tuple[ClaimedMoment | None, str]]:
    """Claims that cost a search through the whole page, for where nothing else is said."""
    for value in _in_scripts(meta.page.data[:_SCRIPT_REACH]):
        yield dates.parse_machine(value, zone), "script"
    for text in _texts(meta, walk, chosen):
        yield dates.parse_words(text, meta.page.language, zone), "text"


def _in_scripts(data: bytes) -> Iterator[str]:
    """Moments that scripts call one of publication, in their order."""
    places = []
    for word in _SCRIPT_WORDS:
        at = data.find(word)
        while at >= 0:
            places.append(at)
            at = data.find(word, at + 1)
    for at in sorted(places):
        match = _IN_SCRIPT.match(data, at)
        if match:
            yield match[1].decode("ascii", "replace")


# The own moment of a page stands before so many others.
_MOST_TIMES = 1_000


def _time_elements(meta: Metadata, walk: Walk, chosen: Sequence[int]) -> Iterator[str]:
    """``datetime`` of the page's ``<time>`` elements, those said to be of publication first."""
    later: list[str] = []
    for element in islice(meta.page.root.iter("time"), _MOST_TIMES):
        value = element.get("datetime") or element.get("content") or ""
        if not value:
            continue
        around = " ".join(
            (node.get("class") or "") + " " + (node.text or "")
            for node in (element, element.getparent()) if node is not None
        )  # fmt: skip
        if dates.MODIFIED_WORDS.search(around) and not dates.PUBLISHED_WORDS.search(around):
            continue
        if element.get("pubdate") is not None or dates.PUBLISHED_WORDS.search(around):
            yield value
        elif not _in_teaser(element):
            later.append(value)
    yield from later[:1]


def _in_teaser(element: Any) -> bool:
    """Whether the element stands in a list of other articles, each of which has its own moment."""
    node = element.getparent()
    while node is not None:
        if node.tag in ("aside", "nav", "footer", "li"):
            return True
        words = f"{node.get('class') or ''}".lower()
        if re.search(r"relat|teaser|recommend|sidebar|more-|most-|card|item", words):
            return True
        node = node.getparent()
    return False


def _texts(meta: Metadata, walk: Walk, chosen: Sequence[int]) -> Iterator[str]:
    """Short blocks around the headline and at the end of the text that hold a date."""
    heading = next((i for i, b in enumerate(walk.blocks) if b.tag == "h1"), None)
    first = chosen[0] if chosen else 0
    last = chosen[-1] if chosen else 0
    begin = min(heading if heading is not None else first, first)
    order = [
        *range(begin, min(begin + _NEAR, len(walk.blocks))),
        *range(max(0, begin - 8), begin),
        *range(last + 1, min(last + 6, len(walk.blocks))),
    ]
    labelled: list[str] = []
    plain: list[str] = []
    for i in dict.fromkeys(order):
        text = walk.blocks[i].text
        if len(text) > 160 or not dates.has_date(text):
            continue
        modified = dates.MODIFIED_WORDS.search(text)
        if modified is not None and dates.has_date(text[: modified.start()]):
            # "5 March, 9:30 - updated 6 March": the first is the publication.
            text, modified = text[: modified.start()], None
        said = dates.PUBLISHED_WORDS.search(text)
        if said:
            labelled.append(text[said.start() :])
        elif (modified is None and i not in chosen) or (modified is None and len(text) < 60):
            plain.append(text)
    yield from labelled
    yield from plain
    if meta.page.title and dates.has_date(meta.page.title):
        yield meta.page.title


def modified(meta: Metadata, zone: tzinfo, now: datetime | None) -> Found | None:
    """The moment of the last change, where the page states one."""
    for value, source in _modified_claims(meta):
        moment = dates.plausible(dates.parse_machine(value, zone), now)
        if moment is not None:
            return moment, source
    return None


def _modified_claims(meta: Metadata) -> Iterator[tuple[Any, str]]:
    yield meta.node.get("dateModified"), "json-ld"
    for name in _MODIFIED_METAS:
        yield meta.page.meta(name), "meta"
    for value, _ in meta.items.get("dateModified", ()):
        yield value, "microdata"
