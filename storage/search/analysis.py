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
    from collections.abc import Iterator

# Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar: written without spaces between words.
_UNSPACED = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_UNSPACED_ONE = re.compile(f"[{_UNSPACED}]")
# PostgreSQL refuses lexemes of 2 KiB or more; no word of any language is near this.
MAX_TOKEN = 64
# Letters that NFKD leaves whole but readers type without their stroke or ligature.
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "œ": "oe", "æ": "ae", "ı": "i", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Token:
    """A search token and where it stands in the text it was made from."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=100_000)
def fold(word: str) -> str:
    """``word`` without case, accents, width and presentation forms."""
    folded = unicodedata.normalize("NFKD", word).casefold().translate(_LETTERS)
    folded = "".join(c for c in folded if c.isalnum())
    return folded[:MAX_TOKEN]


def tokens_at(text: str) -> Iterator[Token]:
    """The tokens of ``text`` with their places."""
    for match in _TOKEN.finditer(text):
        folded = fold(match.group())
        if folded:
            yield Token(folded, match.start(), match.end())


def words_in(text: str) -> list[str]:
    """The words of ``text`` as they are written: what tokens are made of."""
    return _TOKEN.findall(text)


@lru_cache(maxsize=1)
def _initials() -> dict[str, str]:
    """The letters of Latin, Greek, Cyrillic, Armenian and wide scripts by what they fold to."""
    found: dict[str, list[str]] = {}
    for code in (*range(0x30, 0x590), *range(0x1E00, 0x2000), *range(0xFF10, 0xFF5B)):
        folded = fold(chr(code))
        if folded:
            found.setdefault(folded[0], []).append(chr(code))
    return {first: "".join(letters) for first, letters in found.items()}


@lru_cache(maxsize=256)
def words_beginning(letters: frozenset[str]) -> re.Pattern[str]:
    """What finds the words of a text whose tokens begin with one of ``letters``."""
    known = _initials()
    signs = "".join(re.escape(known.get(letter, letter)) for letter in sorted(letters))
    unspaced = "".join(c for c in sorted(letters) if _UNSPACED_ONE.match(c))
    word = rf"(?<![^\W_{_UNSPACED}])[{signs}][^\W_{_UNSPACED}]*"
    return re.compile(f"[{re.escape(unspaced)}]|{word}" if unspaced else word)


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
