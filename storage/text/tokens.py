"""Splits text into search tokens, the same for both databases and for queries.

A token is a run of letters, digits and their marks without case and accents
(:mod:`storage.text.letters`). Elisions and hyphens split words, so ``l'hôpital`` contains
``hopital`` and ``e-santé`` is the phrase ``e sante``. Scripts without spaces are split into
characters; a word of a query in such a script is a phrase of its characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from storage.text import letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# PostgreSQL refuses lexemes of 2 KiB or more; no word of any language is near this.
MAX_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Token:
    """A search token and its position in the original text."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=100_000)
def fold(word: str) -> str:
    """Fold case, accents, width and presentation forms of ``word``."""
    if word.isascii():
        plain = word.lower()
        return (plain if plain.isalnum() else "".join(filter(str.isalnum, plain)))[:MAX_TOKEN]
    return letters.fold_word(word)[:MAX_TOKEN]


def word_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of ``text`` in their original spelling, with start and end."""
    return ((match[0], *match.span()) for match in letters.token_pattern(text).finditer(text))


def words(text: str) -> list[str]:
    """Yield the words of ``text`` in their original spelling."""
    return letters.token_pattern(text).findall(text)


@lru_cache(maxsize=1)
def _initials() -> dict[str, list[tuple[str, str]]]:
    """(letter, what it folds to) by the first it folds to, in the scripts that have letters alike.

    Latin, Greek, Cyrillic and Armenian; a text with others is read word by word.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for letter, folded in letters.folded_letters():
        if folded:
            found.setdefault(folded[0], []).append((letter, folded))
    return found


def _signs(folded: Iterable[str]) -> str:
    """The letters that fold to something beginning with one of these, for a regular expression."""
    known = _initials()
    signs = {c for one in folded for c, _ in known.get(one, ((one, one),))}
    return "".join(re.escape(c) for c in sorted(signs))


class PrefixWordFinder:
    """Finds the words of a text whose tokens may begin with given letters or pairs.

    It yields all such words, and some whose two letters belong to different pairs.
    """

    def __init__(self, beginnings: Iterable[str]) -> None:
        self._wanted = tuple(beginnings)

    def __call__(self, text: str) -> Iterator[tuple[str, int, int]]:
        """The words as they are written, and where they begin and end."""
        if not letters.is_plain(text):
            for word, start, end in word_spans(text):
                if fold(word).startswith(self._wanted):
                    yield word, start, end
            return
        for match in _beginnings(frozenset(self._wanted)).finditer(text):
            start, end = match.span()
            # The pattern knows the letters of Latin-1; this, the rest of a word and what is before.
            while end < len(text) and text[end].isalnum():
                end += 1
            if not (start and text[start - 1].isalnum()):
                yield text[start:end], start, end


@lru_cache(maxsize=256)
def _beginnings(beginnings: frozenset[str]) -> re.Pattern[str]:
    """What finds words that begin so, and such letters inside words that are not of Latin-1.

    It begins with a plain set of letters: the regular expressions of Python look for one quickly,
    and try the rest only where one stands. Its sets are few: one beyond Latin-1 takes 0.3 ms to
    compile.
    """
    first = {one[0] for one in beginnings}
    whole = {one for one in beginnings if len(one) == 1}
    second = {one[1] for one in beginnings if len(one) > 1}
    both = "".join(
        re.escape(letter)
        for one in first - whole
        for letter, folded in _initials().get(one, ())
        if folded[:2] in beginnings
    )
    ways = [f"[{_signs(second)}]"] if second else []
    ways += [f"(?<=[{both}])"] if both else []
    ways += [f"(?<=[{_signs(whole)}])"] if whole and second else []
    latin = r"0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff"
    word = rf"[{_signs(first)}](?<![{latin}].)(?:{'|'.join(ways)})[{latin}]*"
    return re.compile(word, re.DOTALL)


def tokenize(text: str) -> list[str]:
    """Yield the tokens of ``text`` in order."""
    if text.isascii():
        return [word[:MAX_TOKEN] for word in re.findall(r"[0-9a-z]+", text.lower())]
    return list(filter(None, map(fold, words(text))))


# Articles, pronouns and prepositions that French, Italian and Catalan elide before a vowel.
_ELIDED = re.compile(
    r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu|entr"
    r"|dell|nell|sull|all|dall|coll|un|quest|quell|bell|sant)['’ʼ]+(?=\w)",
    re.IGNORECASE,
)


def strip_elision(word: str) -> str:
    """Return ``hôpital`` for ``l'hôpital``: the elided article is not part of the search term."""
    return _ELIDED.sub("", word)
