"""Classifies a page that does not itself say what it is.

One forest per kind over the features of :mod:`~crawler.extraction.kinds.classifier_features`, learned from pages of all
kinds by ``benchmarks/train_kinds.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crawler.extraction import forest as model

if TYPE_CHECKING:
    import numpy as np

Looks = Literal["forum", "product", "listing", "service", "documentation"]
# The forests of the weights' file, in order. A collection lists too: cards instead of lines.
FORESTS: tuple[Looks, ...] = (
    "forum", "product", "listing", "service", "documentation", "listing",
)  # fmt: skip
NAMED: dict[Looks, str] = {
    "forum": "a forum's thread", "product": "a product's page", "listing": "a list of things",
    "service": "a page of a service", "documentation": "documentation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guess:
    """The most likely kind of a page, and the confidence that it is not an article."""

    kind: Looks
    confidence: float

    def __str__(self) -> str:
        return f"it looks like {NAMED[self.kind]} ({100 * self.confidence:.0f} %)"


def guess(row: np.ndarray) -> Guess:
    """Return the most likely kind of the page with these features."""
    found = [float(forest.probability(row)[0]) for forest in model.load("kinds")]
    best = max(range(len(found)), key=found.__getitem__)
    return Guess(FORESTS[best], found[best])
