"""Linked names with a tooltip: the anchor's words once in the text, the rest kept as what they say.

Agencies let a name in the text open a card: ``<a>AP-HP<span class="tooltip">Assistance Publique –
Hôpitaux de Paris</span></a>``. A reader sees ``AP-HP``; a text extractor sees both run together,
often three times. Here the card is taken out of the tree before the walk and remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler.extraction.linked.links import is_entry
from crawler.extraction.linked.repeated_words import plain, unrepeated
from crawler.extraction.page.parse import take_out
from storage.text.urls import resolve_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.extraction.blocks.walk import Walk
    from storage.types.content import EntryKind

# Class, role and the like of what is shown only on pointing at something, or only read aloud.
_CARD = re.compile(
    r"tool-?tip|pop-?over|pop-?up|info-?bulle|bulle|hover-?card|qtip|tippy|sr-only|visually-?hidden"
    r"|screen-?reader",
    re.IGNORECASE,
)
_MARKS = ("class", "role", "id", "data-toggle", "data-role")
# Attributes in which cards keep their words.
_SAYING = ("title", "data-title", "data-original-title", "data-content", "data-tooltip",
           "data-bs-title", "data-name", "aria-label")  # fmt: skip
_KINDS: tuple[tuple[EntryKind, re.Pattern[str]], ...] = (
    ("term", re.compile(r"lexique|gloss|definition|\bterm|abbr|acronym|sigle|begriff", re.I)),
    ("person", re.compile(r"person|people|\bbio|auteur|author|contact|\bqui\b|who", re.I)),
    (
        "organisation",
        re.compile(r"organi|compan|entrepri|societ|institut|structure|etabliss", re.I),
    ),
)
# The words of these patterns without their edges: most links hold none of them.
_KIND_WORDS = tuple(
    word.replace(r"\b", "") for _, pattern in _KINDS for word in pattern.pattern.split("|")
)
_ACRONYM = re.compile(r"\b(?=(?:[^\W\d_]*[A-ZÀ-Ý]){2})[A-ZÀ-Ý0-9][\w.&-]*")
_PAREN = re.compile(r"^(.{3,}?)\s*\(([^()]{2,15})\)$")
_INNER = (
    "span",
    "strong",
    "em",
    "b",
    "i",
    "small",
    "div",
    "p",
    "abbr",
    "img",
    "sup",
    "bdi",
    "mark",
)


@dataclass(frozen=True, slots=True)
class Named:
    """What a linked name stands for: the entry's full name, its expansion, its kind, its page."""

    full_name: str
    expansion: str | None = None
    abbreviation: str | None = None
    kind: EntryKind = "unknown"
    href: str | None = None  # absolute


@dataclass(slots=True)
class _Piece:
    """A part of an anchor's content: its words, the node that holds them, how it is marked."""

    text: str
    node: Any = None
    card: bool = False


class Names:
    """The names that :func:`separate` found, by their words in the text and where they lead."""

    def __init__(self) -> None:
        self._by_anchor: dict[tuple[str, str | None], Named] = {}

    def add(self, anchor: str, named: Named) -> None:
        """Remember the first card of a name."""
        self._by_anchor.setdefault((plain(anchor), named.href), named)

    def get(self, anchor: str, href: str | None) -> Named | None:
        """The card of ``anchor``, a link to the absolute URL ``href``."""
        return self._by_anchor.get((plain(anchor), href))

    def unlinked(self) -> Iterator[tuple[str, Named]]:
        """(words, what they stand for) of terms that are explained without a link."""
        for named in self._by_anchor.values():
            if named.href is None and named.abbreviation is not None:
                yield named.abbreviation, named


_ENTRIES = re.compile(r"/(?:annuaire|lexique|gloss|directory|lexikon)")


# Links, and explained terms, of one page that may have cards.
_MOST_LOOKED_AT = 10_000


