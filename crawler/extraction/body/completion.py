"""What stands inside a text by the page's structure, whatever the model thinks of its words.

Items and cells say little by themselves: a list after a line that ends in a colon, the rest of a
list that is text in part, a table of data between two paragraphs or under its own header cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extraction.blocks.class_groups import GROUPS, groups_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import Place, RawBlock

_LISTS = frozenset({"ul", "ol", "dl"})
_BOXES = _LISTS | {"table"}
_FOREIGN = frozenset({"aside", "nav", "footer", "form"})
_AGAINST = frozenset(
    GROUPS.index(name)
    for name in ("related", "nav", "aside", "share", "comment", "advert", "subscribe", "author",
                 "meta", "notice", "footer", "hidden")
)  # fmt: skip
_ENDS = frozenset('.!?…。！？։।؟»”"')
# Steps from a list or table up to what holds it and the text beside it.
_REACH = 4
_MOST = 600
_LONGEST_CELL = 90


def completed(blocks: Sequence[RawBlock], chosen: Sequence[int]) -> list[int]:
    """The chosen blocks, with the lists and tables that belong to them."""
    if not chosen:
        return _only_sentence(blocks)
    taken = set(chosen)
    whole = sum(len(blocks[i].text) for i in chosen)
    for i in chosen:
        if i + 1 < len(blocks) and (i + 1 not in taken or blocks[i].text[-1] in ":："):
            box = _box_after(blocks[i], blocks[i + 1])
            if box is not None:
                members = _members(blocks, i + 1, box)
                after = members[-1] + 1
                goes_on = after in taken and _holds(box, blocks[after])
                if _belongs(blocks, i, box, members, goes_on=goes_on):
                    taken.update(members)
        inner = _list_of(blocks[i].place)
        if inner is not None and i + 1 not in taken and _is_text(inner):
            members = _around(blocks, i, inner)
            known = sum(len(blocks[k].text) for k in members if k in taken)
            # Some pages keep the whole article in an item of a list.
            if inner.chars <= 2 * known and 2 * known <= whole:
                taken.update(members)
    return sorted(taken)


def _box_after(before: RawBlock, block: RawBlock) -> Place | None:
    """The outermost list or table that holds ``block`` and not what stands before it."""
    found = None
    place: Place | None = block.place
    for _ in range(_REACH * 3):
        if place is None or before.place.lies_in(place):
            break
        if place.tag in _BOXES:
            found = place
        place = place.parent
    return found


def _list_of(place: Place) -> Place | None:
    """The list whose item this is."""
    node: Place | None = place
    for _ in range(3):
        if node is None:
            return None
        if node.tag in ("li", "dd", "dt"):
            above = node.parent
            return above if above is not None and above.tag in _LISTS else None
        node = node.parent
    return None


def _members(blocks: Sequence[RawBlock], first: int, box: Place) -> list[int]:
    """The blocks from ``first`` on that lie in ``box``."""
    last = first
    while last + 1 < len(blocks) and last < first + _MOST and blocks[last + 1].place.lies_in(box):
        last += 1
    return list(range(first, last + 1))


def _around(blocks: Sequence[RawBlock], i: int, box: Place) -> list[int]:
    first = i
    while first and i - first < _MOST and blocks[first - 1].place.lies_in(box):
        first -= 1
    return _members(blocks, first, box)


def _belongs(
    blocks: Sequence[RawBlock], before: int, box: Place, members: Sequence[int], *, goes_on: bool
) -> bool:
    """Return whether a list or table after block ``before`` is part of the text."""
    anchor = blocks[before]
    if not _is_text(box) or not _is_near(box, anchor.place):
        return False
    if anchor.text[-1] in ":：" and not anchor.linked:
        return True
    if box.tag != "table" or not _is_data(blocks, members):
        return False
    return goes_on or any(blocks[k].tag in ("th", "caption") for k in members)


def _is_text(box: Place) -> bool:
    return 2 * box.linked <= box.chars and not (box.words and _AGAINST & groups_of(box.words))


def _is_near(box: Place, anchor: Place) -> bool:
    """Return whether the two stand in one place, with nothing between that speaks against it."""
    place = box.parent
    for _ in range(_REACH):
        if place is None:
            return False
        if anchor.lies_in(place):
            return True
        if place.tag in _FOREIGN or (place.words and _AGAINST & groups_of(place.words)):
            return False
        place = place.parent
    return False


def _holds(box: Place, block: RawBlock) -> bool:
    """Return whether a block stands beside ``box`` or around it."""
    place = box.parent
    for _ in range(_REACH):
        if place is None:
            return False
        if block.place.lies_in(place):
            return True
        place = place.parent
    return False


def _is_data(blocks: Sequence[RawBlock], members: Sequence[int]) -> bool:
    """Return whether the blocks are cells of data: several, and short."""
    cells = [k for k in members if blocks[k].tag in ("td", "th", "p", "div", "span", "caption")]
    if len(cells) < 4:
        return False
    return sum(len(blocks[k].text) <= _LONGEST_CELL for k in cells) >= 0.8 * len(cells)


def _only_sentence(blocks: Sequence[RawBlock]) -> list[int]:
    """The sentences right under the headline, where the model found no text at all."""
    heading = next((i for i, block in enumerate(blocks) if block.tag == "h1"), None)
    if heading is None:
        return []
    box = blocks[heading].place.parent
    if box is None or box.tag not in ("article", "main"):
        return []
    return [
        i for i in range(heading + 1, min(heading + 8, len(blocks)))
        if blocks[i].tag == "p" and not blocks[i].linked and blocks[i].text[-1] in _ENDS
        and blocks[i].place.parent is box and len(blocks[i].words) >= 4
    ]  # fmt: skip
