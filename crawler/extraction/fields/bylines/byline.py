"""The byline: from the head where it is given, else from where the page shows it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.extraction.blocks.class_groups import GROUPS, is_in_group
from crawler.extraction.blocks.own_place import heading_of, own_elements
from crawler.extraction.dates.formats import has_date
from crawler.extraction.fields.bylines.credits import Credit, credits_of
from crawler.extraction.fields.bylines.names import clean_names
from crawler.extraction.fields.bylines.unmarked_names import names_beside_date
from crawler.extraction.fields.bylines.words import PARTICLES, is_agency, is_house, reads_as_name
from crawler.extraction.fields.headline_words import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crawler.extraction.blocks.block import RawBlock
    from crawler.extraction.blocks.walk import Walk
    from crawler.extraction.fields.metadata import Metadata

_AUTHOR = GROUPS.index("author")
_BY = re.compile(
    r"^(?:(?:(?:posted|written|published|reported|story|words|text|report) )?by|(?:veröffentlicht |geschrieben |verfasst "
    r"|ein beitrag |text )?von|(?:publié |écrit |posté )?par|(?:publicado |escrito )?por|(?:pubblicato |scritto )?d[ia]"
    r"|door|(?:skrevet |tekst )?av|af|text|texte|tekst|testo|texto|przez|autor(?:in)?(?:/autor)?|author|auteur|autore|oleh"
    r"|yazan|words|автор|от|від|από|بقلم|كتب|كتبت)\b[:\s]+",
    re.IGNORECASE,
)
# "Per Oriol Vidal"; in Scandinavia Per is a given name.
_BY_CATALAN = re.compile(rf"{_BY.pattern}|^(?:text\s+)?per\b[:\s]+", re.IGNORECASE)
_MAX_BYLINE = 160
# Blocks from a headline on among which a name without mark is looked for.
_NEAREST = 14
_MAX_WORDS = 4
_REACH = 3
_META = GROUPS.index("meta")
_PARTS = re.compile(r"\s*[•|·]\s*|\s+[–—-]\s+|\s*\u00a0\|?\s*")
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
    # "記者王小明／台北報導"
    r"|(?:記者|记者)\s*((?:[\u4e00-\u9fff]{2,4}[、,，]?){1,5})(?=\s*[/／|｜])"
)
_KOREAN = re.compile(
    r"(?:^|[\s=\[(])([가-힣]{2,4})\s*(?:선임|수습)?(?:기자|특파원|논설위원)(?![가-힣])"
)
_ADDRESS = re.compile(r"\S+@\S+\.\w+|(?<=\w)\s*(?:기자|特派员|記者|记者)")
_ACRONYM = re.compile(r"[A-Z]{2,6}")


def byline(
    meta: Metadata, walk: Walk, chosen: Sequence[int], hints: dict[str, Any]
) -> tuple[tuple[str, ...], str] | None:
    """Author names and where they came from: a person before the house, wherever it stands."""
    page = _Shown(meta, walk, chosen)
    house: tuple[tuple[str, ...], str] | None = None
    handle: tuple[tuple[str, ...], str] | None = None
    for authors, source in meta.bylines():
        if any(not _is_house(meta, name) for name in authors.persons):
            stated = _without_site(meta, authors.persons + authors.houses), source
            if len(authors.persons) == 1 and _is_handle(authors.persons[0]):
                handle = handle or stated
                continue
            # Many templates put the house's name into the head of every page.
            only = source == "meta" and len(authors.persons) == 1
            labelled = _labelled_in(walk, _after_label) if only else ()
            if labelled:
                return labelled, "text"
            return stated
        names = authors.persons + authors.houses
        if names and house is None:
            house = _without_site(meta, names) or names, source
    signed = page.signed()
    if not signed and house is not None:
        signed = _labelled_in(walk, _after_label)
    if not signed:
        signed = page.credited_person()
    if not signed and handle is None and house is None:
        signed = page.credited(lambda name: not _is_house(meta, name))
    if (
        not signed
        and handle is None
        and (house is None or all(_is_plain_house(meta, name) for name in house[0]))
    ):
        signed = _shown(walk, chosen) or page.unmarked()
    if signed and (handle is None or reads_as_name(signed[0])):
        return signed, "text"
    if handle is not None or house is not None:
        return handle or house
    hinted = clean_names(hints.get("byline", ()))
    if hinted:
        return hinted, "feed"
    named = page.credited(bool)
    return (named, "text") if named else None


def _is_handle(name: str) -> bool:
    """Whether a name is that of an account: ``andrew.keaveney``, ``KatieS``, ``wordpressadmin``."""
    return " " not in name and name.isascii() and not _ACRONYM.fullmatch(name)


def _without_site(meta: Metadata, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if fold(name) not in meta.site_names))


def _is_house(meta: Metadata, name: str) -> bool:
    """Whether a name is the site's, an agency's or a desk's: persons may stand on the page."""
    return is_house(name) or fold(name) in meta.site_names


def _is_plain_house(meta: Metadata, name: str) -> bool:
    """Return whether a name is just the site's or an agency's, and says nothing of who wrote."""
    return is_agency(name) or fold(name) in meta.site_names


