"""Which blocks of a page are the article's text, in order: the one function behind the body."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from crawler.extraction import forest
from crawler.extraction.blocks.class_groups import GROUPS, groups_of
from crawler.extraction.body import features, second_pass
from crawler.extraction.body.features import extent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import Place, RawBlock

# What is surer than this is text in any case, what is less sure than that in none.
_SURE, _UNSURE = 0.55, 0.15
_FAINT = 0.03
_RELATED = re.compile(r"\brelated[-_ ]?(?:stor|articles?|posts?|news|links?|content)", re.ASCII)
_WORDS = features.NAMES.index("words")
_COMMENT = GROUPS.index("comment")
_NO_BOX = -1
# A gap between two chosen blocks that may be closed, in blocks, and how sure one must be.
_MAX_GAP = 40
_GAP_FLOOR = 0.05
_GAP_TAGS = frozenset({"li", "ul", "ol", "p", "h2", "h3", "h4", "blockquote", "dl", "dt", "dd"})
# What highlighters and players of code put around it, under class words of tools and buttons.
_CODE_TAGS = frozenset({"pre", "div", "figure", "section", "code", "table", "tbody", "tr", "td"})
# A text of fewer characters may stand again anywhere.
_REFRAIN = 60
_AGAINST = frozenset(
    GROUPS.index(name)
    for name in ("related", "nav", "aside", "share", "comment", "advert", "subscribe", "author",
                 "meta", "caption", "notice", "footer", "hidden")
)  # fmt: skip


def probabilities(blocks: Sequence[RawBlock], context: features.Context) -> np.ndarray:
    """How surely each block is part of the article's text, shape (n,)."""
    if not blocks:
        return np.zeros(0)
    kept = features.considered(blocks)
    if not kept:
        return np.zeros(len(blocks))
    first, second = forest.load("body")
    rows = features.matrix(kept, context)
    initial = first.probability(rows)
    looked = second_pass.matrix(initial, words_of(rows), second_pass.outline(kept))
    answers = second.probability(np.concatenate([rows, looked], axis=1))
    return spread(answers, kept, len(blocks))


def words_of(rows: np.ndarray) -> np.ndarray:
    """How many words each block has, in scripts without spaces too, as its features say."""
    return np.asarray(np.rint(np.expm1(rows[:, _WORDS].astype(np.float64))))


def spread(answers: np.ndarray, kept: Sequence[RawBlock], count: int) -> np.ndarray:
    """The answers for the ``kept`` of a page's ``count`` blocks, 0 for the others."""
    scores = np.zeros(count)
    scores[[block.order for block in kept]] = answers
    return scores


def choose(blocks: Sequence[RawBlock], context: features.Context) -> list[int]:
    """The indexes of the blocks that are the article's text, in the page's order."""
    return decide(blocks, probabilities(blocks, context))


def decide(blocks: Sequence[RawBlock], scores: np.ndarray) -> list[int]:
    """Decisions over the sequence: what is sure enough, gaps closed, repeats dropped."""
    threshold = threshold_of(scores, blocks)
    chosen = [i for i, score in enumerate(scores) if score >= threshold]
    if not chosen and len(scores) and scores.max() >= _FAINT:
        # A page of a sentence or two: what stands out is what there is.
        chosen = [i for i, score in enumerate(scores) if score >= 0.5 * scores.max()]
    chosen = _without_comments(blocks, _closed(blocks, scores, chosen))
    return _without_repeats(blocks, _without_asides(blocks, chosen))


def threshold_of(scores: np.ndarray, blocks: Sequence[RawBlock]) -> float:
    """From which probability on blocks are taken, so that F1 over words is expected to be highest.

    Where the model is sure of a page that is about a half; where all is doubtful, a block that is
    text with three chances in ten is better in than out.
    """
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > _FAINT]
    if not len(order):
        return _SURE
    words = np.array([extent(blocks[i].text)[1] for i in order], dtype=float)
    right = np.cumsum(scores[order] * words)
    f1 = 2 * right / (np.cumsum(words) + right[-1])
    return float(np.clip(scores[order[int(np.argmax(f1))]], _UNSURE, _SURE))


