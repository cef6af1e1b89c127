"""What the head of a page and its markup say of its article; each value with its provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.extraction.dates.formats import has_date
from crawler.extraction.fields.bylines.names import Authors, authors_of, stated_names
from crawler.extraction.fields.headline_words import alike, fold, word_set
from crawler.extraction.fields.json_ld import json_ld, text_of, types_of
from crawler.extraction.fields.json_ld_graph import Graph, key_of
from crawler.extraction.fields.microdata import microdata
from storage.text.urls import host_of, resolve_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.extraction.fields.json_ld import Node
    from crawler.extraction.page.parse import Page

# What parts a headline from the name of its site in <title> and og:title.
_SEPARATOR = re.compile(r"\s+[|•·»›~—–-]+\s+|\s*[|｜•»ㅣ]\s*|\s::\s")
_MARK = re.compile(r"[:–—|]")
# One of these signs is in every separator.
_PARTING = frozenset("|•·»›~—–-｜ㅣ:")
_MAX_HEADLINE = 500
# Sources that state a headline for machines; one of so few letters may be a part of any other.
_STATED = ("json-ld", "meta")
_LEAST_LETTERS = 12
_AUTHOR_METAS = (
    "author", "article:author", "dc.creator", "byl", "parsely-author", "sailthru.author",
    "dcterms.creator", "og:article:author", "citation_author", "authors", "cxenseparse:author",
    "twitter:creator",
)  # fmt: skip
_MAX_AUTHORS = 4
_WRITTEN_BY = re.compile(
    r"(?:(?:written|posted|published|authored) )?by|authors?|(?:verfasst |geschrieben )?von|autor(?:in|e)?|(?:écrit |rédigé |publié )?par|auteur"
    r"|(?:escrito |publicado )?por|(?:scritto )?da|(?:geschreven |gepost )?door|(?:skrevet |skriven )?av|(?:napisane )?przez|(?:yazan|yazar)"
    r"|автор|written by|投稿者|執筆者|作者|撰文",
    re.IGNORECASE,
)
# A page's own heading is among its first.
_MOST_HEADINGS = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that the page states, and where."""

    value: Any
    source: str


