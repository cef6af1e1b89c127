"""Microdata and RDFa of a page as nodes of the form that JSON-LD has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from crawler.extraction.fields.json_ld import Node

# (marks an item, its type, its id, a property) of the two notations.
_MICRODATA = ("itemscope", "itemtype", "itemid", "itemprop")
_RDFA = ("typeof", "typeof", "resource", "property")
# Properties whose value is read; the text of the others may be the whole page.
_WANTED = frozenset(
    (
        "headline name author creator datePublished dateCreated dateModified uploadDate url "
        "mainEntityOfPage mainEntity articleSection keywords publisher givenName familyName "
        "isAccessibleForFree blogPost"
    ).split()
)
_PEOPLE = frozenset({"author", "creator", "publisher"})
_ADDRESSES = frozenset({"url", "mainEntityOfPage"})
# Items and properties that are read of one page; pages of teasers have some hundreds.
_MOST = 3_000
_LONGEST = 1_000

_FIND = {
    _MICRODATA: etree.XPath("descendant-or-self::*[@itemscope or @itemprop]"),
    _RDFA: etree.XPath("descendant-or-self::*[@typeof or (@property and not(self::meta[starts-with"
                       "(@property, 'og:') or starts-with(@property, 'article:')]))]"),
}  # fmt: skip


def microdata(root: Any, data: bytes, *, rdfa: bool) -> list[Node]:
    """The items of a page that no other item holds as a property, in their order.

    Properties that stand in no item are the page's own. RDFa is rare and looked for on demand.
    """
    nodes: list[Node] = []
    if b"itemprop" in data:
        nodes += _Reader(root, _MICRODATA).read()
    if rdfa and not nodes and b" typeof=" in data and b"schema" in data:
        nodes += _Reader(root, _RDFA).read()
    return nodes


class _Reader:
    def __init__(self, root: Any, notation: tuple[str, str, str, str]) -> None:
        self._root = root
        self._scope, self._type, self._id, self._prop = notation
        self._find = _FIND[notation]
        # By element; lxml keeps one object an element as long as it is held, so they are held.
        self._items: dict[Any, Node] = {}
        self._page: Node = {"@type": "WebPage"}
        self._borrowed: dict[str, Node] = {}

    def read(self) -> list[Node]:
        """The top items, after the page's own where it has properties outside of all."""
        elements = self._find(self._root)[:_MOST]
        tops: list[Node] = []
        for element in elements:
            if element.get(self._scope) is not None:
                node = self._item(element)
                if element.get(self._prop) is None:
                    tops.append(node)
        for element in elements:
            if element.get(self._prop) is not None:
                self._property(element)
        for element, node in self._items.items():
            # A person that is marked and not described is called what stands there.
            if "name" not in node and not _PEOPLE.isdisjoint(
                (element.get(self._prop) or "").split()
            ):
                node["name"] = _text(element)
        return [self._page, *tops] if len(self._page) > 1 else tops

    def _item(self, element: Any) -> Node:
        node: Node = {"@type": (element.get(self._type) or "").split()}
        if element.get(self._id):
            node["@id"] = element.get(self._id)
        self._items[element] = node
        for name in (element.get("itemref") or "").split()[:20]:
            self._borrowed[name] = node
        return node

    def _property(self, element: Any) -> None:
        names = [name for name in map(_plain, element.get(self._prop).split()) if name in _WANTED]
        if not names:
            return
        owner = self._owner(element)
        for name in names:
            value = self._items.get(element) or _value(element, name)
            if value:
                owner.setdefault(name, []).append(value)

    def _owner(self, element: Any) -> Node:
        """The item that a property is of: that which holds it, or borrows it by ``itemref``."""
        node = element
        while node is not None:
            found = self._items.get(node) if node is not element else None
            if found is None and self._borrowed:
                found = self._borrowed.get(node.get("id"))
            if found is not None:
                return found
            node = node.getparent()
        return self._page


def _plain(name: str) -> str:
    """A property's name without schema.org's prefix; ``""`` for one of another vocabulary."""
    prefix, _, plain = name.replace("schema.org/", "schema.org:").rpartition(":")
    return plain if not prefix or "schema" in prefix else ""


def _value(element: Any, name: str) -> str:
    value = element.get("content") or element.get("datetime")
    if value is None and (name in _ADDRESSES or element.tag == "link"):
        value = element.get("href") or element.get("src")
    if value is None and element.tag == "img":
        value = element.get("alt")
    return (value if value is not None else _text(element)).strip()[:_LONGEST]


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())[:_LONGEST]
