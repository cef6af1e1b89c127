"""Which words of a text answer a query, and the stretch of it that shows most of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.analysis import Token, fold, tokens_at, words_beginning
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
        initials = {token[0] for token in (*self._words, *self._beginnings) if token}
        # In most languages a word and its stem begin alike: only such words are looked at.
        initials |= {stem[3] for stem in self._stems if len(stem) > 3 and stem[1:3] != "zz"}
        self._some = words_beginning(frozenset(initials)) if initials else None
        # What was decided of a word as it is written, by language.
        self._decided: dict[str | None, dict[str, bool]] = {}

    def places(self, text: str, language: str | None) -> list[Token]:
        """The wanted words of ``text``, an article's in this language."""
        if self._some is None:
            return []
        known = language_of(language)
        if known in PREFIXING and self._stems:
            return [token for token in tokens_at(text) if self._is_wanted(token.text, known)]
        decided = self._decided.setdefault(known, {})
        found = []
        for match in self._some.finditer(text):
            word = match[0]
            wanted = decided.get(word)
            if wanted is None:
                wanted = decided[word] = self._is_wanted(word, known)
            if wanted:
                found.append(Token(fold(word), match.start(), match.end()))
        return found

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
