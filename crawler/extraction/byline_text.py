"""The byline: from the head where it is given, else from where the page shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.bylines import clean_names
from crawler.extraction.features import GROUPS, groups_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks import RawBlock, Walk
    from crawler.extraction.metadata import Metadata

_AUTHOR = GROUPS.index("author")
_BY = re.compile(
    r"^(?:by|par|von|por|de|di|door|af|av|text|texte|przez|autor|author|oleh|yazan|автор)\b[:\s]",
    re.IGNORECASE,
)
_MAX_BYLINE = 120


def byline(
    meta: Metadata, walk: Walk, chosen: Sequence[int], hints: dict[str, Any]
) -> tuple[tuple[str, ...], str] | None:
    """Author names and where they came from."""
    stated = meta.bylines()
    if stated is not None and not _only_site(meta, stated[0]):
        return stated
    shown = _shown(walk, chosen)
    if shown:
        return shown, "text"
    if stated is not None:
        return stated
    hinted = clean_names(hints.get("byline", ()))
    return (hinted, "feed") if hinted else None


def _only_site(meta: Metadata, names: tuple[str, ...]) -> bool:
    folded = [re.sub(r"[\W_]+", "", name.casefold()) for name in names]
    return all(name in meta.site_names for name in folded)


def _shown(walk: Walk, chosen: Sequence[int]) -> tuple[str, ...]:
    """Names in short blocks near the headline whose class or first word says that they sign."""
    first = chosen[0] if chosen else 0
    heading = next((i for i, b in enumerate(walk.blocks) if b.tag == "h1"), first)
    around = range(max(0, min(heading, first) - 3), min(max(heading, first) + 8, len(walk.blocks)))
    for i in around:
        block = walk.blocks[i]
        if len(block.text) > _MAX_BYLINE or block.tag in ("h1", "h2"):
            continue
        if _BY.match(block.text) or _signs(block):
            text = _BY.sub("", block.text)
            links = [text_of for s, e, what, _ in block.spans if what == "link"
                     for text_of in [block.text[s:e].strip()] if text_of]  # fmt: skip
            names = clean_names(links or [text])
            names = tuple(n for n in names if 1 < len(n.split()) <= 5 and not re.search(r"\d", n))
            if names:
                return names
    return ()


def _signs(block: RawBlock) -> bool:
    node: Any = block.place
    for _ in range(3):
        if node is None:
            return False
        if node.words and _AUTHOR in groups_of(node.words):
            return True
        node = node.parent
    return False
