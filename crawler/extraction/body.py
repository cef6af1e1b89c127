"""Which blocks of a page are the article's text, in order: the one function behind the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crawler.extraction import features, model, sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks import RawBlock

# Above it a block is taken; where precision and recall balance out-of-fold (see the model card).
THRESHOLD = 0.4


def probabilities(blocks: Sequence[RawBlock], context: features.Context) -> np.ndarray:
    """How surely each block is part of the article's text, shape (n,)."""
    if not blocks:
        return np.zeros(0)
    first, second = model.load("body")
    tokens = features.words_of(blocks)
    rows = features.matrix(blocks, context, tokens)
    words = np.array([len(found) for found in tokens], dtype=float)
    parents, grandparents = sequence.places(blocks)
    initial = first.probability(rows)
    context_rows = sequence.matrix(initial, words, parents, grandparents)
    return second.probability(np.concatenate([rows, context_rows], axis=1))


def choose(blocks: Sequence[RawBlock], context: features.Context) -> list[int]:
    """The indexes of the blocks that are the article's text, in the page's order."""
    scores = probabilities(blocks, context)
    chosen = [i for i, score in enumerate(scores) if score >= THRESHOLD]
    return _without_repeats(blocks, chosen)


def _without_repeats(blocks: Sequence[RawBlock], chosen: list[int]) -> list[int]:
    """Drop what stands again: a pull quote or a caption repeated, not a refrain of few words."""
    seen: set[str] = set()
    kept = []
    for i in chosen:
        text = blocks[i].text
        if len(text) > 60 and text in seen:
            continue
        seen.add(text)
        kept.append(i)
    return kept
