"""Second look: what the first model thinks of a block's neighbours, its like and its places.

What is lost without it are runs of blocks that no block tells by itself: steps, cells, questions,
cards. So each block is told how surely the blocks of its class path, of its section and of each
place around it are text, and where it stands to the box that holds most of what surely is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p
from typing import TYPE_CHECKING

import numpy as np

from crawler.extraction.compiled import part

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from crawler.extraction.blocks.block import Place, RawBlock

_SHIFTS = (1, 2, 3, 4)
_WINDOWS = (4, 10, 25)
_FAR = 60.0
# Blocks that are surely body, by which distances are counted: how sure, and more words than these.
_SURE = 0.6
_LONG = 12
# The text's box is the innermost place with at least this share of what is expected to be text.
_MOST = 0.8
_LEVELS = 4
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

_SUMMED = ("parent", "grandparent", "third", "fourth", "kind", "path", "section")
NAMES: tuple[str, ...] = (
    "p", *(f"p{sign}{k}" for k in _SHIFTS for sign in "-+"),
    *(f"{p}_{what}" for p in _SUMMED for what in ("mean", "max", "share")),
    "body_words", "body_before", "likely", "since_body", "until_body",
    *(f"window{width}" for width in _WINDOWS),
    "heading_p", "in_box", "box_steps", "branch_mean", "branch_share", "branch_words",
    "body_share", "before_first", "after_last",
)  # fmt: skip


@dataclass(slots=True)
class Outline:
    """Where a page's blocks stand, as numbers.

    ``groups`` (7, n) numbers the parent, grandparent and so on of each block, its kind, its class
    path and its section; ``headings`` (n,) is the index of the heading above it, -1 where none is.
    ``places`` (n,) is each block's place in ``parents``, where each place comes after what holds
    it (-1 for the page's).
    """

    groups: np.ndarray
    headings: np.ndarray
    places: np.ndarray
    parents: np.ndarray


def outline(blocks: Sequence[RawBlock]) -> Outline:
    """The outline of a page's :func:`~crawler.extraction.body.features.considered` blocks."""
    numbers: list[dict[Hashable, int]] = [{} for _ in range(_LEVELS + 2)]
    groups = np.zeros((_LEVELS + 3, len(blocks)), dtype=np.int64)
    headings = np.full(len(blocks), -1, dtype=np.int64)
    heading = -1
    for i, block in enumerate(blocks):
        place: Place | None = block.place
        for level in range(_LEVELS):
            place = place.parent if place is not None else None
            key = place.order if place is not None else -1
            groups[level, i] = numbers[level].setdefault(key, len(numbers[level]))
        kind = (block.tag, block.place.classes)
        above = block.place.parent
        path = (*kind, above.classes if above is not None else "")
        groups[_LEVELS, i] = numbers[-2].setdefault(kind, len(numbers[-2]))
        groups[_LEVELS + 1, i] = numbers[-1].setdefault(path, len(numbers[-1]))
        headings[i] = heading
        if block.tag in _HEADINGS:
            heading = i
        # A section is its heading and what follows.
        groups[_LEVELS + 2, i] = heading + 1
    return Outline(groups, headings, *_tree(blocks))


def _tree(blocks: Sequence[RawBlock]) -> tuple[np.ndarray, np.ndarray]:
    around: dict[int, Place] = {}
    for block in blocks:
        place: Place | None = block.place
        while place is not None and place.order not in around:
            around[place.order] = place
            place = place.parent
    index = {order: i for i, order in enumerate(sorted(around))}
    parents = [
        index[above.order] if (above := around[order].parent) is not None else -1
        for order in index
    ]  # fmt: skip
    places = [index[block.place.order] for block in blocks]
    return np.array(places, dtype=np.int64), np.array(parents, dtype=np.int64)


def matrix(probability: np.ndarray, words: np.ndarray, page: Outline) -> np.ndarray:
    """Features of the second model, float32 of shape (n, len(NAMES)).

    ``probability`` and ``words``, the first model's answer and the words of each block, have
    shape (n,).
    """
    n = len(probability)
    if n == 0:
        return np.zeros((0, len(NAMES)), dtype=np.float32)
    probability = probability.astype(np.float32)
    if compiled is not None:
        rows: np.ndarray = compiled.matrix(
            probability, words.astype(np.float64),
            page.groups, page.headings, page.places, page.parents,
        )  # fmt: skip
        return rows
    probability = probability.astype(np.float64)
    weight = words + 1
    expected = probability * words
    summed = np.cumsum(expected)
    total = float(summed[-1])
    columns = [probability]
    for k in _SHIFTS:
        for sign in (1, -1):
            shifted = np.full(n, -0.1)
            if k < n and sign == 1:
                shifted[k:] = probability[:-k]
            elif k < n:
                shifted[:-k] = probability[k:]
            columns.append(shifted)
    for group in page.groups:
        columns.extend(_by_group(group, probability, weight, expected, total))
    columns.append(np.full(n, log1p(total)))
    columns.append(summed / (total + 1))
    columns.append((probability > 0.5).astype(float))
    sure = np.flatnonzero((probability > np.float32(_SURE)) & (words > _LONG))
    columns.extend(_distances(sure, n))
    for width in _WINDOWS:
        columns.append(_window(probability * weight, weight, width))
    columns.append(np.where(page.headings >= 0, probability[page.headings], -0.1))
    columns.extend(_box(probability, words, page, total))
    columns.append(np.full(n, total / (words.sum() + 1)))
    at = np.arange(n)
    columns.append((at < sure[0]).astype(float) if len(sure) else np.ones(n))
    columns.append((at > sure[-1]).astype(float) if len(sure) else np.ones(n))
    return np.column_stack(columns).astype(np.float32)


def _by_group(
    ids: np.ndarray, probability: np.ndarray, weight: np.ndarray, expected: np.ndarray,
    total: float,
) -> list[np.ndarray]:  # fmt: skip
    weights = np.bincount(ids, weight)
    # Sections and places without text have numbers too.
    mean = np.bincount(ids, probability * weight) / np.maximum(weights, 1e-9)
    share = np.bincount(ids, expected) / (total + 1)
    best = np.zeros(len(weights))
    np.maximum.at(best, ids, probability)
    return [mean[ids], best[ids], share[ids]]


def _box(
    probability: np.ndarray, words: np.ndarray, page: Outline, total: float
) -> list[np.ndarray]:
    """Where each block stands to the innermost place that holds most of the text.

    In it or not, so many steps below what it and the box have in common, and how sure, how much
    of the text and how long the branch is, in which it lies right below that.
    """
    count, n = len(page.parents), len(probability)
    expected = np.bincount(page.places, probability * words, minlength=count)
    length = np.bincount(page.places, words, minlength=count)
    for i in range(count - 1, 0, -1):
        expected[page.parents[i]] += expected[i]
        length[page.parents[i]] += length[i]
    box = 0
    for i in range(count):
        # Places come after what holds them, so the last is the innermost.
        if expected[i] >= _MOST * total and (i == 0 or page.parents[i] == box):
            box = i
    around, node = set(), box
    while node >= 0:
        around.add(node)
        node = int(page.parents[node])
    rows = np.zeros((5, n))
    for i in range(n):
        place, steps, branch = int(page.places[i]), 0, int(page.places[i])
        while place not in around:
            branch, steps, place = place, steps + 1, int(page.parents[place])
        rows[0, i] = place == box
        rows[1, i] = steps
        rows[2, i] = expected[branch] / (length[branch] + 1)
        rows[3, i] = expected[branch] / (total + 1)
        rows[4, i] = log1p(length[branch])
    return list(rows)


def _distances(strong: np.ndarray, n: int) -> list[np.ndarray]:
    """Blocks since the last, and until the next, block that is surely body; 60 at most."""
    if not len(strong):
        return [np.full(n, _FAR), np.full(n, _FAR)]
    at = np.arange(n)
    before = np.searchsorted(strong, at, side="left") - 1
    after = np.searchsorted(strong, at, side="right")
    since = np.where(before >= 0, at - strong[np.maximum(before, 0)], _FAR)
    until = np.where(after < len(strong), strong[np.minimum(after, len(strong) - 1)] - at, _FAR)
    return [np.minimum(since, _FAR), np.minimum(until, _FAR)]


def _window(weighted: np.ndarray, weight: np.ndarray, width: int) -> np.ndarray:
    n = len(weight)
    sums = np.concatenate([[0.0], np.cumsum(weighted)])
    totals = np.concatenate([[0.0], np.cumsum(weight)])
    low = np.maximum(np.arange(n) - width, 0)
    high = np.minimum(np.arange(n) + width + 1, n)
    return np.asarray((sums[high] - sums[low]) / (totals[high] - totals[low]))


# It moves with every change to the columns above.
VERSION = 3
compiled = part("crawler.extraction.body._second_pass", VERSION)
