"""Where a page speaks of itself: its headline, and the elements that hold it and its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.extraction.blocks.class_groups import GROUPS, is_in_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import Place
    from crawler.extraction.blocks.walk import Walk

_HIDDEN = GROUPS.index("hidden")


def own_elements(walk: Walk, chosen: Sequence[int]) -> set[Any]:
    """The elements that hold the headline or the beginning of the text."""
    heading = heading_of(walk, chosen)
    own: set[Any] = set()
    for i in {*chosen[:1], *([heading] if heading is not None else [])}:
        place: Place | None = walk.blocks[i].place
        while place is not None:
            own.add(place.element)
            place = place.parent
    return own


def heading_of(walk: Walk, chosen: Sequence[int]) -> int | None:
    """The block of the headline: the last visible ``h1`` before the text, or the first of all."""
    shown = [
        i for i, block in enumerate(walk.blocks)
        if block.tag == "h1" and not is_in_group(block.place, _HIDDEN, 2)
    ]  # fmt: skip
    before = [i for i in shown if chosen and i <= chosen[0]]
    return before[-1] if before else next(iter(shown), None)


def beginning_of(element: Any, most: int) -> str:
    """The text of an element with plain spaces, read no further than ``most`` characters.

    A little more is returned where there is more, so that its length tells.
    """
    parts: list[str] = []
    length = 0
    for steps, part in enumerate(element.itertext()):
        words = " ".join(part[: 20 * most].split())
        if words:
            parts.append(words)
            length += len(words) + 1
        if length > most + 1 or steps > 20 * most:
            return (" ".join(parts) + " " * most)[: 2 * most + 2]
    return " ".join(parts)
