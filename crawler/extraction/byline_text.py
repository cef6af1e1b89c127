"""The byline: from the head where it is given, else from where the page shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.bylines import clean_names
from crawler.extraction.dates import has_date
from crawler.extraction.features import GROUPS, is_in_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks import RawBlock, Walk
    from crawler.extraction.metadata import Metadata

_AUTHOR = GROUPS.index("author")
_BY = re.compile(
    r"^(?:by|par|von|por|di|door|af|av|text|texte|przez|autor(?:in)?(?:/autor)?|author|oleh|yazan"
    r"|words|автор)\b[:\s]+",
    re.IGNORECASE,
)
_MAX_BYLINE = 160
_MAX_WORDS = 4
_REACH = 3
_META = GROUPS.index("meta")
_PARTS = re.compile(r"\s*[•|·]\s*|\s+[–—-]\s+|\s*\u00a0\|?\s*")
_PARTICLES = frozenset(
    "de du des da di del della van von der den ter la le el al bin ibn y e".split()
)


def byline(
    meta: Metadata, walk: Walk, chosen: Sequence[int], hints: dict[str, Any]
) -> tuple[tuple[str, ...], str] | None:
    """Author names and where they came from."""
    stated = meta.bylines()
    if stated is not None and len(stated[0]) > 1:
        others = tuple(name for name in stated[0] if not _only_site(meta, (name,)))
        stated = (others or stated[0], stated[1])
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
    """Names in short blocks near the headline whose class, first word or company signs them."""
    first = chosen[0] if chosen else 0
    heading = next((i for i, b in enumerate(walk.blocks) if b.tag == "h1"), first)
    around = range(max(0, min(heading, first) - 3), min(max(heading, first) + 8, len(walk.blocks)))
    for i in around:
        block = walk.blocks[i]
        if len(block.text) > _MAX_BYLINE or block.tag in ("h1", "h2"):
            continue
        names = _names_of(block)
        if names:
            return names
    return ()


def _names_of(block: RawBlock) -> tuple[str, ...]:
    signed = [block.text[start:end] for start, end, what, _ in block.spans if what == "author"]
    likely = _likely(clean_names(signed))
    if likely:
        return likely
    parts = [part for part in _PARTS.split(block.text) if part]
    said = [_BY.sub("", part) for part in parts if _BY.match(part)]
    if said:
        return _likely(clean_names(said))
    signs = is_in_group(block.place, _AUTHOR, _REACH)
    if not signs and not (is_in_group(block.place, _META, _REACH) and has_date(block.text)):
        return ()
    linked = [
        block.text[start:end].strip() for start, end, what, _ in block.spans if what == "link"
    ]
    return _likely(clean_names(linked)) or _likely(clean_names(parts))


def _likely(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that look like names of people: two to four words that begin with capitals."""
    return tuple(
        name
        for name in names
        if 1 < len(name.split()) <= _MAX_WORDS
        and not re.search(r"\d", name)
        and all(not word[0].islower() or word in _PARTICLES for word in name.split())
    )


def is_byline(text: str, names: Sequence[str]) -> bool:
    """Whether a block of text says no more than who wrote it."""
    if len(text) > _MAX_BYLINE or not names:
        return False
    rest = _BY.sub("", text).casefold()
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name.casefold(), "")
    return not re.sub(r"\b(?:and|et|und|y|e|en|og|och)\b|\W", "", rest)
