"""Highlights the matching words of a text, and cuts the snippet that shows most of them. Pure."""

from __future__ import annotations

from collections import deque
from itertools import chain
from typing import TYPE_CHECKING

from storage.text.stemming import PREFIXING, stem_prefixes, stemming_language, stems_of
from storage.text.tokens import PrefixWordFinder, Token, fold, word_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.search.results.bm25 import Term

SNIPPET_CHARACTERS = 220
# Characters of a text that are scanned for the best snippet.
_MAX_SCANNED = 40_000
# Matching words that are compared at most.
_MAX_MATCHES = 400
_LEAD_CHARACTERS = 60

Marks = tuple[tuple[int, int], ...]


class Highlighter:
    """Finds the words of a text that match a query's terms."""

    def __init__(self, terms: Sequence[Term]) -> None:
        phrases = [term.phrase for term in terms]
        self._words = {
            token
            for phrase in phrases
            for token in (phrase.tokens[:-1] if phrase.prefix else phrase.tokens)
        }
        self._max_distinct = len(phrases)
        self._prefixes = tuple(one.tokens[-1] for one in phrases if one.prefix)
        self._stems = {stem.strip() for term in terms for stem in term.stems}
        initials = {token[:2] for token in (*self._words, *self._prefixes) if token}
        # In most languages a word and its stem share their first letters: skip all other words.
        initials.update(*map(stem_prefixes, self._stems))
        self._initials = tuple(initials)
        self._candidates = PrefixWordFinder(initials) if initials else None
        # Cached decisions per language and spelling.
        self._decided: dict[str | None, dict[str, bool]] = {}

    def occurrences(self, text: str, language: str | None) -> Iterator[Token]:
        """Yield the matching words of ``text``, an article in ``language``, in their order."""
        if self._candidates is None:
            return
        known = stemming_language(language)
        decided = self._decided.setdefault(known, {})
        words = word_spans if known in PREFIXING and self._stems else self._candidates
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
        if self._prefixes and token.startswith(self._prefixes):
            return True
        if language is None or not self._stems:
            return False
        if language not in PREFIXING and not token.startswith(self._initials):
            return False
        return not self._stems.isdisjoint(stems_of(word.lower(), language))

    def marks(self, text: str, language: str | None) -> Marks:
        """Return the ranges of matching words in ``text``."""
        return tuple((token.start, token.end) for token in self.occurrences(text, language))

    def snippet(self, body: str, language: str | None) -> tuple[str, Marks]:
        """Return the passage of ``body`` with the most distinct matching words, and the ranges."""
        first = self._best_start(body[:_MAX_SCANNED], language)
        begin = 0 if first is None else _word_start(body, max(0, first - _LEAD_CHARACTERS))
        end = min(len(body), begin + SNIPPET_CHARACTERS)
        if end < len(body):
            cut = body.rfind(" ", begin + SNIPPET_CHARACTERS // 2, end)
            end = cut if cut > 0 else end
        lead = "… " if begin > 0 else ""
        snippet = lead + body[begin:end].replace("\n", " ") + (" …" if end < len(body) else "")
        return snippet, self.marks(snippet, language)

    def _best_start(self, text: str, language: str | None) -> int | None:
        """Return the start of the first passage with the most distinct matching words.

        A passage with all words of the query ends the scan.
        """
        best: int | None = None
        most = 0
        window: deque[Token] = deque()
        # A sentinel that closes the last passages.
        beyond = Token("", len(text) + SNIPPET_CHARACTERS, len(text) + SNIPPET_CHARACTERS)
        for seen, token in enumerate(chain(self.occurrences(text, language), (beyond,))):
            while window and token.start >= window[0].start + SNIPPET_CHARACTERS - _LEAD_CHARACTERS:
                different = len({one.text for one in window})
                if different > most:
                    best, most = window[0].start, different
                    if most >= self._max_distinct:
                        return best
                window.popleft()
            window.append(token)
            if seen > _MAX_MATCHES:
                break
        return best


def _word_start(body: str, at: int) -> int:
    if at == 0:
        return 0
    space = body.find(" ", at, at + _LEAD_CHARACTERS)
    return space + 1 if space >= 0 else at
