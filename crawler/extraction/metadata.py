"""What the head of a page and its markup say of its article; each value with its provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.extraction import structured
from crawler.extraction.bylines import clean_names, names_in
from crawler.extraction.structured import article_node, json_ld, microdata, text_of
from crawler.extraction.walk import words_in
from storage.addresses import absolute, host_of, url_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.extraction.page import Page

# What parts a headline from the name of its site in <title> and og:title.
_SEPARATOR = re.compile(r"\s+[|•·»›~—–-]+\s+|\s*[|｜•»ㅣ]\s*|\s::\s")
_MARK = re.compile(r"[:–—|]")
# One of these signs is in every separator.
_PARTING = frozenset("|•·»›~—–-｜ㅣ:")
_NO_WORD = re.compile(r"[\W_]+")
_MAX_HEADLINE = 500
_PROPERTIES = frozenset({"headline", "author", "datePublished", "dateCreated", "dateModified"})
_MAX_AUTHORS = 4


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that the page states, and where."""

    value: Any
    source: str


class Metadata:
    """The claims of one page, read once and asked for by field."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @cached_property
    def nodes(self) -> list[structured.Node]:
        """All JSON-LD nodes."""
        return json_ld(self.page.found["script"])

    @cached_property
    def node(self) -> structured.Node:
        """The JSON-LD node of the article; empty where there is none."""
        return article_node(self.nodes) or {}

    @cached_property
    def items(self) -> dict[str, list[tuple[str, Any]]]:
        """Microdata by property, of those that are asked for."""
        if b"itemprop" not in self.page.data:
            return {}
        return microdata(self.page.root, _PROPERTIES)

    @cached_property
    def body(self) -> str:
        """The text that JSON-LD gives as the article's, ``""`` where it gives none."""
        texts = [text_of(node.get("articleBody")) or "" for node in self.nodes]
        return max(texts, key=len, default="")

    @cached_property
    def description(self) -> str:
        """The page's own summary of itself."""
        return (
            text_of(self.page.meta("og:description", "description", "twitter:description"))
            or text_of(self.node.get("description"))
            or ""
        )

    @cached_property
    def site_names(self) -> tuple[str, ...]:
        """Names under which the site may stand in a title."""
        names = {self.page.site_name or ""}
        publisher = self.node.get("publisher")
        if isinstance(publisher, list):
            publisher = publisher[0] if publisher else None
        if isinstance(publisher, dict):
            names.add(text_of(publisher.get("name")) or "")
        host = host_of(self.page.url).removeprefix("www.")
        names.add(host)
        names.add(host.split(".")[0])
        return tuple(fold(name) for name in names if name)

    def headlines(self) -> Iterator[Claim]:
        """Headlines that the page offers, as they stand."""
        page = self.page
        stated = text_of(self.node.get("headline"))
        if stated:
            yield Claim(stated, "json-ld")
        for name in (
            "og:title",
            "twitter:title",
            "title",
            "dc.title",
            "sailthru.title",
            "parsely-title",
        ):
            value = text_of(page.meta(name))
            if value:
                yield Claim(value, "meta")
        if not stated:
            for value, _ in self.items.get("headline", [])[:1]:
                yield Claim(" ".join(value.split()), "microdata")
        if page.title:
            yield Claim(page.title, "title")
        named = text_of(self.node.get("name"))
        if named:
            yield Claim(named, "json-ld")

    def headline(self, heading: str | None, headings: Sequence[str] = ()) -> Claim | None:
        """The article's headline. ``heading`` is the page's main ``<h1>``, if it has one."""
        claims = [
            Claim(stripped, claim.source)
            for claim in self.headlines()
            if (stripped := self.without_site(claim.value))
        ]
        if heading:
            words = _word_set(heading)
            agreed = [c for c in claims if _alike(words, _word_set(c.value))]
            if agreed or not claims:
                return Claim(_punctuated(heading, agreed)[:_MAX_HEADLINE], "h1")
        for other in headings:
            words = _word_set(other)
            if any(_alike(words, _word_set(c.value)) for c in claims if len(words) > 2):
                return Claim(other[:_MAX_HEADLINE], "heading")
        if claims:
            return Claim(claims[0].value[:_MAX_HEADLINE], claims[0].source)
        return Claim(heading[:_MAX_HEADLINE], "h1") if heading else None

    def without_site(self, title: str) -> str:
        """``title`` without the site's name before or after a separator."""
        spans = []
        if not _PARTING.isdisjoint(title):
            spans = [match.span() for match in _SEPARATOR.finditer(title)]
        if not spans:
            return "" if fold(title) in self.site_names else title
        begin, end = 0, len(title)
        while spans and self._is_site(title[spans[-1][1] : end]):
            end = spans.pop()[0]
        while spans and self._is_site(title[begin : spans[0][0]]):
            begin = spans.pop(0)[1]
        return title[begin:end].strip()

    def _is_site(self, words: str) -> bool:
        folded = fold(words)
        if not folded:
            return True
        return (
            any(
                folded == name or (len(folded) > 3 and (folded in name or name in folded))
                for name in self.site_names
                if len(name) > 2
            )
            and len(words.split()) <= 6
        )

    def bylines(self) -> tuple[tuple[str, ...], str] | None:
        """Author names that the head or microdata give, and which of them."""
        names = clean_names(names_in(self.node.get("author") or self.node.get("creator")))
        if names:
            return names, "json-ld"
        metas = self.page.metas
        for name in ("author", "article:author", "dc.creator", "byl", "parsely-author",
                     "sailthru.author", "dcterms.creator", "og:article:author", "citation_author",
                     "authors", "cxenseparse:author", "twitter:creator"):  # fmt: skip
            values = [v for v in metas.get(name, ()) if not v.startswith(("@", "http", "/"))]
            found = clean_names(text_of(v) for v in values)
            if found:
                return found, "meta"
        found_items: list[str] = []
        for value, element in self.items.get("author", []):
            inner = element.find(".//*[@itemprop='name']")
            found_items.append(
                (inner.get("content") or "".join(inner.itertext())) if inner is not None else value
            )
        found = clean_names(found_items)
        # So many are the authors of the page's teasers too; its own comes first.
        return (found if len(found) <= _MAX_AUTHORS else found[:1], "microdata") if found else None

    def canonical(self) -> str | None:
        """The page's canonical URL, where it names this page and not the site's home."""
        page = self.page
        offered: list[str | None] = []
        offered += [href for rel, href in page.links if "canonical" in rel.lower().split()]
        offered.append(page.meta("og:url"))
        for href in offered:
            url = absolute(page.base_url, href) if href else None
            if url is not None and self._names_this_page(url):
                return url.partition("#")[0]
        return None

    def _names_this_page(self, url: str) -> bool:
        own, other = urlsplit(self.page.url), urlsplit(url)
        same_host = host_of(url).removeprefix("www.") == host_of(self.page.url).removeprefix("www.")
        path = other.path.rstrip("/")
        if not path and not other.query:
            return not own.path.rstrip("/") and same_host
        if url_key(url) == url_key(self.page.url):
            return True
        # A canonical that is only the folder of the page is a template's mistake.
        return not (same_host and own.path.rstrip("/").startswith(f"{path}/") and not other.query)

    def section(self) -> Claim | None:
        """The section that the article belongs to."""
        value = self.node.get("articleSection")
        if isinstance(value, list):
            value = next((v for v in value if isinstance(v, str) and v), None)
        section = text_of(value)
        if section:
            return Claim(section, "json-ld")
        section = text_of(self.page.meta("article:section", "section", "cxenseparse:section",
                                         "parsely-section", "sailthru.section"))  # fmt: skip
        return Claim(section, "meta") if section else self._crumb()

    def _crumb(self) -> Claim | None:
        for node in self.nodes:
            if "breadcrumblist" not in structured.types_of(node):
                continue
            elements = node.get("itemListElement")
            names = [
                text_of(e.get("name")) or text_of((e.get("item") or {}).get("name")
                if isinstance(e.get("item"), dict) else None)
                for e in elements if isinstance(e, dict)
            ] if isinstance(elements, list) else []  # fmt: skip
            middle = [n for n in names if n][1:-1]
            if middle:
                return Claim(middle[-1], "json-ld")
        return None

    def tags(self) -> Claim | None:
        """Keywords of the article, each once."""
        value = self.node.get("keywords")
        tags = _split_tags(value)
        if tags:
            return Claim(tags, "json-ld")
        metas = self.page.metas
        tags = tuple(dict.fromkeys(text_of(v) or "" for v in metas.get("article:tag", ())))
        if len(tags) == 1:
            tags = _split_tags(tags[0])
        if tags:
            return Claim(tags, "meta")
        tags = _split_tags(
            self.page.meta("news_keywords", "keywords", "parsely-tags", "sailthru.tags")
        )
        return Claim(tags, "meta") if tags else None


