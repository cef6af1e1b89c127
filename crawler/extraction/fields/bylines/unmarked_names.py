"""Names that stand beside the date under a headline without any mark of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.extraction.blocks.block import HEADINGS
from crawler.extraction.blocks.class_groups import GROUPS, is_in_group
from crawler.extraction.dates.formats import has_date
from crawler.extraction.fields.bylines.credits import INTERFACE
from crawler.extraction.fields.bylines.names import clean_names
from crawler.extraction.fields.bylines.words import is_house, is_role, reads_as_name
from crawler.extraction.fields.headline_words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from crawler.extraction.blocks.block import Place, RawBlock

_PARTS = re.compile(r"\s*[•|·⋅∙,]\s*|\s+[–—-]\s+|\s*\u00a0\|?\s*")
_LABEL = re.compile(
    r"(?:(?:written|posted|published|words|text|story|article|report) )?by:?|(?:about the )?authors?:?|words:?|text:?|von:?|autor(?:in)?:?"
    r"|par:?|auteure?:?|por:?|autore:?|contributors?:?|著者|作者[:：]?|글",
    re.IGNORECASE,
)
_TIME = re.compile(r"\b\d+[\s-]*(?:min|分)", re.IGNORECASE)
_OF_A_TOPIC = re.compile(
    r"/(?:categor|tag|topic|section|thema|rubrik|blog/?$|news/?$)", re.IGNORECASE
)
_LOWER = re.compile(r"(?<![\w'’.])[^\W\d_A-Z][^\W\d_]{2,}")
# Blocks between a name and the date that it stands beside.
_NEAR = 3
# Levels up to the box that name and date stand in, and the characters that it holds.
_REACH, _LARGEST = 5, 300
_CAPTION = GROUPS.index("caption")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?")
_FEWEST, _MOST = 2, 4
_LONGEST = 60


def names_beside_date(
    blocks: Sequence[RawBlock], around: range, known: Set[str], *, nouns_are_capital: bool
) -> tuple[str, ...]:
    """The first name among the blocks ``around`` that stands beside a date or behind a label.

    ``around`` are those between a headline and its text. What is written in small letters anywhere
    in the page is no name but a topic, where the language has small letters for these
    (``nouns_are_capital`` says that it has not); ``known`` are names of the site and its topics,
    folded.
    """
    dated = [i for i in around if _is_dated(blocks[i])]
    lower: Set[str] | None = None
    for i in around:
        labelled = i > 0 and _LABEL.fullmatch(blocks[i - 1].text.strip()) is not None
        beside = [at for at in dated if abs(i - at) <= _NEAR and _share(blocks[i], blocks[at])]
        if not labelled and (i not in beside if nouns_are_capital else not beside):
            continue
        for name in _candidates(blocks[i]):
            if fold(name) in known:
                continue
            if lower is None:
                lower = {word for block in blocks for word in _LOWER.findall(block.text)}
            if not any(word.casefold() in lower for word in name.split() if len(word) > 2):
                return (name,)
    return ()


def _share(one: RawBlock, other: RawBlock) -> bool:
    """Return whether two blocks stand in one small box."""
    place: Place | None = one.place
    for _ in range(_REACH):
        if place is None or place.chars > _LARGEST:
            return False
        if other.place.lies_in(place):
            return True
        place = place.parent
    return False


def _is_dated(block: RawBlock) -> bool:
    short = len(block.text) <= 2 * _LONGEST
    return short and (block.timed or has_date(block.text) or _TIME.search(block.text) is not None)


def _candidates(block: RawBlock) -> Iterator[str]:
    if (
        len(block.text) > 2 * _LONGEST
        or block.tag in HEADINGS
        or is_in_group(block.place, _CAPTION, 3)
    ):
        return
    topics = [
        block.text[start:end].strip() for start, end, what, url in block.spans
        if what == "link" and _OF_A_TOPIC.search(url or "")
    ]  # fmt: skip
    for said in _PARTS.split(block.text):
        part = next(iter(clean_names([said])), "")
        words = part.split()
        if (
            _FEWEST <= len(words) <= _MOST
            and len(part) <= _LONGEST
            and said not in topics
            and not any(map(str.isdigit, part))
            and all(_WORD.fullmatch(word) and word[0].isupper() for word in words)
            and not part.isupper()
            and not INTERFACE.search(part)
            and reads_as_name(part)
            and not is_house(part)
            and not is_role(part)
            and not has_date(part)
        ):
            yield part
