"""Stems of words by the language of their article, and words joined that a hyphen parts.

The algorithms are Snowball's (https://snowballstem.org/algorithms/). A stem is marked with ``=``
and its language, so that the stem of an English word never finds a French one, nor a word; a joined
word is marked ``=zz``.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from storage.text import letters
from storage.text.letters import NON_JOINER
from storage.text.tokens import MAX_TOKEN, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german",
    "el": "greek", "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian",
    "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# Korean has no Snowball stemmer: particles are all that is taken off its words.
KOREAN = "ko"
_PARTICLES = tuple(sorted((
    "은", "는", "이", "가", "을", "를", "의", "에", "에서", "에게", "께", "께서", "한테", "로",
    "으로", "와", "과", "랑", "이랑", "도", "만", "까지", "부터", "마다", "보다", "처럼", "같이",
    "조차", "마저", "나", "이나", "라도", "이라도", "에는", "에도", "에서는", "에서도", "으로는",
    "로는", "와의", "과의", "에게서", "이다", "이며", "이고", "입니다", "이었다", "였다",
), key=len, reverse=True))  # fmt: skip
# Languages whose stemmers take off or change beginnings.
PREFIXING = frozenset({"ar", "fa", "ga", "hi", "id", "ne", "sr", "ta", "yi"})
# Stems whose second letter may not be their words'.
_ONE_LETTER = {"de": ("a", "o", "u"), "en": ("die", "lie", "tie")}
MARK = "="
JOINED = "=zz"
# Words whose stems are kept at hand, by language: some ten megabytes.
_MOST_WORDS = 150_000


def stemming_language(tag: str | None) -> str | None:
    """The language of a tag such as ``fr-CA`` where there are stems of it."""
    primary = (tag or "").partition("-")[0].lower()
    return primary if primary in _ALGORITHMS or primary == KOREAN else None


def _stemmer(language: str) -> Callable[[str], str]:
    if language == KOREAN:
        return _without_particle
    import Stemmer

    # Its own cache would grow beside ours.
    stem: Callable[[str], str] = Stemmer.Stemmer(_ALGORITHMS[language], 0).stemWord
    return stem


def _without_particle(word: str) -> str:
    """A Korean ``word`` without the longest particle at its end; one syllable is left at least."""
    word = unicodedata.normalize("NFC", word)
    if letters.is_hangul(word):
        for particle in _PARTICLES:
            if len(word) > len(particle) and word.endswith(particle):
                return word[: -len(particle)]
    return word


def _told_apart(word: str, stem: str) -> tuple[str, ...]:
    """The folded forms of a ``stem``, of which one that lost a vowel sign is not one that had none.

    Hindi कला (art) is stemmed to कल (yesterday), as लड़का and लड़के to one stem, which no word is.
    """
    lost = word[len(stem) :] if word.startswith(stem) else ""
    if not lost or unicodedata.category(lost[0])[0] != "M" or not letters.strip_accents(lost):
        return (fold(stem),)
    open_ended = fold(stem) + "v"
    return (open_ended,) if len(lost) == 1 else (fold(stem), open_ended)


class _Stems(dict[str, tuple[str, ...]]):
    """The marked stems of a language's words, each made once."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language
        self._stem = _stemmer(language)

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _MOST_WORDS:
            self.clear()
        plain = fold(word)
        forms = (word,) if plain == word else (word, plain)
        found = dict.fromkeys(one for form in forms for one in _told_apart(form, self._stem(form)))
        made = tuple((MARK + self._language + one)[:MAX_TOKEN] for one in found if one)
        self[word] = made
        return made


@lru_cache(maxsize=len(_ALGORITHMS) + 1)
def _stems(language: str) -> _Stems:
    return _Stems(language)


def stems_of(word: str, language: str) -> tuple[str, ...]:
    """The marked stems of a lower-case ``word``: as it is written, and as without its accents.

    Readers leave accents out, and Snowball's endings have them: both stems are kept and asked for.
    """
    return _stems(language)[word]


def stem_prefixes(stem: str) -> tuple[str, ...]:
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


def joined_forms(parts: Iterable[str], language: str | None) -> list[str]:
    """The marked forms of a compound written as one word, and of its stems so written."""
    words = list(parts)
    forms = [JOINED + "".join(fold(word) for word in words)]
    if language is not None:
        firsts = [stems_of(word.lower(), language)[:1] for word in words]
        plain = (s[0].removeprefix(MARK + language) for s in firsts if s)
        forms.append(JOINED + language + "".join(plain))
    return [form[:MAX_TOKEN] for form in forms]


def compound_parts(compound: str) -> list[str]:
    """The words that a compound is made of."""
    return letters.word_run_pattern(compound).findall(compound)


def stem_set(text: str, language: str | None) -> list[str]:
    """The distinct stems and joined words of ``text``, sorted.

    Texts of languages without stems have joined words only.
    """
    found: set[str] = set()
    for compound in _compounds(text):
        found.update(joined_forms(compound_parts(compound), language))
    if language is not None:
        known = _stems(language)
        found.update(
            *map(known.__getitem__, set(letters.word_run_pattern(text).findall(text.lower())))
        )
    return sorted(found)


def _compounds(text: str) -> set[str]:
    """The compounds in ``text``; only what is written with a hyphen or two dots may be one.

    Persian writes the parts of a word with a zero-width non-joiner between them.
    """
    return {
        match[0]
        for chunk in set(text.split())
        if "-" in chunk
        or "\u2010" in chunk
        or "\u2011" in chunk
        or NON_JOINER in chunk
        or chunk.count(".") > 1
        for match in letters.compound_pattern(chunk).finditer(chunk)
    }
