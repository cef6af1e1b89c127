"""Finds known names in plain text: the longest at each place, whole words, case-sensitive. Pure.

A trie over words (an Aho-Corasick automaton works on letters, but only whole words may match): a
text of n words costs n steps times the word count of the longest name that begins there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.text import letters
from storage.text.letters import identifier_pattern as _words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A capital after these begins a sentence and is no evidence of a name.
_SENTENCE = re.compile(r"(?:^|[.!?…:;«“\"(•\n]|[-–—]\s)[\s\u00a0\u202f]*$")
# Minimum length of a name of one word.
_SHORTEST = 3
_MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name, its directory entry, and the source of the entry."""

    item_id: int
    source_id: int
    name: str
    kind: str = "unknown"


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name found at ``start`` to ``end`` (in characters), with all entries that have it."""

    start: int
    end: int
    entries: tuple[KnownName, ...]


@dataclass(slots=True)
class _Node:
    after: dict[str, _Node] = field(default_factory=dict)
    entries: list[KnownName] = field(default_factory=list)


class NameTrie:
    """A set of known names to search texts for."""

    def __init__(self, names: Iterable[KnownName]) -> None:
        self._root = _Node()
        self.count = 0
        for known in names:
            words = [_plain(word) for word in _words(known.name).findall(known.name)]
            if self._is_fit(words):
                self._put(words, known)
                self.count += 1

    @staticmethod
    def _is_fit(words: list[str]) -> bool:
        """Return whether a name is distinctive: it has a capital letter and is not too short.

        In scripts without capitals, names of several words are accepted.
        """
        if not words or len(words) > _MOST_WORDS:
            return False
        if not any(w != w.lower() for w in words):
            return len(words) > 1 and not any(w != w.upper() for w in words)
        return len(words) > 1 or len(words[0]) >= _SHORTEST

    def _put(self, words: list[str], known: KnownName) -> None:
        node = self._root
        for word in words:
            node = node.after.setdefault(word, _Node())
        node.entries.append(known)

    def find(self, text: str) -> Iterator[NameHit]:
        """Return the names in ``text``, the longest at each place, without overlaps."""
        spelled = _words(text).findall(text)
        plain = spelled if text.isascii() else map(_plain, spelled)
        # Most texts hold the first word of no name.
        if self._root.after.keys().isdisjoint(plain):
            return
        words = [(m.start(), m.end(), _plain(m[0])) for m in _words(text).finditer(text)]
        at = 0
        while at < len(words):
            found = self._longest(words, at)
            if found is None or self._is_chance(text, words, at, found):
                at += 1
                continue
            after, node = found
            yield NameHit(words[at][0], words[after - 1][1], tuple(node.entries))
            at = after

    def _longest(self, words: list[tuple[int, int, str]], at: int) -> tuple[int, _Node] | None:
        node, best = self._root, None
        for i in range(at, min(len(words), at + _MOST_WORDS)):
            following = node.after.get(words[i][2])
            if following is None:
                break
            node = following
            if node.entries:
                best = (i + 1, node)
        return best

    @staticmethod
    def _is_chance(
        text: str, words: list[tuple[int, int, str]], at: int, found: tuple[int, _Node]
    ) -> bool:
        """Return whether the hit is a single capitalised word at the start of a sentence."""
        after, _ = found
        word = words[at][2]
        alone = after == at + 1 and word[1:] == word[1:].lower()
        return alone and _SENTENCE.search(text[max(0, words[at][0] - 4) : words[at][0]]) is not None


def resolve_entry(hit: NameHit, source_id: int) -> KnownName | None:
    """Return the one entry of a hit in an article of ``source_id``; ``None`` where it is ambiguous.

    An entry of the same source takes precedence.
    """
    for entries in ([e for e in hit.entries if e.source_id == source_id], hit.entries):
        ids = {entry.item_id for entry in entries}
        if len(ids) == 1:
            return entries[0]
        if len(ids) > 1:
            return None
    return None


def _plain(word: str) -> str:
    if word.isascii():
        return word
    return letters.strip_accents(word)
