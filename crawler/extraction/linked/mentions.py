"""Names in a text that stand for a directory entry, each with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.extraction.fields.json_ld import text_of, types_of
from crawler.extraction.linked.links import is_entry
from storage.types.content import Mention

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.extraction.fields.json_ld import Node
    from crawler.extraction.linked.tooltips import Names
    from storage.types.content import Block, EntryKind

_TYPES: dict[str, EntryKind] = {
    "person": "person", "organization": "organisation", "newsmediaorganization": "organisation",
    "corporation": "organisation", "governmentorganization": "organisation",
    "educationalorganization": "organisation", "collegeoruniversity": "organisation",
    "ngo": "organisation", "sportsteam": "organisation", "politicalparty": "organisation",
    "definedterm": "term",
}  # fmt: skip
_MOST = 100


def mentions_in(
    blocks: Sequence[Block], names: Names | None = None, node: Node | None = None
) -> tuple[Mention, ...]:
    """The mentions of a text in their order.

    Links to entries and names with a card; terms explained without a link; and what the article's
    JSON-LD ``node`` says that it is about, where the text names it.
    """
    found = list(_linked(blocks, names))
    taken = {(m.block, m.start) for m in found}
    for words, kind, full, expansion in _unlinked(names, node):
        place = _first(blocks, words)
        if place is not None and place not in taken:
            block, start = place
            found.append(
                Mention(words, block, start, start + len(words), None, full, expansion, kind)
            )
            taken.add(place)
    return tuple(sorted(found[:_MOST], key=lambda m: (m.block, m.start)))


def _linked(blocks: Sequence[Block], names: Names | None) -> Iterator[Mention]:
    for i, block in enumerate(blocks):
        for span in block.spans:
            if span.kind != "link" or span.url is None:
                continue
            anchor = block.text[span.start : span.end]
            named = names.get(anchor, span.url) if names is not None else None
            if named is not None:
                yield Mention(anchor, i, span.start, span.end, span.url, named.full_name,
                              named.expansion, named.kind)  # fmt: skip
            elif is_entry(span.url):
                yield Mention(anchor, i, span.start, span.end, span.url)


def _unlinked(
    names: Names | None, node: Node | None
) -> Iterator[tuple[str, EntryKind, str | None, str | None]]:
    for words, named in names.unlinked() if names is not None else ():
        yield words, named.kind, named.full_name, named.expansion
    for field in ("about", "mentions"):
        value = (node or {}).get(field)
        for thing in value if isinstance(value, list) else [value]:
            if not isinstance(thing, dict):
                continue
            kind = next((_TYPES[name] for name in types_of(thing) if name in _TYPES), None)
            name = text_of(thing.get("name"))
            if kind is not None and name and len(name) > 2:
                yield name, kind, name, None


def _first(blocks: Sequence[Block], words: str) -> tuple[int, int] | None:
    """(block, start) of the first place where ``words`` stand as whole words."""
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
    for i, block in enumerate(blocks):
        match = pattern.search(block.text) if words in block.text else None
        if match and block.kind != "figure":
            return i, match.start()
    return None