def _split_tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, dict):
        value = value.get("name")
    values = value if isinstance(value, list) else re.split(r"[,;，、]", value) if isinstance(
        value, str) else ()  # fmt: skip
    texts = (text_of(v) for v in values)
    return tuple(dict.fromkeys(t for t in texts if t and len(t) <= 100 and ":" not in t[:12]))[:50]


def fold(text: str) -> str:
    """The letters and digits of a text, whatever its case."""
    return _NO_WORD.sub("", text.casefold())


def _punctuated(heading: str, claims: Sequence[Claim]) -> str:
    """``heading``, or the same words with the colon that markup puts after a kicker."""
    folded, marks = fold(heading), len(_MARK.findall(heading))
    for claim in claims:
        if fold(claim.value) == folded and len(_MARK.findall(claim.value)) > marks:
            return str(claim.value)
    return heading


def _word_set(text: str) -> frozenset[str]:
    words = words_in(text.casefold())
    # Scripts without spaces give one long word: compare their characters in twos.
    if len(words) <= 3 and len(text) > 12 and not text.isascii():
        folded = fold(text)
        return frozenset(folded[i : i + 2] for i in range(len(folded) - 1))
    return frozenset(words)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two headlines share half of the words of the shorter one."""
    return bool(one and other) and len(one & other) >= 0.5 * min(len(one), len(other))
