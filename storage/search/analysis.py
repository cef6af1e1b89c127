"""Text to search tokens, once, in Python: the same for both databases and for queries.

A token is a run of letters and digits without case and accents. Elisions and hyphens part
words, so ``l'hôpital`` holds ``hopital`` and ``e-santé`` is the phrase ``e sante``. Scripts
that write no spaces are cut character by character; a word of a query in such a script is then
a phrase of its characters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar: written without spaces between words.
_UNSPACED = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
# PostgreSQL refuses lexemes of 2 KiB or more; no word of any language is near this.
MAX_TOKEN = 64
# Letters that NFKD leaves whole but readers type without their stroke or ligature.
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "œ": "oe", "æ": "ae", "ı": "i", "ß": "ss"})


@lru_cache(maxsize=4_096)
def _is_unspaced(letter: str) -> bool:
    """Whether a letter is of a script that writes no spaces, and so a token of its own."""
    return letter > "\u0dff" and _TOKEN.fullmatch(letter + letter) is None


@dataclass(frozen=True, slots=True)
class Token:
    """A search token and where it stands in the text it was made from."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=100_000)
def fold(word: str) -> str:
    """``word`` without case, accents, width and presentation forms."""
    return "".join(c for c in _folded(word) if c.isalnum())[:MAX_TOKEN]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)


def words_at(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of ``text`` as they are written, and where they begin and end."""
    return ((match[0], *match.span()) for match in _TOKEN.finditer(text))


def words_in(text: str) -> list[str]:
    """The words of ``text`` as they are written: what tokens are made of."""
    return _TOKEN.findall(text)


@lru_cache(maxsize=1)
def _initials() -> dict[str, list[tuple[str, str]]]:
    """(letter, what it folds to) by the first it folds to, in the scripts that have letters alike.

    Latin, Greek, Cyrillic, Armenian and the wide forms; other letters stand for themselves.
    """
    codes = (*range(0x30, 0x590), *range(0x1E00, 0x2000), *range(0xFF10, 0xFF5B))
    letters = [letter for letter in map(chr, codes) if letter.isalnum()]
    found: dict[str, list[tuple[str, str]]] = {}
    # Folded all at once, which takes half as long as one by one.
    for letter, marked in zip(letters, _folded("\n".join(letters)).split("\n"), strict=True):
        folded = marked if marked.isalnum() else "".join(filter(str.isalnum, marked))
        if folded:
            found.setdefault(folded[0], []).append((letter, folded))
    return found


def _signs(folded: Iterable[str]) -> str:
    """The letters that fold to something beginning with one of these, for a regular expression."""
    known = _initials()
    signs = {c for one in folded for c, _ in known.get(one, ((one, one),))}
    return "".join(re.escape(c) for c in sorted(signs))


class WordsBeginning:
    """Finds the words of texts whose tokens may begin with one of some folded letters or pairs.

    All that do, and some others whose letters are of two different pairs.
    """

    def __init__(self, beginnings: Iterable[str]) -> None:
        self._some = _beginnings(frozenset(beginnings))

    def __call__(self, text: str) -> Iterator[tuple[str, int, int]]:
        """The words as they are written, and where they begin and end."""
        for match in self._some.finditer(text):
            start, end = match.span()
            # The pattern knows the letters of Latin-1; this, the rest of a word and what is before.
            if text[end : end + 1].isalnum() and not _is_unspaced(text[start]):
                end = _end_of_word(text, end)
            if start and text[start - 1] > "\xff" and not _begins(text, start):
                continue
            yield text[start:end], start, end


@lru_cache(maxsize=256)
def _beginnings(beginnings: frozenset[str]) -> re.Pattern[str]:
    """What finds words that begin so, and such letters inside words that are not of Latin-1.

    It begins with a plain set of letters: the regular expressions of Python look for one quickly,
    and try the rest only where one stands. Its sets are few: one beyond Latin-1 takes 0.3 ms to
    compile, and one of all unspaced letters 3 ms.
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
    unspaced = "".join(filter(_is_unspaced, sorted(whole)))
    return re.compile(f"[{re.escape(unspaced)}]|{word}" if unspaced else word, re.DOTALL)


def _begins(text: str, start: int) -> bool:
    """Whether a word may begin at ``start``."""
    before = text[start - 1]
    return not before.isalnum() or _is_unspaced(before) or _is_unspaced(text[start])


def _end_of_word(text: str, begun: int) -> int:
    """Where the word ends that ``text`` holds until ``begun`` at least."""
    end = begun
    while end < len(text) and text[end].isalnum() and not _is_unspaced(text[end]):
        end += 1
    return end


def tokens(text: str) -> list[str]:
    """The tokens of ``text`` in their order."""
    if text.isascii():
        return [word[:MAX_TOKEN] for word in re.findall(r"[0-9a-z]+", text.lower())]
    return list(filter(None, map(fold, words_in(text))))


# Articles, pronouns and prepositions that French, Italian and Catalan elide before a vowel.
_ELIDED = re.compile(
    r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu|entr"
    r"|dell|nell|sull|all|dall|coll|un|quest|quell|bell|sant)['’ʼ]+(?=\w)",
    re.IGNORECASE,
)


def without_elision(word: str) -> str:
    """``hôpital`` for ``l'hôpital``: what is elided is not what is looked for."""
    return _ELIDED.sub("", word)
