"""Known names in plain text: the longest one at each place, whole words, case minded. Pure.

A trie over words: what an Aho-Corasick automaton is over letters, but it can only match whole
words, and a text of n words costs n steps times the words of the longest name that begins there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.text import letters
from storage.text.letters import identifier_pattern as _words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# After these a capital says nothing: it begins a sentence.
_SENTENCE = re.compile(r"(?:^|[.!?…:;«“\"(•\n]|[-–—]\s)[\s\u00a0\u202f]*$")
# Letters of the shortest name of one word.
_SHORTEST = 3
_MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name and the entry that it names, of which source."""

    item_id: int
    source_id: int
    name: str
    kind: str = "unknown"


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name found at ``start`` to ``end`` (in characters), and all the entries it may mean."""

    start: int
    end: int
    entries: tuple[KnownName, ...]


@dataclass(slots=True)
class _Node:
    after: dict[str, _Node] = field(default_factory=dict)
    entries: list[KnownName] = field(default_factory=list)


class NameTrie:
    """Known names, ready to be looked for."""

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
        """Names without a capital are words of the language; the shortest are chance.

        Of scripts without capitals, names of several words are taken.
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
        """The names in ``text``, the longest at each place, none over another."""
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
        """Whether one capitalised word that begins a sentence is all there is."""
        after, _ = found
        word = words[at][2]
        alone = after == at + 1 and word[1:] == word[1:].lower()
        return alone and _SENTENCE.search(text[max(0, words[at][0] - 4) : words[at][0]]) is not None


def resolve_entry(hit: NameHit, source_id: int) -> KnownName | None:
    """The one entry that a hit means in an article of ``source_id``; ``None`` if it may be several.

    An entry of the same source goes before those of others.
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
