"""The entries of a live blog: where each begins in the text, its timestamp and its anchor.

Entries are the boxes beside one another of which each holds one ``<time>`` (or one line with a
time of day) and text of the article; structured data (``liveBlogUpdate``) name them too.
(https://schema.org/LiveBlogPosting)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.dates.formats import parse_machine, parse_words
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from crawler.extraction.blocks.block import Place, RawBlock
    from crawler.extraction.blocks.walk import Walk

Mark = tuple[StatedTimestamp, str | None]
_FEWEST = 3
_MOST = 2_000
_SHORT = 40
# Characters by which an entry of structured data is found in the text; its first block may be
# shorter than its text.
_BEGINNINGS = (60, 30)
_CLOCK = re.compile(r"\W*([01]?\d|2[0-3])\s?[:.h]\s?([0-5]\d)\b")
_TEXT_TAGS = frozenset({"p", "h2", "h3", "h4", "li", "blockquote"})


def live_entries(
    walk: Walk,
    chosen: Sequence[int],
    nodes: Sequence[dict[str, Any]],
    zone: tzinfo,
    published: StatedTimestamp | None,
) -> tuple[list[int], dict[int, Mark]]:
    """The chosen blocks with the rest of each entry, and the mark of each block that begins one."""
    taken, marks = set(chosen), {}
    group = _group(walk, taken) if len(chosen) >= _FEWEST else []
    for begin, end, place in group:
        at = _moment(walk.blocks[begin : begin + 4], place, zone, published)
        inside = [i for i in range(begin, end) if i in taken or _is_text(walk.blocks[i])]
        if at is not None and inside:
            taken.update(inside)
            marks[inside[0]] = (at, _anchor(place))
    order = sorted(taken)
    for start, mark in _stated(walk, order, nodes, zone):
        marks.setdefault(start, mark)
    return order, marks


def _group(walk: Walk, taken: set[int]) -> list[tuple[int, int, Place]]:
    """(first block, end, box) of the entries; empty where the page is no live blog."""
    first, last = min(taken), max(taken)
    timed = [i for i in range(max(0, first - 4), last + 1) if _is_timed(walk.blocks[i])][:_MOST]
    if len(timed) < _FEWEST:
        return []
    counts: dict[int, int] = {}
    for i in timed:
        for place in _upwards(walk.blocks[i].place):
            counts[place.order] = counts.get(place.order, 0) + 1
    groups: dict[int, list[tuple[int, Place]]] = {}
    for i in timed:
        box = walk.blocks[i].place
        while box.parent is not None and counts[box.parent.order] == 1:
            box = box.parent
        if box.parent is not None and counts[box.order] == 1:
            groups.setdefault(box.parent.order, []).append((i, box))
    best: list[tuple[int, int, Place]] = []
    for members in groups.values():
        made = list(_extents(walk, members))
        full = sum(any(i in taken for i in range(begin, end)) for begin, end, _ in made)
        if full >= _FEWEST and 2 * full >= len(made) and len(made) > len(best):
            best = made
    return best


def _extents(walk: Walk, members: Sequence[tuple[int, Place]]) -> Iterator[tuple[int, int, Place]]:
    """From where to where each entry goes: its box, or up to the next where boxes hold no more."""
    for n, (i, box) in enumerate(members):
        parent = box.parent
        begin = end = i
        while begin and walk.blocks[begin - 1].place.lies_in(box):
            begin -= 1
        while end < len(walk.blocks) and walk.blocks[end].place.lies_in(box):
            end += 1
        if end - begin == 1 and parent is not None:
            stop = members[n + 1][0] if n + 1 < len(members) else len(walk.blocks)
            while end < stop and walk.blocks[end].place.lies_in(parent):
                end += 1
        yield begin, end, box


def _upwards(place: Place | None) -> Iterator[Place]:
    while place is not None:
        yield place
        place = place.parent


def _is_timed(block: RawBlock) -> bool:
    return block.timed or (len(block.text) <= _SHORT and _CLOCK.match(block.text) is not None)


def _is_text(block: RawBlock) -> bool:
    if block.tag not in _TEXT_TAGS or 2 * block.linked > len(block.text):
        return False
    return not (_is_timed(block) and len(block.text) <= _SHORT)


def _moment(
    blocks: Sequence[RawBlock], place: Place, zone: tzinfo, published: StatedTimestamp | None
) -> StatedTimestamp | None:
    element = next(place.element.iter("time"), None)
    if element is not None:
        said = element.get("datetime") or " ".join("".join(element.itertext()).split())
        found = parse_machine(said, zone) or parse_words(said, None, zone)
        if found is not None and not found.day_only:
            return found
    for block in blocks:
        clock = _CLOCK.match(block.text)
        if clock is not None and published is not None:
            # The clock on the page is the publisher's, whose offset a timestamp in UTC does not tell.
            at = published.at if published.offset_minutes else published.at.astimezone(zone)
            day = at.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
            return StatedTimestamp(day, zoned=published.zoned)
    return None


def _anchor(place: Place) -> str | None:
    """The fragment of a URL that leads to an entry."""
    for n, element in enumerate(place.element.iter()):
        if n > 10:
            break
        found = element.get("id") or (element.get("name") if element.tag == "a" else None)
        if found and not found.isspace():
            return str(found)[:200]
    before = place.element.getprevious()
    if before is not None and before.tag == "a" and not len(before):
        found = before.get("id") or before.get("name")
        return str(found)[:200] if found else None
    return None


def _stated(
    walk: Walk, chosen: Sequence[int], nodes: Sequence[dict[str, Any]], zone: tzinfo
) -> Iterator[tuple[int, Mark]]:
    """The entries that structured data name, found again in the text."""
    live = [node for node in nodes if node.get("liveBlogUpdate")]
    known: dict[str, int] = {}
    for i in chosen if live else ():
        text = _folded(walk.blocks[i].text)
        for size in _BEGINNINGS:
            known.setdefault(text[:size], i)
    for node in live:
        updates = node.get("liveBlogUpdate")
        for update in (updates if isinstance(updates, list) else [updates])[:_MOST]:
            if not isinstance(update, dict):
                continue
            at = parse_machine(update.get("datePublished") or update.get("dateModified"), zone)
            begins = [_folded(str(update.get(k) or ""))[:60] for k in ("headline", "articleBody")]
            hit = next((known[b[:size]] for size in _BEGINNINGS for b in begins
                        if len(b) > 8 and b[:size] in known), None)  # fmt: skip
            if at is not None and hit is not None:
                url = update.get("url") or update.get("@id")
                fragment = url.partition("#")[2] if isinstance(url, str) else ""
                yield hit, (at, fragment[:200] or None)


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()[:300]))
