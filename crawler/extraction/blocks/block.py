"""The page as a sequence of text blocks, each with its place in the tree.

A block is a run of inline content inside one block-level element: what a reader sees as a
paragraph, heading, list item or cell. ``walk.py`` makes the sequence, in one walk over the tree;
everything later (features, decisions, typed blocks) works on it and never walks the page again.
Here is what the walk is made of, and what it goes by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

# Elements whose text no reader sees, or that are controls and not text.
DROPPED = frozenset(
    {"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed",
     "button", "select", "option", "datalist", "textarea", "input", "canvas", "audio", "video",
     "map", "head", "title", "meta", "link", "progress", "dialog", "rt", "rp", "rtc"}
)  # fmt: skip
# Beside these, elements in which no text of an article was found on 249 pages of 140 publishers;
# two fifths of all blocks lie in them.
FURNITURE = DROPPED | {"nav", "footer"}
# What is passed over as furniture, and yet holds the article where a page leaves its tag open.
OPENED = frozenset({"nav", "footer", "noscript"})
# Elements whose text does not count when it is asked how much text stands in such a one.
UNCOUNTED = frozenset(
    {"a", "script", "style", "template", "svg", "button", "select", "textarea", "title"}
)
INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
     "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "ruby", "s", "samp",
     "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "img",
     "picture", "source", "amp-img", "o:p", "st1:place"}
)  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
EXPLAINED = ("abbr", "acronym", "dfn")
EMPHASIS = {"em": "emphasis", "i": "emphasis", "cite": "emphasis", "strong": "strong",
             "b": "strong"}  # fmt: skip
HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
# Attributes in which templates say what a place is for.
WORD_ATTRIBUTES = frozenset(
    {"class", "id", "role", "itemprop", "data-testid", "data-component", "data-module", "data-qa",
     "aria-label"}
)  # fmt: skip
# Those of them that name one element and not its kind.
OWN_ATTRIBUTES = frozenset({"id", "aria-label"})
# Numbers are one element's too: of a post, of a column, of a note.
UNNUMBERED = dict.fromkeys(range(ord("0"), ord("9") + 1))
# lxml and Python both recurse on deep trees; what lies deeper than any page is a trap.
MAX_DEPTH = 400
# Ten novels; the longest page of the bench has 1,400.
MAX_BLOCKS = 12_000
# Block-level elements, empty ones too; the bench's pages have 2,600 at most.
MAX_PLACES = 60_000
# Marks within one block; a page of nothing but links in one paragraph has some hundreds.
MAX_SPANS = 5_000
LOOKED_AT = 1_500  # characters of a block whose words are compared; enough to tell
# Hints for breaking lines and marks of width nothing, which no reader sees and which part words for
# whoever compares them. Joiners shape letters and stay.
INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
SIGNS = re.compile(r"author|byline|auteur|autor", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Place:
    """An element that holds blocks: its tag, its words, and what lies below it in all.

    ``classes`` are the words that it has in common with its like: no id, no label, no numbers.
    """

    element: Any
    tag: str
    parent: Place | None
    depth: int
    order: int
    words: str = ""
    classes: str = ""
    # Characters of text and of linked text below; filled once the walk is over.
    chars: int = 0
    linked: int = 0
    paragraphs: int = 0
    blocks: int = 0
    commas: int = 0

    def lies_in(self, box: Place) -> bool:
        """Return whether this place is ``box`` or below it."""
        place: Place | None = self
        while place is not None and place.depth >= box.depth:
            if place is box:
                return True
            place = place.parent
        return False


@dataclass(slots=True, eq=False)
class RawBlock:
    """A run of text with what it was made of."""

    place: Place
    tag: str
    text: str
    linked: int = 0
    strong: int = 0
    spans: list[tuple[int, int, str, str | None]] = field(default_factory=list)
    list_depth: int = 0
    ordered: bool = False
    quoted: bool = False
    images: list[Any] = field(default_factory=list)
    order: int = 0
    timed: bool = False  # a <time> element stands in it
    # Where in the text a line begins after a single <br>.
    breaks: list[int] = field(default_factory=list)
    # The lower-case words of its beginning, which everything compares.
    words: list[str] = field(default_factory=list)


def heading_of(element: Any) -> str | None:
    """``h1`` to ``h6`` where the element's role is that of a heading."""
    if (element.get("role") or "") != "heading":
        return None
    level = element.get("aria-level") or "2"
    return f"h{level}" if level in "123456" and len(level) == 1 else "h6"


# Depth of lists, whether the innermost is ordered, whether inside a quotation.
_State = tuple[int, bool, bool]
