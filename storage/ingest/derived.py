"""Derives what is stored with a text: digest, search tokens, stems, signature. Pure.

This takes longer than many of the statements that store it, and needs no database. So the worker
process that extracts a page also derives, and the writing process receives the result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from storage.duplicates.minhash import SignedText, sign
from storage.search.index.documents import TokenizedText
from storage.text.normalize import normalized_words, text_digest
from storage.text.tokens import tokenize
from storage.types.content import Article, Entry, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.types.pages import DerivedFrom


@dataclass(frozen=True, slots=True)
class Derived:
    """The data derived from ``content``; valid while its blocks are the same objects.

    Content is copied, never changed. Code that alters the text makes new blocks, so the data is
    derived again. Pickle both together, to keep the objects identical.
    """

    content: Article | Entry
    word_count: int
    digest: str
    # Of articles only.
    texts: TokenizedText | None = None
    signed: SignedText | None = None

    def holds_of(self, content: Article | Entry) -> bool:
        """Return whether the data is valid for ``content``."""
        own = self.content
        if content.blocks is not own.blocks:
            return False
        if isinstance(content, Entry) or isinstance(own, Entry):
            return isinstance(content, Entry) and isinstance(own, Entry)
        return (content.headline, content.standfirst, content.language) == (
            own.headline, own.standfirst, own.language,
        )  # fmt: skip


def derive(content: Article | Entry) -> Derived:
    """Derive everything at once."""
    deriving = Deriving(content)
    found = Derived(content, deriving.word_count, deriving.digest)
    if isinstance(content, Article):
        found = replace(found, texts=deriving.texts, signed=deriving.signed)
    return found


class Deriving:
    """Derives each value at its first use; ``done`` holds what was derived already."""

    def __init__(self, content: Article | Entry, done: DerivedFrom | None = None) -> None:
        self.content = content
        self._done = done if isinstance(done, Derived) and done.holds_of(content) else None

    @cached_property
    def words(self) -> list[str]:
        """The text's words as :func:`storage.text.normalize.normalized_words` folds them."""
        return normalized_words(self.content.text)

    @property
    def word_count(self) -> int:
        """Return the number of words of the text."""
        return len(self.words) if self._done is None else self._done.word_count

    @cached_property
    def digest(self) -> str:
        """Return the digest of the words."""
        return text_digest(self.words) if self._done is None else self._done.digest

    @cached_property
    def json(self) -> dict[str, Any]:
        """The content in its JSON form, as a revision keeps it."""
        made: dict[str, Any] = to_json(self.content)
        return made

    @cached_property
    def _tokens(self) -> Sequence[str]:
        return tokenize(self.content.text)

    @cached_property
    def texts(self) -> TokenizedText:
        """Return the search tokens and stems of an article."""
        if self._done is not None and self._done.texts is not None:
            return self._done.texts
        content = self.content
        if not isinstance(content, Article):
            raise TypeError(f"{content.name} is no article")
        return TokenizedText.of(
            content.headline, content.standfirst or "", content.text, content.language, self._tokens
        )

    @cached_property
    def signed(self) -> SignedText | None:
        """Return the MinHash signature of the text; ``None`` if it is too short."""
        if self._done is not None:
            return self._done.signed
        return sign(self._tokens)
