"""The index document of an article: tokens, stems and marked fields. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from zlib import crc32

from storage.text.stemming import stem_set, stemming_language
from storage.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# A prefix on each token of the column of fields names the field: no word contains a slash.
# Headlines are there too, so that a search in headlines reads few rows.
MARKS: dict[Field, str] = {
    "title": "/hh", "author": "/by", "section": "/se", "tag": "/ta", "kind": "/ki",
    "number": "/nu", "site": "/si",
}  # fmt: skip
_MARK = 3
TITLE_STEM_MARK = "/hs"
FLAG_MARK = "/is"
LANGUAGE_MARK = "/la"
SOURCE_MARK = "/so"
ENTRY_MARK = "/en"
# Follows each value, so that no phrase matches across two values.
END = "/"
# Prefix of a pair of adjacent words of a value. Names are phrases of words that are common alone
# ("Anne" in thousands of articles), but few articles contain such a pair.
PAIR = "/2"


@dataclass(frozen=True, slots=True)
class IndexedArticle:
    """The searchable content of an article; ``body`` is its text and that of its attachments."""

    source_id: int
    url: str
    headline: str
    standfirst: str
    body: str
    byline: Sequence[str] = ()
    section: str | None = None
    tags: Sequence[str] = ()
    kind: str | None = None
    number: str | None = None
    language: str | None = None
    access: str = "full"
    revision: int = 1
    has_attachment: bool = False
    has_picture: bool = False
    # The directory entries that it mentions or links to.
    entries: Sequence[int] = ()
    # Tokens and stems, where they are known already.
    texts: TokenizedText | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """The tokens and stems of an article's texts, joined by spaces."""

    headline: str
    standfirst: str
    body: str
    headline_stems: str
    text_stems: str

    @classmethod
    def of(
        cls,
        headline: str,
        standfirst: str,
        body: str,
        language: str | None,
        body_tokens: Sequence[str] | None = None,
    ) -> TokenizedText:
        """Tokenize the texts of an article; ``body_tokens`` are those of the body, where known."""
        known = stemming_language(language)
        # A separator, so that no compound joins words of both texts.
        stems = stem_set(f"{standfirst}\n{body}", known)
        return cls(
            " ".join(tokenize(headline)),
            " ".join(tokenize(standfirst)),
            " ".join(tokenize(body) if body_tokens is None else body_tokens),
            " ".join(stem_set(headline, known)),
            " ".join(stems),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """One row of the index: the search key, and one column of tokens per field."""

    key: int
    headline: str
    standfirst: str
    body: str
    headline_stems: str
    text_stems: str
    fields: str


def document_of(key: int, article: IndexedArticle) -> Document:
    """Build the index document of an article."""
    texts = article.texts or TokenizedText.of(
        article.headline, article.standfirst, article.body, article.language
    )
    title_stems = (TITLE_STEM_MARK + stem for stem in texts.headline_stems.split())
    return Document(
        key,
        texts.headline,
        texts.standfirst,
        texts.body,
        texts.headline_stems,
        texts.text_stems,
        " ".join([*title_stems, *_field_tokens(article)]),
    )


def _field_tokens(article: IndexedArticle) -> Iterable[str]:
    values: list[tuple[Field, Iterable[str]]] = [
        ("title", [article.headline]),
        ("author", article.byline),
        ("section", filter(None, [article.section])),
        ("tag", article.tags),
        ("kind", filter(None, [article.kind])),
        ("number", filter(None, [article.number])),
        ("site", [host_of(article.url)]),
    ]
    for name, texts in values:
        for text in texts:
            words = [MARKS[name] + token for token in tokenize(text)]
            yield from words
            yield END
            yield from pair_tokens(words)
    yield f"{SOURCE_MARK}{article.source_id}"
    yield from (f"{ENTRY_MARK}{entry}" for entry in article.entries)
    yield from (FLAG_MARK + flag for flag in _flag_tokens(article))
    code = "".join(c for c in (article.language or "").lower() if c.isascii() and c.isalnum())
    primary = "".join(tokenize((article.language or "").partition("-")[0]))
    yield from (LANGUAGE_MARK + one for one in dict.fromkeys((primary, code)) if one)


def pair_tokens(marked: Sequence[str]) -> list[str]:
    """Return a token per pair of adjacent marked words of a value, each once."""
    found = (f"{PAIR}{one[1:]}/{other[_MARK:]}" for one, other in pairwise(marked) if other != END)
    return list(dict.fromkeys(found))


def pair_hash(one: str, other: str) -> str:
    """Return a token for two adjacent words of a text: one of 65,536.

    One token per distinct pair would more than double PostgreSQL's index (docs/search.md). So a
    match on the token must be checked: of articles with both words, one in 160 has it by chance.
    """
    return f"{PAIR}{crc32(f'{one} {other}'.encode()) & 0xFFFF:x}"


def _flag_tokens(article: IndexedArticle) -> Iterable[str]:
    yield "all"
    yield article.access
    if article.revision > 1:
        yield "revised"
    if article.has_attachment:
        yield "attachment"
    if article.has_picture:
        yield "picture"


def host_of(url: str) -> str:
    """Return the host of a URL, without prefixes such as www."""
    return urlsplit(url).hostname or ""


# The fields to search words in. ``any`` is headline, standfirst and text; ``text`` is
# standfirst and text; the last six are marked tokens of the index's column of fields.
Field = Literal[
    "any", "title", "standfirst", "text", "author", "section", "tag", "kind", "number", "site"
]
