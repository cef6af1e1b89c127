"""The standfirst: the paragraph between headline and text that sums the article up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.extraction.blocks.class_groups import GROUPS, is_in_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.walk import Walk
    from crawler.extraction.fields.metadata import Metadata

_LEAD = GROUPS.index("lead")
_REACH = 4
_SHORTEST = 30


def standfirst_of(
    meta: Metadata, walk: Walk, chosen: Sequence[int], provenance: dict[str, str]
) -> str | None:
    """The standfirst as the page shows it; where it came from is noted in ``provenance``."""
    for i in chosen[:_REACH]:
        block = walk.blocks[i]
        if block.tag in ("h1",) or len(block.text) < _SHORTEST:
            continue
        if is_in_group(block.place, _LEAD, reach=2):
            provenance["standfirst"] = "text"
            return block.text
        if _same_words(block.text, meta.description):
            provenance["standfirst"] = "meta"
            return block.text
    if provenance.get("body") == "json-ld":
        return _beside_stated(meta, walk, chosen, provenance)
    return None


def _beside_stated(
    meta: Metadata, walk: Walk, chosen: Sequence[int], provenance: dict[str, str]
) -> str | None:
    """The standfirst of a page whose text stands in its structured data only."""
    heading = next((i for i, block in enumerate(walk.blocks) if block.tag == "h1"), None)
    if heading is not None:
        for block in walk.blocks[heading + 1 : heading + 1 + _REACH]:
            if len(block.text) >= _SHORTEST and is_in_group(block.place, _LEAD, reach=2):
                provenance["standfirst"] = "text"
                return block.text
    said = meta.description
    whole = said and not said.rstrip().endswith(("…", "..."))
    if not whole or len(said) < _SHORTEST or _same_words(meta.body[:2_000], said):
        return None
    if said in meta.body:
        return None
    provenance["standfirst"] = "meta"
    return said


def _same_words(text: str, description: str) -> bool:
    """Return whether the page's description is this paragraph, or its beginning."""
    said = re.findall(r"\w+", description.lower().rstrip(".… "))
    shown = re.findall(r"\w+", text.lower())
    return len(said) >= 8 and said[:-1] == shown[: len(said) - 1] and len(shown) < len(said) + 60
