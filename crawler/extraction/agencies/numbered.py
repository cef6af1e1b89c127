"""Pages of agencies whose items are numbered: the header line, and lists of numbered items.

``Paris - Publié le jeudi 23 septembre 2021 à 14 h 35 - n° 13313`` above an article;
``Entretien n° 12681 • 11/05/21 à 16:39`` under each item of a list. It knows the form only,
no words of one agency.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.extraction.agencies.french_dates import find_moments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from crawler.extraction.blocks.block import RawBlock
    from storage.types.content import StatedTimestamp

_NUMBER = r"(?:n\s?[°ºo]\.?|no\.|nº|№|#)[\s\u00a0\u202f]*(?P<number>\d{1,12})(?!\d)"
_NUMBERED = re.compile(_NUMBER, re.IGNORECASE)
_SAID = re.compile(r"\bpublié[es]*\b|\bmise?s?\s+à\s+jour\b|\bmàj\b|\bmodifié[es]*\b|\bmis\s+en\s+ligne\b",
                   re.IGNORECASE)  # fmt: skip
_PARTS = re.compile(r"\s+[-–—|•·]\s+|\s*[|•·]\s*")
# "Entretien n° 12681 • 11/05/21 à 16:39", "n° 13313", "Organisation n° 260 - 11/04/16".
_META = re.compile(
    rf"(?:(?P<kind>[^\W\d_][^\d•|·:.!?]{{1,40}}?)[\s\u00a0]+)?{_NUMBER}(?:\s*[•·|,–-]?\s*(?P<when>.+))?",
    re.IGNORECASE,
)
_PLACE = re.compile(r"[A-ZÀ-Ý][^\W\d]*(?:[ '’-][^\W\d]+){0,4}(?: \([^()\d]{2,20}\))?")
_PLACE_CLASS = re.compile(r"ville|lieu|city|place\b|location|dateline")
_MAX_HEADER = 160
_MAX_META = 90
_MAX_PLACE = 40
# Most blocks between the title of a list item and its line of number and timestamp.
_MAX_ITEM = 14
_LIST_HEADING = 60


@dataclass(frozen=True, slots=True)
class Header:
    """What the line above an article says; ``end`` is where in its block it ends."""

    end: int
    number: str | None = None
    kind: str | None = None
    place: str | None = None
    published: StatedTimestamp | None = None
    modified: StatedTimestamp | None = None


def parse_header(text: str, zone: tzinfo, now: datetime | None = None) -> Header | None:
    """Read a header at the beginning of ``text``; ``None`` where there is none.

    A header has the timestamp of publication or change, and usually a number. A product, a place and
    a kind may precede them. The rest of the block does not belong to it.
    """
    head = text[: _MAX_HEADER * 2]
    said = _SAID.search(head)
    if said is None or said.start() > _MAX_HEADER:
        return None
    moments = [m for m in find_moments(head, zone, now) if m.start >= said.end()]
    if not moments or moments[0].start > said.end() + 30:
        return None
    kept = moments[:1]
    for moment in moments[1:]:
        if moment.label != "modified" or moment.start > kept[-1].end + 40:
            break
        kept.append(moment)
    end = kept[-1].end
    number = _near_number(head, said.start(), end)
    if number is not None and number.start() >= end:
        end = number.end()
    published = next((m.moment for m in kept if m.label != "modified"), None)
    modified = next((m.moment for m in kept if m.label == "modified"), None)
    kind, place = _before(head[: said.start()])
    return Header(
        _after_rule(text, end), number["number"] if number else None, kind, place, published,
        modified,
    )  # fmt: skip


def header_with_lines(header: Header, blocks: Sequence[RawBlock], title: int, at: int) -> Header:
    """Add the number and place from the lines beside ``header``, which is in block ``at``."""
    number, place, kind = header.number, header.place, header.kind
    for i in range(max(0, at - 3), min(at + 4, len(blocks))):
        text = blocks[i].text.strip(" \u00a0-–—|•·")
        match = _META.fullmatch(text)
        if number is None and i != at and match is not None and match["when"] is None:
            number, kind = match["number"], kind or match["kind"]
        elif place is None and title < i < at and _is_place(blocks[i], text):
            place = text
    return replace(header, number=number, place=place, kind=kind)


def _is_place(block: RawBlock, text: str) -> bool:
    """Return whether a line is the place of a dateline; a single word may also be a kind."""
    ruled = block.text.rstrip()[-1:] in "-–—|•·"
    called = _PLACE_CLASS.search(block.place.words) is not None
    return (ruled or called) and not block.linked and _PLACE.fullmatch(text) is not None


def is_header_line(text: str, header: Header) -> bool:
    """Return whether a block holds no more than the header's place or number."""
    line = text.strip(" \u00a0-–—|•·")
    if header.place is not None and line == header.place:
        return True
    match = _META.fullmatch(line) if header.number is not None else None
    return match is not None and match["when"] is None and match["number"] == header.number


def _near_number(head: str, start: int, end: int) -> re.Match[str] | None:
    for match in _NUMBERED.finditer(head):
        between = head[end : match.start()]
        if match.end() <= start or start <= match.start() < end or (
            match.start() >= end and not between.strip(" \u00a0-–—|•·,")
        ):  # fmt: skip
            return match
    return None


