"""Second look: what the first model thinks of a block's neighbours and of its place as a whole."""

from __future__ import annotations

from math import log1p
from typing import TYPE_CHECKING

import numpy as np

from crawler.extraction.compiled import part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks import RawBlock

_SHIFTS = (1, 2, 3, 4)
_WINDOWS = (4, 10)
_FAR = 60.0
# Blocks that are surely body, by which distances are counted: how sure, and more words than these.
_SURE = 0.6
_LONG = 12

NAMES: tuple[str, ...] = (
    "p", *(f"p{sign}{k}" for k in _SHIFTS for sign in "-+"),
    *(f"{p}_{what}" for p in ("parent", "grandparent") for what in ("mean", "max", "share")),
    "body_words", "body_before", "likely", "since_body", "until_body",
    *(f"window{width}" for width in _WINDOWS),
)  # fmt: skip


def places(blocks: Sequence[RawBlock]) -> tuple[np.ndarray, np.ndarray]:
    """The order numbers of each block's parent and grandparent element, -1 where none."""
    parents, grandparents = [], []
    for block in blocks:
        parent = block.place.parent
        parents.append(parent.order if parent is not None else -1)
        above = parent.parent if parent is not None else None
        grandparents.append(above.order if above is not None else -1)
    return np.array(parents), np.array(grandparents)


def matrix(
    probability: np.ndarray, words: np.ndarray, parents: np.ndarray, grandparents: np.ndarray
) -> np.ndarray:
    """Features of the second model, float32 of shape (n, len(NAMES)).

    All arguments have shape (n,): the first model's answer, words a block, and its places.
    """
    n = len(probability)
    if n == 0:
        return np.zeros((0, len(NAMES)), dtype=np.float32)
    if compiled is not None:
        rows: np.ndarray = compiled.matrix(
            probability.astype(np.float32), words.astype(np.float64),
            parents.astype(np.int64), grandparents.astype(np.int64),
        )  # fmt: skip
        return rows
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
    for ids in (parents, grandparents):
        columns.extend(_by_place(ids, probability, weight, expected, total))
    columns.append(np.full(n, log1p(total)))
    columns.append(summed / (total + 1))
    columns.append((probability > 0.5).astype(float))
    columns.extend(_distances(np.flatnonzero((probability > _SURE) & (words > _LONG)), n))
    for width in _WINDOWS:
        columns.append(_window(probability * weight, weight, width))
    return np.column_stack(columns).astype(np.float32)


def _by_place(
    ids: np.ndarray, probability: np.ndarray, weight: np.ndarray, expected: np.ndarray,
    total: float,
) -> list[np.ndarray]:  # fmt: skip
    _, inverse = np.unique(ids, return_inverse=True)
    weights = np.bincount(inverse, weight)
    mean = np.bincount(inverse, probability * weight) / weights
    share = np.bincount(inverse, expected) / (total + 1)
    best = np.zeros(len(weights))
    np.maximum.at(best, inverse, probability)
    return [mean[inverse], best[inverse], share[inverse]]


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


# It moves with every change to the columns above, and to the sums of model.py.
VERSION = 1
compiled = part("_model", VERSION)
