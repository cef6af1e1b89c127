"""The byline: from the head where it is given, else from where the page shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.bylines import clean_names
from crawler.extraction.dates import has_date
from crawler.extraction.features import GROUPS, is_in_group
from crawler.extraction.metadata import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.extraction.blocks import RawBlock
    from crawler.extraction.metadata import Metadata
    from crawler.extraction.walk import Walk

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
# A label that introduces an author wherever it stands, at the end of the page too.
_LABEL = re.compile(
    r"^(?:autor(?:in)?(?:/autor(?:in)?)?|authors?|auteurs?|autore|written by|reported by|yazar|автор)"
    r"\s*[:\s]\s*(?=\S)",
    re.IGNORECASE,
)
# Signatures of the Chinese, Japanese and Korean press, whose names are two to four signs.
_EASTERN = re.compile(
    r"(?:责任编辑|責任編輯|责编|记者|記者|作者|撰文|文字|编辑|編輯)\s*[:：/／|]\s*"
    r"((?:[\u4e00-\u9fff·]{2,8}[、,，\s]{0,3}){1,5})"
)
_KOREAN = re.compile(
    r"(?:^|[\s=\[(])([가-힣]{2,4})\s*(?:선임|수습)?(?:기자|특파원|논설위원)(?![가-힣])"
)
_ADDRESS = re.compile(r"\S+@\S+\.\w+|(?<=\w)\s*(?:기자|特派员|記者|记者)")
_ACRONYM = re.compile(r"[A-Z]{2,6}")
# News agencies, which sign beside a paper's own people.
_AGENCIES = frozenset(
    (
        "afp ap reuters dpa efe ansa apa ats sda keystone-sda belga anp tt ntb ritzau stt pap ctk "
        "lusa tass interfax ukrinform xinhua kyodo yonhap pti ians bernama antara aap cp upi epd kna "
        "sid europapress bloomberg"
    ).split()
)


def byline(
    meta: Metadata, walk: Walk, chosen: Sequence[int], hints: dict[str, Any]
) -> tuple[tuple[str, ...], str] | None:
    """Author names and where they came from."""
    stated = meta.bylines()
    if stated is not None and len(stated[0]) > 1:
        others = tuple(name for name in stated[0] if not _only_site(meta, (name,)))
        stated = (others or stated[0], stated[1])
    if stated is not None and not _is_house(meta, stated[0]):
        # Many templates put the house's name into the head of every page.
        only = stated[1] == "meta" and len(stated[0]) == 1
        labelled = _labelled_in(walk, _after_label) if only else ()
        return (labelled, "text") if labelled else stated
    shown = _shown(walk, chosen)
    if shown:
        return shown, "text"
    if stated is not None:
        return stated
    hinted = clean_names(hints.get("byline", ()))
    return (hinted, "feed") if hinted else None


def _is_house(meta: Metadata, names: tuple[str, ...]) -> bool:
    """Whether only the site itself and news agencies are named: persons may stand on the page."""
    return all(name.lower() in _AGENCIES or _only_site(meta, (name,)) for name in names)


def _only_site(meta: Metadata, names: tuple[str, ...]) -> bool:
    return all(fold(name) in meta.site_names for name in names)


def _around(walk: Walk, chosen: Sequence[int]) -> range:
    """The blocks around the headline and the beginning of the text."""
    first = chosen[0] if chosen else 0
    heading = next((i for i, b in enumerate(walk.blocks) if b.tag == "h1"), first)
    return range(
        max(0, min(heading, first) - 3), min(max(heading, first) + 8, len(walk.blocks))
    )  # fmt: skip


def _shown(walk: Walk, chosen: Sequence[int]) -> tuple[str, ...]:
    """Names in short blocks near the headline whose class, first word or company signs them.

    Failing that, names behind a label anywhere in the page.
    """
    for i in _around(walk, chosen):
        block = walk.blocks[i]
        if len(block.text) > _MAX_BYLINE or block.tag in ("h1", "h2"):
            continue
        names = _names_of(block)
        if names:
            return names
    return _labelled_in(walk, _labelled)


def _labelled_in(walk: Walk, read: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
    for block in walk.blocks:
        names = read(block.text) if len(block.text) <= _MAX_BYLINE else ()
        if names:
            return names
    return ()


def _after_label(text: str) -> tuple[str, ...]:
    label = _LABEL.match(text)
    return _likely(clean_names([text[label.end() :]])) if label else ()


def _labelled(text: str) -> tuple[str, ...]:
    names = _after_label(text)
    if names or text.isascii():
        return names
    eastern = _EASTERN.search(text)
    if eastern:
        return tuple(dict.fromkeys(re.findall(r"[\u4e00-\u9fff·]{2,8}", eastern[1])))
    return tuple(dict.fromkeys(_KOREAN.findall(text)))


def _names_of(block: RawBlock) -> tuple[str, ...]:
    signed = [block.text[start:end] for start, end, what, _ in block.spans if what == "author"]
    likely = _likely(clean_names(signed))
    if likely:
        return likely
    parts = [part for part in _PARTS.split(block.text) if part]
    said = [_BY.sub("", part) for part in parts if _BY.match(part)]
    if said:
        names = clean_names(said)
        return _likely(names) or tuple(name for name in names if _ACRONYM.fullmatch(name))
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
        if name.lower() in _AGENCIES
        or (1 < len(name.split()) <= _MAX_WORDS
        and not re.search(r"\d", name)
        and all(not word[0].islower() or word in _PARTICLES for word in name.split()))
    )  # fmt: skip


def is_byline(text: str, names: Sequence[str]) -> bool:
    """Whether a block of text says no more than who wrote it."""
    if len(text) > _MAX_BYLINE or not names:
        return False
    rest = _BY.sub("", text)
    if "@" in rest or not rest.isascii():
        rest = _ADDRESS.sub("", rest)
    rest = rest.casefold()
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name.casefold(), "")
    return not re.sub(r"\b(?:and|et|und|y|e|en|og|och)\b|\W", "", rest)