def _before(text: str) -> tuple[str | None, str | None]:
    """(kind, place) from what stands before the word that says "published"."""
    text = text.rstrip()
    ruled = text[-1:] in "-–—|•·"
    parts = [part.strip(" -–—|•·") for part in _PARTS.split(text)]
    parts = [part for part in parts if part]
    kind = None
    if parts and _NUMBERED.search(parts[-1]):
        kind = _NUMBERED.sub("", parts.pop()).strip() or None
        ruled = True
    elif parts and not ruled:
        # "Projet Publié le …": nothing parts the kind from what follows.
        kind = parts.pop()
    place = parts[-1] if parts else None
    if place is not None and (len(place) > _MAX_PLACE or re.search(r"\d", place)):
        place = None
    return (kind if kind is None or len(kind) <= _MAX_PLACE else None), place


def _after_rule(text: str, end: int) -> int:
    """Return where the text begins after the header and the dash or point behind it."""
    rest = re.compile(r"[\s\u00a0]*(?:[-–—|•·][\s\u00a0]*)?").match(text, end)
    return rest.end() if rest else end


@dataclass(frozen=True, slots=True)
class Numbered:
    """One item of a list: its linked title, teaser, kind, number and timestamp.

    ``blocks`` are the indexes of all blocks that it is made of.
    """

    title: str
    href: str
    teaser: str | None
    kind: str | None
    number: str
    moment: StatedTimestamp | None
    blocks: tuple[int, ...]


def parse_meta(
    text: str, zone: tzinfo, now: datetime | None = None
) -> tuple[str | None, str, StatedTimestamp | None] | None:
    """Parse a line that holds only a kind, a number and a timestamp."""
    if len(text) > _MAX_META:
        return None
    match = _META.fullmatch(text.strip(" \u00a0-–—|•·()[]"))
    if match is None:
        return None
    when = match["when"]
    found = find_moments(when, zone, now) if when else []
    if when and (not found or len(when) > found[0].end - found[0].start + 4):
        return None
    kind = match["kind"].strip(" -–—|•·") if match["kind"] else None
    return kind or None, match["number"], found[0].moment if found else None


def numbered_items(
    blocks: Sequence[RawBlock], start: int, zone: tzinfo, now: datetime | None = None
) -> list[Numbered]:
    """The items of numbered lists among ``blocks[start:]``, in their order."""
    found: list[Numbered] = []
    used = start
    for i in range(start, len(blocks)):
        meta = parse_meta(blocks[i].text, zone, now)
        if meta is None:
            within = _in_lines(blocks[i], i, zone, now) if blocks[i].breaks else []
            if within:
                found += within
                used = i + 1
            continue
        title = _title_of(blocks, used, i)
        if title is None:
            continue
        at, href, words = title
        teaser = "\n".join(
            block.text
            for block in blocks[at + 1 : i]
            if block.text != words and block.linked < len(block.text)
        )
        kind, number, moment = meta
        found.append(Numbered(words, href, teaser or None, kind, number, moment,
                              tuple(range(at, i + 1))))  # fmt: skip
        used = i + 1
    return found


def _in_lines(block: RawBlock, index: int, zone: tzinfo, now: datetime | None) -> list[Numbered]:
    """The items of a list whose lines only ``<br>`` parts, all of them in one block."""
    found: list[Numbered] = []
    title: tuple[str, str] | None = None
    teaser: list[str] = []
    ends = [*block.breaks, len(block.text)]
    for start, end in zip([0, *block.breaks], ends, strict=True):
        line = block.text[start:end].strip()
        meta = parse_meta(line, zone, now)
        if meta is not None and title is not None:
            kind, number, moment = meta
            found.append(
                Numbered(*title, "\n".join(teaser) or None, kind, number, moment, (index,))
            )
            title, teaser = None, []
            continue
        link = next((s for s in block.spans if s[2] == "link" and s[3] and start <= s[0] < end
                     and 2 * (min(s[1], end) - s[0]) >= len(line)), None)  # fmt: skip
        if link is not None and title is None:
            title = (block.text[link[0] : link[1]].strip(), str(link[3]))
        elif title is not None and line:
            teaser.append(line)
    return found


def _title_of(blocks: Sequence[RawBlock], first: int, meta: int) -> tuple[int, str, str] | None:
    """(index, href, words) of the linked title that the line ``meta`` belongs to."""
    for i in range(meta, max(first, meta - _MAX_ITEM) - 1, -1):
        block = blocks[i]
        for begin, end, what, href in block.spans:
            if what == "link" and href and 2 * (end - begin) >= len(block.text) and i < meta:
                words = block.text[begin:end].strip()
                # A heading above it is nearer to the beginning of the item than a second link.
                return _first_link(blocks, first, i, href) or (i, href, words)
    return None


def _first_link(
    blocks: Sequence[RawBlock], first: int, at: int, href: str
) -> tuple[int, str, str] | None:
    """The first block before ``at`` that links to the same URL: a picture's or the title's."""
    found = None
    for i in range(at, first - 1, -1):
        block = blocks[i]
        same = next((s for s in block.spans if s[2] == "link" and s[3] == href), None)
        if same is not None and 2 * (same[1] - same[0]) >= len(block.text):
            found = (i, href, block.text[same[0] : same[1]].strip())
        elif block.linked:
            break
    return found


def list_headings(blocks: Sequence[RawBlock], items: Sequence[Numbered]) -> set[int]:
    """The short unlinked lines that stand right before a list: its headings."""
    inside = {i for item in items for i in item.blocks}
    headings = set()
    for item in items:
        i = item.blocks[0] - 1
        if i < 0 or i in inside:
            continue
        block = blocks[i]
        if len(block.text) <= _LIST_HEADING and not block.linked and block.text[-1] not in ".!?…»":
            headings.add(i)
    return headings
