"""Which node of a page's structured data names the page, among those of its neighbours and parts.

A page describes more than itself: teasers, lists, comments, updates of a live blog, profiles of
its authors. Only the node that names the page (by URL, or by its headline) speaks for it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.extraction.fields.headline_words import likeness, word_set
from crawler.extraction.fields.json_ld import text_of, types_of
from storage.text.urls import resolve_url, url_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crawler.extraction.fields.json_ld import Node

# schema.org's types of works that a news page is about, the more telling first.
_ARTICLES = (
    "newsarticle", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle",
    "backgroundnewsarticle", "reviewnewsarticle", "askpublicnewsarticle", "liveblogposting",
    "report", "article", "blogposting", "advertisercontentarticle", "satiricalarticle",
    "scholarlyarticle", "techarticle", "medicalscholarlyarticle", "pressrelease",
    "socialmediaposting", "discussionforumposting", "claimreview", "review",
)  # fmt: skip
# Pages and works of other kinds: they speak where no article names the page.
_OTHERS = ("profilepage", "definedterm", "imagegallery", "mediagallery", "recipe",
           "howto", "question", "creativework", "webpage",
           "itempage", "aboutpage", "medicalwebpage", "videoobject")  # fmt: skip
ARTICLE_TYPES = _ARTICLES + _OTHERS
_RANK = {name: rank for rank, name in enumerate(ARTICLE_TYPES)}
_FIRST_OTHER = len(_ARTICLES)
_FIRST_PLAIN = _RANK["creativework"]
# Entries of a directory say nothing but their name.
_ENTRIES = frozenset({"profilepage", "definedterm", "imagegallery", "mediagallery"})
# Where a node holds the page's main node; whatever else it holds is of something else.
_WAYS = ("@graph", "@included", "mainEntity", "mainEntityOfPage", "blogPost")
# Where what only holds or stands for an author (a list, a role, a page of a profile) names it.
_HOLD_MAKERS = (
    "@list",
    "@set",
    "itemListElement",
    "item",
    "mainEntity",
    "author",
    "creator",
    "sameAs",
)
_SAYS = ("headline", "datePublished", "author", "articleBody", "mainEntityOfPage", "dateCreated")
# A node that others name by these is a part, a neighbour or a subject, unless it names the page.
_FOREIGN = frozenset(
    (
        "hasPart citation comment liveBlogUpdate itemListElement item review reviews about author "
        "creator contributor editor mentions isBasedOn video associatedMedia image publisher "
        "subjectOf relatedLink suggestedAnswer acceptedAnswer isRelatedTo recommendedArticle"
    ).split()
)
_STRONG, _WEAK = 0.6, 0.3
_MAX_NODES = 5_000
_REFERENCE = frozenset({"@id", "@type"})


class Graph:
    """The nodes of one page's structured data.

    ``urls`` are those under which the page goes by, ``titles`` gives the headlines that it
    shows; it is called where they are needed.
    """

    def __init__(
        self,
        documents: Sequence[Any],
        base: str,
        urls: Sequence[str],
        titles: Callable[[], Sequence[str]],
    ) -> None:
        self._base = base
        self._urls, self._titles = urls, titles
        self._documents = documents
        self.nodes: list[Node] = []
        self._named: dict[str, Node] = {}
        self._foreign: set[str] = set()
        self._read()

    def _read(self) -> None:
        """Collect all nodes, parents before what they hold, and how they refer to each other."""
        stack: list[tuple[Any, str]] = [(d, "") for d in reversed(self._documents)]
        while stack and len(self.nodes) < _MAX_NODES:
            value, name = stack.pop()
            if isinstance(value, list):
                stack.extend((v, name) for v in reversed(value) if isinstance(v, dict | list))
            elif isinstance(value, dict):
                self.nodes.append(value)
                self._index(value, name)
                stack.extend(
                    (v, k) for k, v in reversed(value.items()) if isinstance(v, dict | list)
                )

    def _index(self, node: Node, name: str) -> None:
        key = node.get("@id")
        if not isinstance(key, str):
            return
        if name in _FOREIGN:
            self._foreign.add(key)
        if node.keys() <= _REFERENCE:
            return
        before = self._named.get(key)
        if before is None:
            self._named[key] = node
        elif not types_of(before) or not types_of(node) or types_of(before) == types_of(node):
            # One thing that several scripts describe in parts.
            self._named[key] = {**node, **before}

    @cached_property
    def own(self) -> list[Node]:
        """The nodes that name the page, the most telling first; what they refer to is put in."""
        candidates = [node for node in self._candidates() if self._says(node)]
        articles = sum(self._rank(node) < _FIRST_OTHER for node in candidates)
        scored = []
        for place, node in enumerate(candidates):
            named, like = self._evidence(node)
            rank, sure = self._rank(node), bool(named) or like >= _STRONG
            if not sure and (named is None or (like < _WEAK and _is_doubtful(rank, articles))):
                continue
            kind = (rank < _FIRST_OTHER) + (rank < _FIRST_PLAIN)
            says = sum(bool(node.get(name)) for name in _SAYS)
            # A teaser may have the page's headline: what names another page comes after.
            by_url = -1 if named is None else int(named)
            score = (sure, kind, by_url + min(like, _STRONG), says * 3 - rank * 0.5)
            scored.append((score, -place, node))
        scored.sort(key=lambda one: one[:2], reverse=True)
        return [self.resolved(node) for _, _, node in scored]

    def makers(self, value: Any) -> list[Any]:
        """The persons and organisations of an author's value, out of lists, roles and pages of
        profiles, and through references."""
        found: list[Any] = []
        stack, seen = [value], set[int]()
        while stack:
            one = self._referred(stack.pop())
            if isinstance(one, list):
                stack.extend(reversed(one))
                continue
            if isinstance(one, dict):
                if id(one) in seen:
                    continue
                seen.add(id(one))
                held = [one[way] for way in _HOLD_MAKERS if one.get(way)]
                if held and (not one.get("name") or "profilepage" in types_of(one)):
                    stack.append(held[0])
                    continue
            found.append(one)
        return found

    def resolved(self, node: Node) -> Node:
        """``node`` with the nodes that its properties refer to in place of the references."""
        return {name: self._referred(value) for name, value in node.items()}

    def _referred(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._referred(v) if not isinstance(v, list) else v for v in value]
        if isinstance(value, dict):
            if value.keys() <= _REFERENCE and isinstance(value.get("@id"), str):
                return self._named.get(value["@id"], value)
            return value
        if isinstance(value, str) and value[:2] != "//" and value in self._named:
            return self._named[value]
        return value

    def _candidates(self) -> Iterator[Node]:
        stack: list[Any] = list(reversed(self._documents))
        seen: set[int] = set()
        while stack and len(seen) < _MAX_NODES:
            value = stack.pop()
            if isinstance(value, list):
                stack.extend(reversed(value))
                continue
            if not isinstance(value, dict) or id(value) in seen:
                continue
            seen.add(id(value))
            types = types_of(value)
            key = value.get("@id")
            if any(name in _RANK for name in types):
                yield self._named.get(key, value) if isinstance(key, str) else value
            if "faqpage" not in types:
                stack.extend(value[way] for way in reversed(_WAYS) if way in value)

    def _says(self, node: Node) -> bool:
        types = types_of(node)
        return any(node.get(name) for name in _SAYS) or not _ENTRIES.isdisjoint(types)

    def _rank(self, node: Node) -> int:
        return min(_RANK[name] for name in types_of(node) if name in _RANK)

    def _evidence(self, node: Node) -> tuple[bool | None, float]:
        """(whether it names the page by URL, ``None`` where it names another; likeness of its
        headline to the page's, 0 to 1)."""
        said = text_of(node.get("headline")) or text_of(node.get("name"))
        like = self._likeness(said) if said else _WEAK
        named: bool | None = False
        key = node.get("@id")
        for value in (node.get("url"), node.get("mainEntityOfPage"), key):
            for url in _urls_in(value):
                other = self._key(url)
                if other is None or _is_of_a_part(node, url):
                    continue
                if other in self._keys:
                    return True, like
                # A node's own id need not be a URL of anything.
                named = None if value is not key or not said else named
        if isinstance(key, str) and key in self._foreign:
            named = None
        for url in _urls_in(node.get("isPartOf")):
            if self._key(url) in self._keys:
                return True, like
        return named, like

    def _likeness(self, said: str) -> float:
        words = word_set(said)
        return max((likeness(words, title) for title in self._title_words), default=_WEAK)

    @cached_property
    def _title_words(self) -> list[frozenset[str]]:
        return [word_set(title) for title in self._titles()]

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(key for url in self._urls if (key := self._key(url)) is not None)

    def _key(self, url: str) -> str | None:
        """The key of a page's URL; ``None`` for a home page, a fragment, and what is no URL."""
        if url[:1] in ("#", "_"):
            return None
        full = resolve_url(self._base, url)
        if full is None:
            return None
        key = key_of(full) or ""
        return key if "/" in key.rstrip("/") or "?" in key else None


def _is_of_a_part(node: Node, url: str) -> bool:
    """Whether a URL is that of a place on a page: of an entry of a live blog, of a comment."""
    return "#" in url and url == node.get("url") and not node.get("mainEntityOfPage")


def _is_doubtful(rank: int, articles: int) -> bool:
    """Whether a node under another headline may be of something else: it is not the only one."""
    return articles > 1 or (articles == 1 and rank >= _FIRST_OTHER)


def all_nodes(documents: Sequence[Any]) -> list[Node]:
    """All nodes of a page's structured data, parents before what they hold."""
    return Graph(documents, "", (), tuple).nodes


def key_of(url: str) -> str | None:
    """The key of a URL; ``None`` where it is no web address."""
    try:
        return url_key(url)
    except ValueError:
        return None


def _urls_in(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield from (v for name in ("@id", "url") if isinstance(v := one.get(name), str) and v)
        elif isinstance(one, str) and one:
            yield one
