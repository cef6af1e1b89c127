"""Which words of a text answer a query, and the stretch of it that shows most of them. Pure."""

from __future__ import annotations

from collections import deque
from itertools import chain
from typing import TYPE_CHECKING

from storage.text.stemming import PREFIXING, beginnings_of, language_of, stems_of
from storage.text.tokens import Token, WordsBeginning, fold, words_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.search.results.bm25 import Term

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
        self._enough = len(matches)
        self._beginnings = tuple(m.tokens[-1] for m in matches if m.prefix)
        self._stems = {stem.strip() for term in terms for stem in term.stems}
        initials = {token[:2] for token in (*self._words, *self._beginnings) if token}
        # In most languages a word and its stem begin alike: only such words are looked at.
        initials.update(*map(beginnings_of, self._stems))
        self._initials = tuple(initials)
        self._some = WordsBeginning(initials) if initials else None
        # What was decided of a word as it is written, by language.
        self._decided: dict[str | None, dict[str, bool]] = {}

    def places(self, text: str, language: str | None) -> Iterator[Token]:
        """The wanted words of ``text``, an article's in this language, in their order."""
        if self._some is None:
            return
        known = language_of(language)
        decided = self._decided.setdefault(known, {})
        words = words_at if known in PREFIXING and self._stems else self._some
        for word, start, end in words(text):
            wanted = decided.get(word)
            if wanted is None:
                wanted = decided[word] = self._is_wanted(word, known)
            if wanted:
                yield Token(fold(word), start, end)

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
        if language not in PREFIXING and not token.startswith(self._initials):
            return False
        return not self._stems.isdisjoint(stems_of(word.lower(), language))

    def marks(self, text: str, language: str | None) -> Marks:
        """Where the wanted words stand in ``text``."""
        return tuple((token.start, token.end) for token in self.places(text, language))

    def quote(self, body: str, language: str | None) -> tuple[str, Marks]:
        """The stretch of ``body`` with the most different wanted words, and where they stand."""
        first = self._richest(body[:_REACH], language)
        begin = 0 if first is None else _word_start(body, max(0, first - _LEAD))
        end = min(len(body), begin + SNIPPET_CHARACTERS)
        if end < len(body):
            cut = body.rfind(" ", begin + SNIPPET_CHARACTERS // 2, end)
            end = cut if cut > 0 else end
        lead = "… " if begin > 0 else ""
        snippet = lead + body[begin:end].replace("\n", " ") + (" …" if end < len(body) else "")
        return snippet, self.marks(snippet, language)

    def _richest(self, text: str, language: str | None) -> int | None:
        """Where the first stretch of ``text`` begins that holds the most different wanted words.

        As many as the query has words are enough: the rest of the text is not looked at then.
        """
        best: int | None = None
        most = 0
        window: deque[Token] = deque()
        # Ends the last stretches as a further word would.
        beyond = Token("", len(text) + SNIPPET_CHARACTERS, len(text) + SNIPPET_CHARACTERS)
        for seen, token in enumerate(chain(self.places(text, language), (beyond,))):
            while window and token.start >= window[0].start + SNIPPET_CHARACTERS - _LEAD:
                different = len({one.text for one in window})
                if different > most:
                    best, most = window[0].start, different
                    if most >= self._enough:
                        return best
                window.popleft()
            window.append(token)
            if seen > _MOST:
                break
        return best


def _word_start(body: str, at: int) -> int:
    if at == 0:
        return 0
    space = body.find(" ", at, at + _LEAD)
    return space + 1 if space >= 0 else at