def _around(walk: Walk, chosen: Sequence[int]) -> range:
    """The blocks around the headline and the beginning of the text."""
    first = chosen[0] if chosen else 0
    heading = next((i for i, b in enumerate(walk.blocks) if b.tag == "h1"), first)
    return range(
        max(0, min(heading, first) - 3), min(max(heading, first) + 8, len(walk.blocks))
    )  # fmt: skip


class _Shown:
    """What a page shows of its authors, looked for once and only where the head does not tell."""

    def __init__(self, meta: Metadata, walk: Walk, chosen: Sequence[int]) -> None:
        self._meta, self._walk, self._chosen = meta, walk, chosen

    def signed(self) -> tuple[str, ...]:
        """Names after a "By" near the headline."""
        for block in _near(self._walk, self._chosen):
            names = _after_by(block, self._meta.page.language)
            if names:
                return names
        return ()

    @cached_property
    def _credits(self) -> list[Credit]:
        own = own_elements(self._walk, self._chosen)
        found = list(credits_of(self._meta.page, own))
        return sorted(found, key=lambda credit: not credit.own)

    def credited(self, like: Callable[[str], bool]) -> tuple[str, ...]:
        """The names in the first element that is marked as the author's and names one ``like``."""
        return next((c.names for c in self._credits if any(map(like, c.names))), ())

    def credited_person(self) -> tuple[str, ...]:
        """As above, for a person; by one word only where a vocabulary says that it is an author."""
        for credit in self._credits:
            persons = [name for name in credit.names if not _is_house(self._meta, name)]
            if credit.own and persons and (credit.stated or any(map(reads_as_name, persons))):
                return credit.names
        return ()

    def unmarked(self) -> tuple[str, ...]:
        """A name beside the date under the headline."""
        tags, section = self._meta.tags(), self._meta.section()
        topics = (*(tags.value if tags else ()), section.value if section else "")
        known = {*self._meta.site_names, *map(fold, topics)}
        heading, first = heading_of(self._walk, self._chosen), self._chosen[:1]
        if heading is None or not first:
            return ()
        end = min(max(heading, first[0]) + 3, len(self._walk.blocks))
        between = range(max(0, heading - 2), end)
        return names_beside_date(
            self._walk.blocks, between[:_NEAREST], known,
            nouns_are_capital=(self._meta.page.language or "").startswith(("de", "lb")),
        )  # fmt: skip


def _near(walk: Walk, chosen: Sequence[int]) -> Iterator[RawBlock]:
    for i in _around(walk, chosen):
        block = walk.blocks[i]
        if len(block.text) <= _MAX_BYLINE and block.tag not in ("h1", "h2"):
            yield block


def _shown(walk: Walk, chosen: Sequence[int]) -> tuple[str, ...]:
    """Names in short blocks near the headline whose class or company signs them.

    Failing that, names behind a label anywhere in the page.
    """
    for block in _near(walk, chosen):
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
        return tuple(dict.fromkeys(re.findall(r"[\u4e00-\u9fff·]{2,8}", eastern[1] or eastern[2])))
    return tuple(dict.fromkeys(_KOREAN.findall(text)))


def _after_by(block: RawBlock, language: str | None) -> tuple[str, ...]:
    parts = [part for part in _PARTS.split(block.text) if part]
    by = _BY_CATALAN if (language or "")[:2] == "ca" else _BY
    said = [by.sub("", part) for part in parts if by.match(part)]
    if not said:
        return ()
    names = clean_names(said)
    likely = _likely(names) or tuple(name for name in names if _ACRONYM.fullmatch(name))
    if likely or not names:
        return likely
    # One word is a name where it is linked, or dated, or stands where authors do.
    linked = {
        block.text[start:end].strip() for start, end, what, _ in block.spans if what == "link"
    }
    placed = is_in_group(block.place, _AUTHOR, _REACH) or is_in_group(block.place, _META, _REACH)
    return tuple(
        name for name in names[:1]
        if " " not in name and not name[0].islower() and (name in linked or placed or has_date(block.text))
    )  # fmt: skip


def _names_of(block: RawBlock) -> tuple[str, ...]:
    signed = [block.text[start:end] for start, end, what, _ in block.spans if what == "author"]
    likely = _likely(clean_names(signed))
    if likely:
        return likely
    parts = [part for part in _PARTS.split(block.text) if part]
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
        if is_agency(name)
        or (1 < len(name.split()) <= _MAX_WORDS
        and not re.search(r"\d", name)
        and all(_may_be_of_a_name(word) for word in name.split()))
    )  # fmt: skip


def _may_be_of_a_name(word: str) -> bool:
    return (word[0].isalpha() and not word[0].islower()) or word in PARTICLES


def is_byline(text: str, names: Sequence[str]) -> bool:
    """Return whether a block of text says no more than who wrote it."""
    if len(text) > _MAX_BYLINE or not names:
        return False
    rest = _BY.sub("", text)
    if "@" in rest or not rest.isascii():
        rest = _ADDRESS.sub("", rest)
    rest = rest.casefold()
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name.casefold(), "")
    return not re.sub(r"\b(?:and|et|und|y|e|en|og|och)\b|\W", "", rest)