class Metadata:
    """The claims of one page, read once and asked for by field."""

    def __init__(self, page: Page) -> None:
        self.page = page
        # The page's headings of the first level, once its text has been read.
        self.headings: Sequence[str] = ()

    @cached_property
    def graph(self) -> Graph:
        """All JSON-LD of the page."""
        return self._graph(json_ld(self.page.found["script"]))

    @cached_property
    def nodes(self) -> list[Node]:
        """The JSON-LD nodes that name this page, the most telling first."""
        return self.graph.own

    @cached_property
    def node(self) -> Node:
        """The JSON-LD node of the article; empty where there is none."""
        return self.nodes[0] if self.nodes else {}

    @cached_property
    def item(self) -> Node:
        """The microdata item of the article; empty where there is none."""
        items = microdata(self.page.root, self.page.data, rdfa=not self.nodes)
        own = self._graph(items).own if items else []
        # A template marks one thing in parts: what the first does not say, the next may.
        return {name: value for item in reversed(own) for name, value in item.items()}

    @cached_property
    def items(self) -> dict[str, list[tuple[str, Any]]]:
        """(value, ``None``) of the article's microdata by property."""
        found: dict[str, list[tuple[str, Any]]] = {}
        for name, values in self.item.items():
            texts = [text_of(v) for v in values] if isinstance(values, list) else []
            found[name] = [(text, None) for text in texts if text]
        return found

    def _graph(self, documents: list[Any]) -> Graph:
        page = self.page
        urls = [page.url, self.canonical or "", page.meta("og:url") or ""]
        return Graph(documents, page.base_url, urls, self._titles)

    def _titles(self) -> list[str]:
        """Headlines that the page shows or states of itself."""
        page = self.page
        stated = [page.meta("og:title"), page.meta("twitter:title"), page.title]
        return [title for title in (*stated, *self.headings[:_MOST_HEADINGS]) if title]

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
        publishers = self.node.get("publisher")
        for one in publishers if isinstance(publishers, list) else [publishers]:
            names.add(text_of(one) or "")
        names |= {
            text_of(n.get("name")) or "" for n in self.graph.nodes if "website" in types_of(n)
        }
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
        if heading and fold(heading) in self.site_names:
            # The logo is set as a heading of the first level.
            heading = next((h for h in headings if fold(h) not in self.site_names), None)
        if heading:
            words = word_set(heading)
            agreed = [c for c in claims if alike(words, word_set(c.value))]
            if agreed or not claims:
                return Claim(_punctuated(heading, agreed)[:_MAX_HEADLINE], "h1")
        for other in headings:
            words = word_set(other)
            if any(alike(words, word_set(c.value)) for c in claims if len(words) > 2):
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

    def bylines(self) -> Iterator[tuple[Authors, str]]:
        """The authors that the head and the microdata give, and which of them gives them."""
        stated = self.node.get("author") or self.node.get("creator")
        yield authors_of(self.graph.makers(stated)), "json-ld"
        metas = self.page.metas
        for name in _AUTHOR_METAS:
            values = [v for v in metas.get(name, ()) if not v.startswith(("@", "http", "/"))]
            if values:
                yield Authors(stated_names(text_of(v) for v in values)), "meta"
        yield Authors(stated_names(self._labelled())), "meta"
        found = authors_of(self.item.get("author") or self.item.get("creator"))
        # So many are the authors of the page's teasers too; its own comes first.
        if len(found.persons) > _MAX_AUTHORS:
            found = Authors(found.persons[:1], found.houses)
        yield found, "microdata"

    def _labelled(self) -> Iterator[str]:
        """What the page has a preview show as written by: ``twitter:label1``, ``twitter:data1``."""
        for number in "12":
            label = self.page.meta(f"twitter:label{number}")
            value = text_of(self.page.meta(f"twitter:data{number}"))
            if label and value and _WRITTEN_BY.fullmatch(label.strip(" :")):
                yield value

    def byline(self) -> tuple[tuple[str, ...], str]:
        """The first names that are given as authors, of whatever kind, and where."""
        for authors, source in self.bylines():
            if authors.persons or authors.houses:
                return authors.persons + authors.houses, source
        return (), ""

    @cached_property
    def canonical(self) -> str | None:
        """The page's canonical URL, where it names this page and not the site's home."""
        page = self.page
        offered: list[str | None] = []
        offered += [href for rel, href in page.links if "canonical" in rel.lower().split()]
        offered.append(page.meta("og:url"))
        for href in offered:
            url = resolve_url(page.base_url, href) if href else None
            if url is not None and self._names_this_page(url):
                return url.partition("#")[0]
        return None

    def _names_this_page(self, url: str) -> bool:
        own, other = urlsplit(self.page.url), urlsplit(url)
        same_host = host_of(url).removeprefix("www.") == host_of(self.page.url).removeprefix("www.")
        path = other.path.rstrip("/")
        if not path and not other.query:
            return not own.path.rstrip("/") and same_host
        if key_of(url) == key_of(self.page.url):
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
        for node in self.graph.nodes:
            if "breadcrumblist" not in types_of(node):
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


def _punctuated(heading: str, claims: Sequence[Claim]) -> str:
    """``heading`` without the kicker or the date that run into it, and with its colon.

    The claims tell where it begins: markup parts a kicker from it by a line, and text by nothing.
    """
    folded, marks = fold(heading), len(_MARK.findall(heading))
    for claim in claims:
        said = fold(claim.value)
        if said == folded and len(_MARK.findall(claim.value)) > marks:
            return str(claim.value)
    for claim in claims:
        said = fold(claim.value)
        if claim.source not in _STATED or len(said) < _LEAST_LETTERS or len(said) >= len(folded):
            continue
        rest = heading[len(claim.value) :] if folded.startswith(said) else ""
        if folded.endswith(said) or (rest and has_date(rest)):
            return str(claim.value)
    return heading