def _without_comments(blocks: Sequence[RawBlock], chosen: list[int]) -> list[int]:
    """Drop what lies in a box of comments or of related articles, by the words of its class.

    Unless that box holds most of what was chosen.
    """
    boxes: dict[int, int] = {}
    of: dict[int, int] = {}
    known: dict[int, int] = {}
    for i in chosen:
        box = _foreign_box(blocks[i].place, known)
        if box != _NO_BOX:
            boxes[box] = boxes.get(box, 0) + len(blocks[i].text)
            of[i] = box
    if not boxes:
        return chosen
    whole = sum(len(blocks[i].text) for i in chosen)
    return [i for i in chosen if i not in of or boxes[of[i]] > 0.5 * whole]


def _without_asides(blocks: Sequence[RawBlock], chosen: list[int]) -> list[int]:
    """Drop what an ``aside`` before or behind the text says; one within the text belongs to it.

    Unless that is most of what was chosen.
    """
    known: dict[int, bool] = {}
    own = [i for i in chosen if not _is_aside(blocks[i].place, known)]
    whole = sum(len(blocks[i].text) for i in chosen)
    if len(own) == len(chosen) or 2 * sum(len(blocks[i].text) for i in own) < whole:
        return chosen
    kept = set(own)
    return [i for i in chosen if i in kept or own[0] < i < own[-1]]


def _is_aside(place: Place, known: dict[int, bool]) -> bool:
    """Return whether a place lies in an ``aside``; ``known`` are others'."""
    found = known.get(place.order)
    if found is None:
        found = place.tag == "aside" or (
            place.parent is not None and _is_aside(place.parent, known)
        )
        known[place.order] = found
    return found


def _foreign_box(place: Place, known: dict[int, int]) -> int:
    """The innermost box of comments or related articles around a place; ``known`` are others'."""
    passed: list[int] = []
    node: Place | None = place
    box = _NO_BOX
    while node is not None:
        if node.order in known:
            box = known[node.order]
            break
        passed.append(node.order)
        if node.words and (_COMMENT in groups_of(node.words) or _RELATED.search(node.words)):
            box = node.order
            break
        node = node.parent
    known.update(dict.fromkeys(passed, box))
    return box


def _closed(blocks: Sequence[RawBlock], scores: np.ndarray, chosen: list[int]) -> list[int]:
    """Take in what stands inside the text: lists and short lines between two chosen blocks.

    Only where the gap lies in the very box that holds both its neighbours, is not mostly links,
    and no class word on the way up to that box speaks against it.
    """
    kept = list(chosen)
    for before, after in pairwise(chosen):
        if not 1 < after - before <= _MAX_GAP:
            continue
        box = _common(blocks[before].place, blocks[after].place)
        for i in range(before + 1, after):
            if scores[i] >= _GAP_FLOOR and _belongs(blocks[i], box):
                kept.append(i)
    return sorted(kept)


def _common(one: Place, other: Place) -> Place | None:
    """The innermost place around both."""
    first: Place | None = one
    second: Place | None = other
    while first is not second and first is not None and second is not None:
        if first.depth >= second.depth:
            first = first.parent
        else:
            second = second.parent
    return first


def _belongs(block: RawBlock, box: Place | None) -> bool:
    code = block.tag == "pre"
    if not (code or block.tag in _GAP_TAGS) or block.linked > 0.5 * len(block.text):
        return False
    passed = _CODE_TAGS if code else _GAP_TAGS
    place: Place | None = block.place
    for _ in range(5 if code else 4):
        if place is box:
            return True
        if place is None or place.tag not in passed:
            return False
        # Embedded posts are quotations under the class words of what shares.
        embedded = place.tag == "blockquote"
        if (
            not code
            and not embedded
            and place.words
            and _AGAINST.intersection(groups_of(place.words))
        ):
            return False
        place = place.parent
    return False


def _without_repeats(blocks: Sequence[RawBlock], chosen: list[int]) -> list[int]:
    """Drop what stands again elsewhere: a pull quote, a caption, the text for another screen.

    What stands again beside itself, in places of the same kind, is the author's; so is a refrain of
    few words.
    """
    seen: dict[str, tuple[object, ...]] = {}
    kept = []
    for i in chosen:
        text = blocks[i].text
        if len(text) > _REFRAIN:
            where = _whereabouts(blocks[i])
            if seen.setdefault(text, where) != where:
                continue
        kept.append(i)
    return kept


def _whereabouts(block: RawBlock) -> tuple[object, ...]:
    """A block's kind of place, and the one place around that."""
    above = block.place.parent
    around = above.parent if above is not None else None
    return (
        block.tag, block.place.classes,
        (above.tag, above.classes) if above is not None else None,
        around.order if around is not None else None,
    )  # fmt: skip
