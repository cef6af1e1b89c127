"""How a page is recognised: by identity, URLs or words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.text.normalize import normalized_words
from storage.text.urls import url_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.types.content import Article, Entry

# Shorter texts are alike by chance: "No comment." is no duplicate of "No comment.".
DUPLICATE_WORDS = 20
# A page that shares less than this of its words' sequence with the item that its canonical URL
# names, under another headline, is another article behind a careless template.
SAME_ARTICLE = 0.2


def identity_of(content: Article | Entry, url: str) -> str:
    """The identity within source and kind: the site's own number, else the canonical URL's key."""
    if content.number:
        return f"number:{content.number}"
    return f"url:{url_key(content.canonical_url or url)}"


def keys_of(urls: Iterable[str]) -> list[str]:
    """The distinct keys of ``urls`` in their order."""
    return list(dict.fromkeys(url_key(url) for url in urls))


def likeness(one: str, other: str) -> float:
    """Share of 3-word shingles that two texts have in common (Jaccard, 0 to 1)."""
    first, second = _shingles(one), _shingles(other)
    union = len(first | second)
    return len(first & second) / union if union else 1.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = normalized_words(text)
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set()
