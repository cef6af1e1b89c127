"""Which section a block stands in, what its like are, and how near its place is to the text."""

from __future__ import annotations

from math import log1p
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import Place, RawBlock

NAMES = (
    "since_heading", "until_heading", "heading_level", "heading_furniture", "headings_like",
    "kind_chars", "kind_linked", "path_like", "path_chars", "path_linked", "page_linked",
    "page_paragraphs", "steps_to_headline", "headline_share", "steps_to_best",
)  # fmt: skip
LEVELS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
FAR = 60  # blocks from a heading; beyond it nothing is told


def matrix(
    blocks: Sequence[RawBlock], furniture: np.ndarray, headline: Place | None, best: Place
) -> np.ndarray:
    """The columns ``NAMES`` of a page's blocks.

    ``furniture`` (n,) counts the words of furniture in each; ``headline`` is the place of the
    headline, ``best`` that with most paragraph text.
    """
    paths = [_path(block) for block in blocks]
    kinds = [(block.tag, block.place.classes) for block in blocks]
    by_kind, by_path = _sums(blocks, kinds), _sums(blocks, paths)
    root = blocks[0].place
    while root.parent is not None:
        root = root.parent
    total = max(root.chars, 1)
    page = [root.linked / total, log1p(root.paragraphs)]
    until = _until_heading(blocks)
    since, level, said, like = -1, 0, 0.0, 0
    rows = []
    for i, block in enumerate(blocks):
        place = block.place
        count, chars, linked = by_kind[kinds[i]]
        path_count, path_chars, path_linked = by_path[paths[i]]
        steps, shared = _apart(place, headline or best)
        rows.append([
            float(min(i - since, FAR)) if level else -1.0, until[i], float(level), said,
            log1p(like), log1p(chars / count), linked / chars, log1p(path_count),
            log1p(path_chars / path_count), path_linked / path_chars, *page,
            float(steps), shared.chars / total, float(_apart(place, best)[0]),
        ])  # fmt: skip
        if block.tag in LEVELS:
            since, level, said = i, LEVELS[block.tag], float(furniture[i])
            like = count
    return np.array(rows, dtype=np.float32)


def _path(block: RawBlock) -> tuple[str, str, str]:
    above = block.place.parent
    return block.tag, block.place.classes, above.classes if above is not None else ""


def _sums(blocks: Sequence[RawBlock], keys: Sequence[Any]) -> dict[Any, tuple[int, int, int]]:
    """(blocks, characters, linked characters) of the blocks of each key."""
    sums: dict[Any, tuple[int, int, int]] = {}
    for block, key in zip(blocks, keys, strict=True):
        count, chars, linked = sums.get(key, (0, 0, 0))
        sums[key] = (count + 1, chars + len(block.text), linked + block.linked)
    return sums


def _until_heading(blocks: Sequence[RawBlock]) -> list[float]:
    """Blocks until the next heading; -1 where none comes."""
    until, following = [-1.0] * len(blocks), -1
    for i in range(len(blocks) - 1, -1, -1):
        if following >= 0:
            until[i] = float(min(following - i, FAR))
        if blocks[i].tag in LEVELS:
            following = i
    return until


def _apart(place: Place, other: Place) -> tuple[int, Place]:
    """How many steps up from ``place`` the first place is that holds ``other`` too; and that."""
    steps = 0
    while place.parent is not None and not other.lies_in(place):
        place = place.parent
        steps += 1
    return steps, place
