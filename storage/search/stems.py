"""Stems of words by the language of their article, and words joined that a hyphen parts.

The algorithms are Snowball's (https://snowballstem.org/algorithms/). A stem is marked with ``=``
and its language, so that the stem of an English word never finds a French one, nor a word; a joined
word is marked ``=zz``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from storage.search.analysis import MAX_TOKEN, fold

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german",
    "el": "greek", "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian",
    "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# Languages whose stemmers take off or change beginnings.
PREFIXING = frozenset({"ar", "fa", "ga", "hi", "id", "ne", "sr", "ta", "yi"})
# Stems whose second letter may not be their words'.
_ONE_LETTER = {"de": ("a", "o", "u"), "en": ("die", "lie", "tie")}
MARK = "="
JOINED = "=zz"
# Words whose stems are kept at hand, by language: some ten megabytes.
_MOST_WORDS = 150_000
# e-santé, aide-soignante; and C.H.U.: the parts of one word. It is begun at a word's first letter
# only: a run of 60,000 letters would be gone through from each of them.
_COMPOUND = re.compile(r"(?<![^\W_])[^\W_]++(?:[-\u2010\u2011][^\W_]++){1,3}|(?:[^\W\d_]\.){2,}")
_PART = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\W_]+")


def language_of(tag: str | None) -> str | None:
    """The language of a tag such as ``fr-CA`` where there are stems of it."""
    primary = (tag or "").partition("-")[0].lower()
    return primary if primary in _ALGORITHMS else None


def _stemmer(language: str) -> Any:
    import Stemmer

    # Its own cache would grow beside ours.
    return Stemmer.Stemmer(_ALGORITHMS[language], 0)


class _Stems(dict[str, tuple[str, ...]]):
    """The marked stems of a language's words, each made once."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language
        self._stem = _stemmer(language).stemWord

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _MOST_WORDS:
            self.clear()
        plain = fold(word)
        forms = (word,) if plain == word else (word, plain)
        found = dict.fromkeys(fold(self._stem(form)) for form in forms)
        made = tuple((MARK + self._language + one)[:MAX_TOKEN] for one in found if one)
        self[word] = made
        return made


@lru_cache(maxsize=len(_ALGORITHMS))
def _stems(language: str) -> _Stems:
    return _Stems(language)


def stems_of(word: str, language: str) -> tuple[str, ...]:
    """The marked stems of a lower-case ``word``: as it is written, and as without its accents.

    Readers leave accents out, and Snowball's endings have them: both stems are kept and asked for.
    """
    return _stems(language)[word]


def beginnings_of(stem: str) -> tuple[str, ...]:
    """The letters that the words of a marked ``stem`` begin with, folded; none of a joined word's.

    One letter of the shortest, else two, but for stems that begin otherwise than their words: of
    ``dying`` it is ``die``, German ones have ``o`` for ``oe``, Finnish ones lose one of two
    letters; Dutch ones have lost a ``ge`` (gelandet), or write a long vowel twice.
    """
    language, form = stem[1:3], stem[3:]
    if language == "zz" or not form:
        return ()
    if language == "nl":
        return (form[0], "ge")
    if len(form) < (4 if language == "fi" else 3) or form.startswith(_ONE_LETTER.get(language, ())):
        return (form[0],)
    return (form[:2],)


def joined(parts: Iterable[str], language: str | None) -> list[str]:
    """The marked forms of a compound written as one word, and of its stems so written."""
    words = list(parts)
    forms = [JOINED + "".join(fold(word) for word in words)]
    if language is not None:
        firsts = [stems_of(word.lower(), language)[:1] for word in words]
        plain = (s[0].removeprefix(MARK + language) for s in firsts if s)
        forms.append(JOINED + language + "".join(plain))
    return [form[:MAX_TOKEN] for form in forms]


def parts_of(compound: str) -> list[str]:
    """The words that a compound is made of."""
    return _PART.findall(compound)


def stem_set(text: str, language: str | None) -> list[str]:
    """The distinct stems and joined words of ``text``, sorted.

    Texts of languages without stems have joined words only.
    """
    found: set[str] = set()
    for compound in _compounds(text):
        found.update(joined(parts_of(compound), language))
    if language is not None:
        known = _stems(language)
        found.update(*map(known.__getitem__, set(_WORD.findall(text.lower()))))
    return sorted(found)


def _compounds(text: str) -> set[str]:
    """The compounds in ``text``; only what is written with a hyphen or two dots may be one."""
    return {
        match[0]
        for chunk in set(text.split())
        if "-" in chunk or "\u2010" in chunk or "\u2011" in chunk or chunk.count(".") > 1
        for match in _COMPOUND.finditer(chunk)
    }