def may_name(walk: Walk) -> bool:
    """Whether a page links to entries or explains terms, so that cards may stand in its text.

    Asked of the walk, which has seen every link: a search through the page costs a millisecond.
    """
    return walk.explains or any(
        href is not None and _ENTRIES.search(href) is not None
        for block in walk.blocks
        for _, _, _, href in block.spans
    )


def separate(root: Any, base_url: str) -> Names:
    """Take the cards of linked names out of the tree below ``root``; what they said is returned."""
    names = Names()
    for anchor in list(islice(root.iter("a"), _MOST_LOOKED_AT)):
        href = resolve_url(base_url, anchor.get("href") or "") if anchor.get("href") else None
        kind = kind_of(anchor, href)
        # A teaser's or a picture's link is no name, whatever else stands in it.
        if (kind == "unknown" and not is_entry(href or "")) or not _holds_words_only(anchor):
            continue
        pieces = _pieces(anchor)
        words = _shown(pieces)
        if not words:
            continue
        cards = _cards(anchor, pieces, words, href)
        if cards is None:
            continue
        shown, said = cards
        if shown != words or len([p for p in pieces if p.text.strip()]) > 1:
            _keep_only(anchor, shown)
        if is_entry(href or "") or (said and kind != "unknown"):
            names.add(shown, _named(shown, said, kind, href))
    for term in list(islice(root.iter("abbr", "acronym", "dfn"), _MOST_LOOKED_AT)):
        title, words = (term.get("title") or "").strip(), _words("".join(term.itertext()))
        if title and words and title != words and not _inside_link(term):
            names.add(words, Named(words, title, words, "term"))
    return names


def _holds_words_only(anchor: Any) -> bool:
    return all(
        node.tag in _INNER or not isinstance(node.tag, str) for node in anchor.iterdescendants()
    )


def _shown(pieces: list[_Piece]) -> str:
    """The words that a reader sees: the first that are neither a picture's nor on a card."""
    told = [piece for piece in pieces if piece.text.strip() and not _is_image(piece)]
    first = next((piece for piece in told if not piece.card), told[0] if told else None)
    return first.text.strip() if first is not None else ""


def _pieces(anchor: Any) -> list[_Piece]:
    pieces = [_Piece(anchor.text or "")]
    for child in anchor:
        card = _is_card(child)
        if child.tag == "img":
            pieces.append(_Piece(child.get("alt") or "", child, card=True))
        elif isinstance(child.tag, str):
            pieces.extend(
                _Piece(text, child, card or _is_card(node)) for node, text in _leaves(child)
            )
        pieces.append(_Piece(child.tail or "", None))
    return pieces


def _leaves(node: Any) -> list[tuple[Any, str]]:
    """(node, words) of every piece of text below ``node``, itself first."""
    found = [(node, node.text or "")]
    for child in node:
        if child.tag == "img":
            found.append((child, child.get("alt") or ""))
        elif isinstance(child.tag, str):
            found += _leaves(child)
        found.append((node, child.tail or ""))
    return [(at, text) for at, text in found if text.strip()]


def _is_card(node: Any) -> bool:
    marks = " ".join(node.get(name) or "" for name in _MARKS)
    if _CARD.search(marks) or node.get("aria-hidden") == "true" or node.get("hidden") is not None:
        return True
    style = (node.get("style") or "").replace(" ", "")
    return "display:none" in style or "visibility:hidden" in style


def _is_image(piece: _Piece) -> bool:
    return piece.node is not None and piece.node.tag == "img"


