"""The words of headlines, and how much two headlines have in common."""

from __future__ import annotations

import re

from crawler.extraction.blocks.walk import words_in

_NO_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """The letters and digits of a text, whatever its case."""
    return _NO_WORD.sub("", text.casefold())


def word_set(text: str) -> frozenset[str]:
    """The words of a headline; of scripts without spaces, its characters in twos."""
    words = words_in(text.casefold())
    # Scripts without spaces give one long word: compare their characters in twos.
    if len(words) <= 3 and len(text) > 12 and not text.isascii():
        folded = fold(text)
        return frozenset(folded[i : i + 2] for i in range(len(folded) - 1))
    return frozenset(words)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether two headlines share half of the words of the shorter one."""
    return bool(one and other) and len(one & other) >= 0.5 * min(len(one), len(other))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of the longer headline's words that the other has as well, 0 to 1.

    One of three words or more that stands in the other as a whole counts as the same: the other
    has a kicker or the name of its site besides.
    """
    if not one or not other:
        return 0.0
    common = len(one & other)
    if common == min(len(one), len(other)) >= 3:
        return 1.0
    return common / max(len(one), len(other))
