"""Structured data of a page: JSON-LD (broken JSON too) and microdata, as plain dictionaries."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Node = dict[str, Any]

# schema.org's types of works that a news page is about, the more telling first.
ARTICLE_TYPES = (
    "newsarticle", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle",
    "backgroundnewsarticle", "reviewnewsarticle", "liveblogposting", "report", "article",
    "blogposting", "advertisercontentarticle", "satiricalarticle", "scholarlyarticle",
    "techarticle", "medicalscholarlyarticle", "pressrelease", "socialmediaposting",
    "discussionforumposting", "claimreview", "review", "creativework", "webpage",
    "videoobject",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(ARTICLE_TYPES)}
MAX_NODES = 5_000
# Values of one property in a page's microdata; a page of teasers has some dozens.
_MOST_VALUES = 200
_OPENING = re.compile(r"(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)")
_CLOSING = re.compile(r"(?:-->|//\s*\]\]>|\]\]>)$")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


def json_ld(scripts: Iterable[Any]) -> list[Node]:
    """All nodes of all JSON-LD among a page's script elements, parents before what they hold."""
    nodes: list[Node] = []
    for script in scripts:
        kind = (script.get("type") or "").lower()
        if "ld+json" not in kind or not script.text:
            continue
        data = _load(script.text)
        if data is not None:
            nodes.extend(_nodes(data))
        if len(nodes) >= MAX_NODES:
            break
    return nodes[:MAX_NODES]


def _load(text: str) -> Any:
    text = text.strip()
    if text[:1] not in "{[":
        text = _OPENING.sub("", text, count=1).strip()
    if text[-1:] == ">":
        text = _CLOSING.sub("", text).strip()
    text = text.rstrip(";")
    for repair in (_as_is, _without_commas, html.unescape):
        try:
            return json.loads(repair(text), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _as_is(text: str) -> str:
    return text


def _without_commas(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", text)


def _nodes(data: Any) -> Iterator[Node]:
    stack: list[Any] = [data]
    seen = 0
    while stack and seen < MAX_NODES:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        elif isinstance(value, dict):
            seen += 1
            yield value
            stack.extend(v for v in reversed(value.values()) if isinstance(v, dict | list))


def types_of(node: Node) -> tuple[str, ...]:
    """The types of a node in lower case, without schema.org's prefix."""
    value = node.get("@type") or node.get("type") or ()
    values = value if isinstance(value, list) else [value]
    return tuple(str(v).rpartition("/")[2].rpartition(":")[2].lower() for v in values if v)


def article_node(nodes: list[Node]) -> Node | None:
    """The node that describes the page's article, by its type and by how much it says."""
    best: tuple[float, Node] | None = None
    for node in nodes:
        ranks = [_RANK[t] for t in types_of(node) if t in _RANK]
        if not ranks:
            continue
        says = sum(bool(node.get(name)) for name in ("headline", "datePublished", "author",
                   "articleBody", "mainEntityOfPage"))  # fmt: skip
        if not says:
            continue
        score = says * 3 - min(ranks) * 0.5
        if best is None or score > best[0]:
            best = (score, node)
    return best[1] if best else None


def text_of(value: Any) -> str | None:
    """A string of structured data as plain text: tags and entities undone, spaces folded."""
    if isinstance(value, list):
        value = next((v for v in value if v), None)
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name") or value.get("text")
    if not isinstance(value, str):
        return None
    if "&" in value:
        value = html.unescape(value)
        if "&" in value:
            value = html.unescape(value)
    if "<" in value:
        value = re.sub(r"<[^>]{1,500}>", " ", value)
    return " ".join(value.split()) or None


_PROPERTIES: Any = etree.XPath("descendant::*[@itemprop]")


def microdata(root: Any, wanted: frozenset[str]) -> dict[str, list[tuple[str, Any]]]:
    """(value, element) of each ``itemprop`` of the page that is ``wanted``, in its order."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for element in _PROPERTIES(root):
        names = wanted.intersection(element.get("itemprop").split())
        if all(len(found.get(name, ())) >= _MOST_VALUES for name in names):
            continue
        value = (
            element.get("content") or element.get("datetime")
            or (element.get("href") if element.tag == "link" else None)
            or (element.get("src") if element.tag == "img" else None)
        )  # fmt: skip
        value = (value or " ".join("".join(element.itertext()).split())).strip()
        if value:
            for name in names:
                found.setdefault(name, []).append((value, element))
    return found
