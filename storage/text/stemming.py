"""Stems of words by the language of their article, and joined forms of compounds.

The algorithms are Snowball's (https://snowballstem.org/algorithms/). A stem is marked with ``=``
and its language, so that the stem of an English word never matches a French one, nor a word. A
joined form is marked ``=zz``.
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
_PARTICLES = tuple(
    sorted(
        (
            "은",
            "는",
            "이",
            "가",
            "을",
            "를",
            "의",
            "에",
            "에서",
            "에게",
            "께",
            "께서",
            "한테",
            "로",
            "으로",
            "와",
            "과",
            "랑",
            "이랑",
            "도",
            "만",
            "까지",
            "부터",
            "마다",
            "보다",
            "처럼",
            "같이",
            "조차",
            "마저",
            "나",
            "이나",
            "라도",
            "이라도",
            "에는",
            "에도",
            "에서는",
            "에서도",
            "으로는",
            "로는",
            "와의",
            "과의",
            "에게서",
            "이다",
            "이며",
            "이고",
            "입니다",
            "이었다",
            "였다",
        ),
        key=len,
        reverse=True,
    )
)
# Languages whose stemmers take off or change beginnings.
PREFIXING = frozenset({"ar", "fa", "ga", "hi", "id", "ne", "sr", "ta", "yi"})
# Stems whose second letter may not be their words'.
_ONE_LETTER = {"de": ("a", "o", "u"), "en": ("die", "lie", "tie")}
MARK = "="
JOINED = "=zz"
# Words whose stems are kept at hand, by language: some ten megabytes.
_MOST_WORDS = 150_000


def stemming_language(tag: str | None) -> str | None:
    """Return the language of a tag such as ``fr-CA``, where it has a stemmer."""
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
    """Return a Korean ``word`` without its longest final particle; at least one syllable stays."""
    word = unicodedata.normalize("NFC", word)
    if letters.is_hangul(word):
        for particle in _PARTICLES:
            if len(word) > len(particle) and word.endswith(particle):
                return word[: -len(particle)]
    return word


def _told_apart(word: str, stem: str) -> tuple[str, ...]:
    """Return the folded forms of a ``stem``, keeping stems apart that differ by a lost vowel sign.

    Hindi कला (art) is stemmed to कल (yesterday), as लड़का and लड़के to one stem, which is no word.
    """
    lost = word[len(stem) :] if word.startswith(stem) else ""
    if not lost or unicodedata.category(lost[0])[0] != "M" or not letters.strip_accents(lost):
        return (fold(stem),)
    open_ended = fold(stem) + "v"
    return (open_ended,) if len(lost) == 1 else (fold(stem), open_ended)


class _Stems(dict[str, tuple[str, ...]]):
    """A cache of the marked stems of a language's words."""

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
    """Return the marked stems of a lower-case ``word``, with and without its accents.

    Users omit accents, but Snowball's suffixes have them: both stems are stored and searched.
    """
    return _stems(language)[word]


def stem_prefixes(stem: str) -> tuple[str, ...]:
    """Return the folded letters with which words of a marked ``stem`` begin; none for joined forms.

    One letter for short stems, otherwise two. Exceptions are stems that begin differently from
    their words: ``die`` for ``dying``, German ``o`` for ``oe``, Finnish stems without one of two
    letters, Dutch stems without ``ge`` (gelandet) or with a double vowel.
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
    """Return the marked forms of a compound and of its stems, written as one word."""
    words = list(parts)
    forms = [JOINED + "".join(fold(word) for word in words)]
    if language is not None:
        firsts = [stems_of(word.lower(), language)[:1] for word in words]
        plain = (s[0].removeprefix(MARK + language) for s in firsts if s)
        forms.append(JOINED + language + "".join(plain))
    return [form[:MAX_TOKEN] for form in forms]


def compound_parts(compound: str) -> list[str]:
    """Return the words of a compound."""
    return letters.word_run_pattern(compound).findall(compound)


def stem_set(text: str, language: str | None) -> list[str]:
    """Return the distinct stems and joined forms of ``text``, sorted.

    Texts in languages without a stemmer have joined forms only.
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
    """Yield the compounds in ``text``: words with a hyphen or at least two dots.

    Persian writes a zero-width non-joiner between the parts of a word.
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