def _cards(
    anchor: Any, pieces: list[_Piece], words: str, href: str | None
) -> tuple[str, list[str]] | None:
    """(words shown, what the card says); ``None`` where the link is an ordinary one."""
    said = [_words(anchor.get(name) or "") for name in _SAYING]
    rest = _rest(pieces)
    proved = (
        any(piece.card and not _is_image(piece) for piece in rest)
        or any(plain(piece.text) == plain(words) for piece in rest)
        or (is_entry(href or "") and (_glued(pieces) or (rest and all(map(_is_image, rest)))))
    )
    outside = _sibling_card(anchor)
    if outside is not None:
        said = [*_texts(outside), *said]
        take_out(outside)
        proved = True
    if rest and not proved:
        return None
    shown = words
    if not rest:
        # All of it in one run of text: the words repeat themselves, and where the link leads
        # proves that they are a name.
        if is_entry(href or "") or proved:
            shown, more = unrepeated(words, _slug(href))
            said = [*more, *said]
        elif not any(said):
            return None
    if not is_entry(href or "") and not proved:
        return None
    said = [*(_words(piece.text) for piece in rest), *said]
    return shown, [text for text in dict.fromkeys(said) if text]


def _rest(pieces: list[_Piece]) -> list[_Piece]:
    """The pieces after the words shown: what the card says. What stands before only labels it."""
    told = [piece for piece in pieces if piece.text.strip()]
    shown = _shown(pieces)
    first = next(
        (i for i, piece in enumerate(told) if piece.text.strip() == shown and not _is_image(piece)),
        0,
    )
    return told[first + 1 :]


def _glued(pieces: list[_Piece]) -> bool:
    """Return whether the first two pieces of text touch without a space, as no two words do."""
    told = [piece for piece in pieces if piece.text.strip() and not _is_image(piece)]
    if len(told) < 2:
        return False
    one, other = told[0].text, told[1].text
    return one[-1:].isalnum() and other[:1].isalnum() and told[1].node is not None


def _sibling_card(anchor: Any) -> Any | None:
    """A card that stands right after its anchor rather than in it."""
    if (anchor.tail or "").strip():
        return None
    after = anchor.getnext()
    if after is None or not isinstance(after.tag, str) or after.tag not in _INNER:
        return None
    return after if _is_card(after) and _texts(after) else None


def _texts(node: Any) -> list[str]:
    return [_words(text) for _, text in _leaves(node)]


def _keep_only(anchor: Any, words: str) -> None:
    for child in list(anchor):
        anchor.remove(child)
    anchor.text = words


def _inside_link(node: Any) -> bool:
    parent = node.getparent()
    return parent is not None and parent.tag == "a"


def kind_of(anchor: Any, href: str | None) -> EntryKind:
    """What an entry is, as the link's own marks or its URL say."""
    marks = " ".join(str(v) for k, v in anchor.items() if k not in ("href", *_SAYING))
    for text in (marks, (href or "").partition("?")[0]):
        folded = text.lower()
        if not any(word in folded for word in _KIND_WORDS):
            continue
        for kind, pattern in _KINDS:
            if pattern.search(text):
                return kind
    return "unknown"


def _named(shown: str, said: list[str], kind: EntryKind, href: str | None) -> Named:
    others = [text for text in said if plain(text) != plain(shown)]
    abbreviation = None
    if kind == "term":
        name = next((text for text in said if plain(text) == plain(shown)), shown)
        expansion = others[0] if others else None
        return Named(name, expansion, name if expansion else None, kind, href)
    names = []
    for text in others:
        match = _PAREN.match(text)
        if match and any(plain(match[1]) == plain(t) for t in (shown, *others)):
            abbreviation = match[2]
        else:
            names.append(text)
    name = names[-1] if names else shown
    expansion = None
    if name != shown:
        short = _ACRONYM.search(shown)
        if short and short[0].strip(".") not in re.findall(r"[\w.&-]+", name):
            abbreviation, expansion = short[0], name
    return Named(name, expansion, abbreviation, kind, href)


def _slug(href: str | None) -> str:
    path = (href or "").partition("?")[0].rstrip("/").rpartition("/")[2]
    return re.sub(r"\.\w{2,5}$", "", path)


def _words(text: str) -> str:
    return " ".join(text.split())
