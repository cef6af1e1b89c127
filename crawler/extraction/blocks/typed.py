"""From chosen blocks of the page to the typed blocks of an article, spans and figures included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from storage.text.urls import is_web_url
from storage.types.content import Block, BlockKind, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.extraction.blocks.block import Place, RawBlock
    from crawler.extraction.blocks.walk import Walk
    from storage.types.content import Media

_INDENT = "\u3000\u00a0 "
_KINDS: dict[str, BlockKind] = {
    "pre": "preformatted", "td": "table", "th": "table", "caption": "table", "dt": "term",
    "dd": "definition",
}  # fmt: skip
# Where a quotation says what it cites, and the classes by which posts are embedded.
_CITED = ("cite", "data-instgrm-permalink", "data-bluesky-uri", "data-href")
_POST = re.compile(
    r"tweet|instagram-media|tiktok-embed|bluesky-embed|mastodon-embed|reddit-embed|embed-post"
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}


def typed_blocks(walk: Walk, chosen: Sequence[int]) -> list[Block]:
    """The chosen blocks as an article's blocks."""
    return [_typed(walk, walk.blocks[i]) for i in chosen]


def _typed(walk: Walk, raw: RawBlock) -> Block:
    kind, level = _kind(raw)
    # Eastern papers indent a paragraph by ideographic spaces, which are layout and not text.
    text = raw.text.lstrip(_INDENT) if kind != "preformatted" else raw.text
    spans = spans_of(walk, raw, len(raw.text) - len(text))
    ordered = raw.ordered and kind == "list_item"
    source = _source(walk, raw) if kind == "quote" else None
    return Block(kind, text, level, ordered, tuple(spans), source=source)


def spans_of(walk: Walk, raw: RawBlock, indent: int = 0) -> list[Span]:
    """The spans of a block's text from ``indent`` on."""
    spans = []
    for begun, ended, what, href in raw.spans:
        start, end = max(0, begun - indent), ended - indent
        if what == "link":
            url = walk.resolve(href or "")
            if url and is_web_url(url):
                spans.append(Span(start, end, "link", url))
        elif what in ("emphasis", "strong"):
            spans.append(Span(start, end, what))  # type: ignore[arg-type]
    spans.sort(key=lambda span: (span.start, -span.end))
    return spans


def _source(walk: Walk, raw: RawBlock) -> str | None:
    """Where a quotation comes from: what it cites, or the post that it is in full."""
    place: Place | None = raw.place
    while place is not None and place.tag != "blockquote":
        place = place.parent
    if place is None:
        return None
    said = [place.element.get(name) for name in _CITED]
    if _POST.search(place.words):
        said += [link.get("href") for link in reversed(list(place.element.iter("a")))]
    for href in said:
        url = walk.resolve(href) if href else None
        if url and is_web_url(url):
            return url
    return None


def _kind(raw: RawBlock) -> tuple[BlockKind, int]:
    if raw.tag in _HEADINGS:
        return "heading", _HEADINGS[raw.tag]
    if raw.tag in _KINDS:
        return _KINDS[raw.tag], 0
    above = raw.place.parent
    if raw.tag in ("p", "div") and above is not None and above.tag in ("dt", "dd"):
        return _KINDS[above.tag], 0
    if raw.list_depth and _inside_item(raw):
        return "list_item", raw.list_depth
    if raw.quoted:
        return "quote", 0
    return "paragraph", 0


def _inside_item(raw: RawBlock) -> bool:
    place = raw.place
    for _ in range(3):
        if place.tag == "li":
            return True
        if place.parent is None:
            return False
        place = place.parent
    return False


def with_figures(
    blocks: list[Block], chosen: Sequence[int], figures: Iterable[tuple[int, Media]]
) -> tuple[Block, ...]:
    """Put a figure block for each picture where it stands: before the block at its place.

    ``figures`` are (index in the page's blocks, picture).
    """
    placed = sorted(figures, key=lambda figure: figure[0])
    out: list[Block] = []
    position = 0
    for index, block in zip(chosen, blocks, strict=True):
        while position < len(placed) and placed[position][0] <= index:
            out.append(_figure(placed[position][1]))
            position += 1
        out.append(block)
    out.extend(_figure(media) for _, media in placed[position:])
    return tuple(out)


def _figure(media: Media) -> Block:
    return Block("figure", media.caption or media.alternative_text or "", media=media.url)
