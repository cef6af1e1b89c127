"""What is indexed of an article: its tokens, stems and marked fields. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from zlib import crc32

from storage.text.stemming import language_of, stem_set
from storage.text.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    pass

# What stands before each token of the column of fields says which one it is: no word has a slash.
# Headlines are there too: few articles hold a word there, and need not be sought among all.
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
# Stands after each value, so that no phrase runs from one into the next.
END = "/"
# Before the mark of two words of a value that follow one another. Names are phrases of words that
# stand in most articles ("Anne" in thousands), and few articles hold such a pair.
PAIR = "/2"


@dataclass(frozen=True, slots=True)
class Searchable:
    """An article as it may be found; ``body`` is its text and what its attachments say."""

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
    # The directory entries that it names or lists.
    entries: Sequence[int] = ()
    # Where they were made already.
    texts: Texts | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Texts:
    """What an article's words are found by: tokens and stems joined by spaces."""

    headline: str
    standfirst: str
    body: str
    headline_stems: str
    text_stems: str

    @classmethod
    def of(
        cls, headline: str, standfirst: str, body: str, language: str | None,
        body_tokens: Sequence[str] | None = None,
    ) -> Texts:  # fmt: skip
        """Those of an article; ``body_tokens`` where they were made already."""
        known = language_of(language)
        # A break, so that no compound runs from one into the other.
        stems = stem_set(f"{standfirst}\n{body}", known)
        return cls(
            " ".join(tokens(headline)), " ".join(tokens(standfirst)),
            " ".join(tokens(body) if body_tokens is None else body_tokens),
            " ".join(stem_set(headline, known)), " ".join(stems),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """An article's row of the index, under its key: tokens joined by spaces, a column each."""

    key: int
    headline: str
    standfirst: str
    body: str
    headline_stems: str
    text_stems: str
    fields: str


def document(key: int, article: Searchable) -> Document:
    """The row of an article."""
    texts = article.texts or Texts.of(
        article.headline, article.standfirst, article.body, article.language
    )
    title_stems = (TITLE_STEM_MARK + stem for stem in texts.headline_stems.split())
    return Document(
        key, texts.headline, texts.standfirst, texts.body, texts.headline_stems, texts.text_stems,
        " ".join([*title_stems, *_fields(article)]),
    )  # fmt: skip


def _fields(article: Searchable) -> Iterable[str]:
    values: list[tuple[Field, Iterable[str]]] = [
        ("title", [article.headline]), ("author", article.byline),
        ("section", filter(None, [article.section])), ("tag", article.tags),
        ("kind", filter(None, [article.kind])),
        ("number", filter(None, [article.number])), ("site", [host_of(article.url)]),
    ]  # fmt: skip
    for name, texts in values:
        for text in texts:
            words = [MARKS[name] + token for token in tokens(text)]
            yield from words
            yield END
            yield from pairs(words)
    yield f"{SOURCE_MARK}{article.source_id}"
    yield from (f"{ENTRY_MARK}{entry}" for entry in article.entries)
    yield from (FLAG_MARK + flag for flag in _flags(article))
    code = "".join(c for c in (article.language or "").lower() if c.isascii() and c.isalnum())
    primary = "".join(tokens((article.language or "").partition("-")[0]))
    yield from (LANGUAGE_MARK + one for one in dict.fromkeys((primary, code)) if one)


def pairs(marked: Sequence[str]) -> list[str]:
    """The pairs of neighbours among the marked words of one value, each once."""
    found = (f"{PAIR}{one[1:]}/{other[_MARK:]}" for one, other in pairwise(marked) if other != END)
    return list(dict.fromkeys(found))


def text_pair(one: str, other: str) -> str:
    """A token for two words of a text that follow one another: one of 65,536.

    With a token for each pair there is, PostgreSQL's index would be more than twice as large
    (docs/search.md). So what has the token must be looked at still: of articles with both words,
    one in 160 has it by chance.
    """
    return f"{PAIR}{crc32(f'{one} {other}'.encode()) & 0xFFFF:x}"


def _flags(article: Searchable) -> Iterable[str]:
    yield "all"
    yield article.access
    if article.revision > 1:
        yield "revised"
    if article.has_attachment:
        yield "attachment"
    if article.has_picture:
        yield "picture"


def host_of(url: str) -> str:
    """The host of a URL, without what says nothing of it."""
    return urlsplit(url).hostname or ""


# What words are looked for in. ``any`` is headline, standfirst and text together; ``text`` is
# standfirst and text; the last six are marked words of the index's column of fields.
Field = Literal[
    "any", "title", "standfirst", "text", "author", "section", "tag", "kind", "number", "site"
]
