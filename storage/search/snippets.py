"""Which words of a text answer a query, and the stretch of it that shows most of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.analysis import Token, fold, occurrences, words_in
from storage.search.stems import PREFIXING, language_of, stems_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.ranking import Term

SNIPPET_CHARACTERS = 220
# Only so much of a text is looked through for the best place to quote.
_REACH = 40_000
# Places beyond so many are too many to weigh each.
_MOST = 400
_LEAD = 60

Marks = tuple[tuple[int, int], ...]


class Marker:
    """Finds the words of a text that a query's terms stand for."""

    def __init__(self, terms: Sequence[Term]) -> None:
        matches = [term.match for term in terms]
        self._words = {
            token
            for match in matches
            for token in (match.tokens[:-1] if match.prefix else match.tokens)
        }
        self._beginnings = tuple(m.tokens[-1] for m in matches if m.prefix)
        self._stems = {stem.strip() for term in terms for stem in term.stems}
        # In most languages a word and its stem begin alike, so that few words need be stemmed.
        self._initials = {(stem[1:3], stem[3:4]) for stem in self._stems}
        # What was decided of a word as it is written, by language.
        self._decided: dict[str | None, dict[str, bool]] = {}

    def places(self, text: str, language: str | None) -> list[Token]:
        """The wanted words of ``text``, an article's in this language."""
        if not self._words and not self._beginnings:
            return []
        known = language_of(language)
        decided = self._decided.setdefault(known, {})
        wanted = []
        # Few of a text's different words are wanted: only those are looked for.
        for word in set(words_in(text)):
            if word not in decided:
                decided[word] = self._is_wanted(word, known)
            if decided[word]:
                wanted.append(word)
        found = [token for word in wanted for token in occurrences(text, word)]
        return sorted(found, key=lambda token: token.start)

    def _is_wanted(self, word: str, language: str | None) -> bool:
        token = fold(word)
        if not token:
            return False
        if token in self._words:
            return True
        if self._beginnings and token.startswith(self._beginnings):
            return True
        if language is None or not self._stems:
            return False
        if language not in PREFIXING and (language, token[0]) not in self._initials:
            return False
        return not self._stems.isdisjoint(stems_of(word.lower(), language))

    def marks(self, text: str, language: str | None) -> Marks:
        """Where the wanted words stand in ``text``."""
        return tuple((token.start, token.end) for token in self.places(text, language))

    def quote(self, body: str, language: str | None) -> tuple[str, Marks]:
        """The stretch of ``body`` with the most different wanted words, and where they stand."""
        reach = body[:_REACH]
        places = self.places(reach, language)
        begin = 0
        if places:
            best = _richest(places) if len(places) <= _MOST else places[0]
            begin = _word_start(reach, max(0, best.start - _LEAD))
        end = min(len(body), begin + SNIPPET_CHARACTERS)
        if end < len(body):
            cut = body.rfind(" ", begin + SNIPPET_CHARACTERS // 2, end)
            end = cut if cut > 0 else end
        lead = "… " if begin > 0 else ""
        snippet = lead + body[begin:end].replace("\n", " ") + (" …" if end < len(body) else "")
        shift = len(lead) - begin
        return snippet, tuple(
            (token.start + shift, token.end + shift)
            for token in places
            if begin <= token.start and token.end <= end
        )


def _richest(places: Sequence[Token]) -> Token:
    """The first word of the stretch that holds the most different ones."""

    def worth(first: Token) -> tuple[int, int]:
        end = first.start + SNIPPET_CHARACTERS - _LEAD
        held = {one.text for one in places if first.start <= one.start < end}
        return len(held), -first.start

    return max(places, key=worth)


def _word_start(body: str, at: int) -> int:
    if at == 0:
        return 0
    space = body.find(" ", at, at + _LEAD)
    return space + 1 if space >= 0 else at
