"""The walk over a page's tree that makes its blocks and places.

There are two of them with the same answers: the one below, and ``_walk.pyx``, which is compiled
when Dateline is installed where there is a C compiler, and takes a quarter of the time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.blocks.block import (
    EMPHASIS,
    EXPLAINED,
    FURNITURE,
    HEADINGS,
    HIDDEN_STYLE,
    INLINE,
    INVISIBLE,
    LOOKED_AT,
    MAX_BLOCKS,
    MAX_DEPTH,
    MAX_PLACES,
    MAX_SPANS,
    OPENED,
    OWN_ATTRIBUTES,
    SIGNS,
    UNCOUNTED,
    UNNUMBERED,
    WORD_ATTRIBUTES,
    Place,
    RawBlock,
    heading_of,
)
from crawler.extraction.compiled import part
from storage.text.urls import resolve_url

if TYPE_CHECKING:
    from collections.abc import Callable

# Characters outside links that are too few for an article.
_LITTLE = 200
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"[ \t\n\r\f]+")
_BLANKS = " \t\n\v\f\r\x1c\x1d\x1e\x1f"

# Depth of lists, whether the innermost is ordered, whether inside a quotation.
_State = tuple[int, bool, bool]


class Walk:
    """A page's blocks, places and images."""

    def __init__(self, root: Any, base_url: str) -> None:
        self.base_url = base_url
        body = root.find("body")
        if body is None:
            # Without a <body> tag, libxml2 leaves <article> and its like in the head.
            head = root.find("head")
            body = head if head is not None else root
        walker = _walked(body)
        shown = sum(len(block.text) - block.linked for block in walker.blocks)
        most = walker.passed if shown >= _LITTLE else max(walker.passed, walker.footed)
        if most > max(shown, _LITTLE):
            # A page that keeps its text in what is called navigation, header or footer: mostly a
            # tag that it never closes. Less text is what furniture says of itself: that the site
            # needs JavaScript, who may use it.
            walker = _walked(body, limit=most // 2)
        self.blocks, self.places = walker.blocks, walker.places
        self.images, self.explains = walker.images, walker.explains
        # Whether the page continues after what was read of it.
        self.is_cut = _is_cut(walker)

    def resolve(self, href: str) -> str | None:
        """Return ``href`` as an absolute URL, or ``None``."""
        return resolve_url(self.base_url, href)


def _walked(body: Any, *, limit: int = 0) -> Walker:
    walker = (compiled or Walker)(limit=limit)
    walker.walk(body)
    return walker


class _Run:
    """Inline text being gathered, white space folded as a browser folds it."""

    __slots__ = (
        "breaks", "images", "length", "linked", "open", "parts", "spaced", "spans", "strong",
        "timed",
    )  # fmt: skip

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.spaced = True
        self.linked = 0
        self.strong = 0
        self.spans: list[tuple[int, int, str, str | None]] = []
        self.open: list[tuple[str, str | None, int]] = []
        self.images: list[Any] = []
        self.breaks: list[int] = []
        self.timed = False

    def add(self, text: str) -> None:
        """Append text as a browser shows it: runs of ASCII white space are one space.

        No-break spaces are the publisher's typography and stay.
        """
        if not text.isascii():
            text = INVISIBLE.sub("", text)
            if not text:
                return
        if text.isspace() and "\u00a0" not in text:
            if not self.spaced:
                self.parts.append(" ")
                self.length += 1
                self.spaced = True
                self._count(1)
            return
        if "\n" in text or "  " in text or "\t" in text or "\r" in text:
            text = _SPACE.sub(" ", text)
        if self.spaced and text[0] == " ":
            text = text[1:]
        if not text:
            return
        self.parts.append(text)
        size = len(text)
        self.length += size
        self.spaced = text[-1] == " "
        if self.open:
            self._count(size)

    def _count(self, size: int) -> None:
        link = strong = False
        for kind, _, _ in self.open:
            link = link or kind == "link"
            strong = strong or kind == "strong"
        self.linked += size * link
        self.strong += size * strong


class Walker:
    """One walk. ``blocks``, ``places``, ``images`` and ``explains`` are its result.

    Navigation, footers, mastheads and ``noscript`` are passed over, unless they hold at least
    ``limit`` characters of text beside links. ``passed`` is the most that one of them held,
    ``footed`` the most that a footer held.
    """

    def __init__(self, *, limit: int) -> None:
        # Whether an element explains a term (<abbr title="…">).
        self.explains = False
        self.passed = self.footed = 0
        self._limit = limit
        # How many <article> and <main> elements the walk is in: a header there is the article's,
        # one outside without the page's heading is the site's masthead.
        self._inside = 0
        self.blocks: list[RawBlock] = []
        self.places: list[Place] = []
        # (element, the place that holds it, the index of the block that follows)
        self.images: list[tuple[Any, Place, int]] = []
        self._run = _Run()

    def walk(self, body: Any) -> None:
        """Walk an element and all below it."""
        self._element(body, None, 0, (0, False, False), body.items())
        self._sum()

    def _element(
        self, element: Any, parent: Place | None, depth: int, state: _State,
        items: list[tuple[str, str]],
    ) -> None:  # fmt: skip
        """Walk a block-level element with these attributes."""
        tag = element.tag
        words = _words(items)
        # What is passed over elsewhere and holds the text here is a box like any other.
        called = "div" if tag in OPENED else tag
        if "heading" in words and tag not in HEADINGS:
            called = heading_of(element) or called
        place = Place(element, called, parent, depth, len(self.places), words, _classes(items))
        self.places.append(place)
        if tag in ("ul", "ol"):
            state = (state[0] + 1, tag == "ol", state[2])
        elif tag == "blockquote":
            state = (state[0], state[1], True)
        elif tag == "pre":
            self._preformatted(element, place, state)
            return
        main = tag in ("article", "main")
        self._inside += main
        text = element.text
        if text:
            self._run.add(text)
        if len(element):
            self._children(element, place, depth, state)
        self._inside -= main
        run = self._run
        if run.length or run.images:
            self._close(place, state)

    def _children(self, element: Any, place: Place, depth: int, state: _State) -> None:
        breaks = 0
        for child in element:
            tag = child.tag
            tail = child.tail
            if tag in INLINE:
                items = child.items()
                if not items or not _is_hidden(items):
                    self._inline(child, tag, place, depth, state)
                breaks = 0
            elif tag == "br":
                breaks += 1
                if breaks > 1:
                    self._close(place, state)
                else:
                    self._run.add(" ")
                    self._run.breaks.append(self._run.length)
                if tail and INVISIBLE.sub("", tail).strip():
                    breaks = 0
            elif tag == "hr":
                self._close(place, state)
            elif (tag in FURNITURE or not isinstance(tag, str)) and not self._opens(child, tag):
                if tag == "noscript":
                    self._noscript(child, place)
            elif depth < MAX_DEPTH and not _is_cut(self):
                items = child.items()
                masthead = tag == "header" and not self._inside
                if (items and _is_hidden(items)) or (
                    masthead and child.find(".//h1") is None and not self._holds_text(child, tag)
                ):
                    if tail:
                        self._run.add(tail)
                    continue
                run = self._run
                if run.length or run.images:
                    self._close(place, state)
                self._element(child, place, depth + 1, state, items)
                breaks = 0
            if tail:
                self._run.add(tail)

    def _opens(self, element: Any, tag: Any) -> bool:
        """Return whether what is else passed over is walked."""
        return tag in OPENED and not _is_hidden(element.items()) and self._holds_text(element, tag)

    def _holds_text(self, element: Any, tag: str) -> bool:
        """Whether furniture holds so much text that it is walked; how much is noted if not."""
        said = _said(element)
        if 0 < self._limit <= said:
            return True
        if tag == "footer":
            self.footed = max(self.footed, said)
        else:
            self.passed = max(self.passed, said)
        return False

    def _inline(self, element: Any, tag: str, place: Place, depth: int, state: _State) -> None:
        run = self._run
        if tag in ("img", "amp-img"):
            run.images.append(element)
            self.images.append((element, place, len(self.blocks)))
            return
        kind = "link" if tag == "a" and element.get("href") else EMPHASIS.get(tag)
        if tag == "time":
            run.timed = True
        elif tag in EXPLAINED:
            self.explains = self.explains or element.get("title") is not None
        elif kind is None and SIGNS.search(element.get("class") or element.get("itemprop") or ""):
            kind = "author"
        start = run.length
        if kind is not None:
            run.open.append((kind, element.get("href") if tag == "a" else None, start))
        if element.text:
            run.add(element.text)
        if len(element) and depth < MAX_DEPTH:
            self._children(element, place, depth + 1, state)
        if kind is not None and self._run.open:
            _, url, begun = self._run.open.pop()
            # A block element inside the anchor closed the run and began another.
            begun = begun if self._run is run and begun <= run.length else 0
            if len(self._run.spans) < MAX_SPANS:
                self._run.spans.append((begun, self._run.length, kind, url))

    def _noscript(self, element: Any, place: Place) -> None:
        """Pictures that are loaded late stand in full only here."""
        for image in element.iter("img"):
            self._run.images.append(image)
            self.images.append((image, place, len(self.blocks)))

    def _preformatted(self, element: Any, place: Place, state: _State) -> None:
        text = "".join(element.itertext()).strip("\n").rstrip()
        if text.strip():
            block = RawBlock(place, "pre", text, list_depth=state[0], ordered=state[1],
                             quoted=state[2], order=len(self.blocks))  # fmt: skip
            self.blocks.append(block)

    def _close(self, place: Place, state: _State) -> None:
        """End the run of inline text, which becomes a block if it says anything."""
        run = self._run
        if not run.length and not run.images and not run.open:
            return
        text = "".join(run.parts)
        stripped = text.rstrip()
        for kind, url, start in run.open:
            run.spans.append((min(start, run.length), run.length, kind, url))
        if stripped and len(self.blocks) < MAX_BLOCKS:
            spans = [
                (start, min(end, len(stripped)), kind, url)
                for start, end, kind, url in run.spans
                if start < len(stripped) and end > start
            ]
            self.blocks.append(
                RawBlock(
                    place, place.tag, stripped, min(run.linked, len(stripped)),
                    min(run.strong, len(stripped)), spans, state[0], state[1], state[2],
                    run.images, len(self.blocks), run.timed,
                    breaks=[at for at in run.breaks if 0 < at < len(stripped)],
                )
            )  # fmt: skip
        fresh = _Run()
        fresh.open = [(kind, url, 0) for kind, url, _ in run.open]
        self._run = fresh

    def _sum(self) -> None:
        for block in self.blocks:
            text, place = block.text, block.place
            block.words = _WORD.findall(text[:LOOKED_AT].lower())
            place.chars += len(text)
            place.linked += block.linked
            place.paragraphs += block.tag == "p" and len(text) > 40
            place.blocks += 1
            place.commas += text.count(",")
        # Places are in the order of the walk, so each comes after what holds it.
        for place in reversed(self.places):
            above = place.parent
            if above is not None and place.blocks:
                above.chars += place.chars
                above.linked += place.linked
                above.paragraphs += place.paragraphs
                above.blocks += place.blocks
                above.commas += place.commas


def _is_cut(walk: Walk | Walker) -> bool:
    return len(walk.blocks) >= MAX_BLOCKS or len(walk.places) >= MAX_PLACES


def _is_hidden(attributes: list[tuple[str, str]]) -> bool:
    """Whether an element is not shown: ``hidden``, ``aria-hidden``, or its own style says so."""
    for name, value in attributes:
        if name == "style":
            if "none" in value or "hidden" in value:
                return HIDDEN_STYLE.search(value) is not None
        elif (name == "hidden" and value != "until-found") or (
            name == "aria-hidden" and value == "true"
        ):
            return True
    return False


def _said(top: Any) -> int:
    """How many characters stand below an element, white space and the text of links left out."""
    count = 0
    pending = [top]
    while pending:
        element = pending.pop()
        if element is not top and element.tail:
            count += _length(element.tail)
        if isinstance(element.tag, str) and element.tag not in UNCOUNTED:
            if element.text:
                count += _length(element.text)
            pending.extend(element)
    return count


def _length(text: str) -> int:
    return len(text) - sum(map(text.count, _BLANKS))


def _words(attributes: list[tuple[str, str]]) -> str:
    words = [value for name, value in attributes if name in WORD_ATTRIBUTES]
    return " ".join(words).lower() if words else ""


def _classes(attributes: list[tuple[str, str]]) -> str:
    """The words that the like of an element has too."""
    words = [
        value for name, value in attributes
        if name in WORD_ATTRIBUTES and name not in OWN_ATTRIBUTES
    ]  # fmt: skip
    return " ".join(words).lower().translate(UNNUMBERED) if words else ""


# It moves with every change to the walk.
VERSION = 7
module = part("crawler.extraction.blocks._walk", VERSION)
compiled: type[Walker] | None = module.Walker if module is not None else None
# The words of a text: \w+, as in the blocks.
words_in: Callable[[str], list[str]] = _WORD.findall if module is None else module.words_of
