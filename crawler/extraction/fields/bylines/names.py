"""Names of authors from what publishers write into byline fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.extraction.fields.bylines import words
from crawler.extraction.fields.bylines.words import (
    ATTACHED_JOINT,
    CREDIT,
    JOINT,
    PICTURED,
    SUFFIX,
    SURE_JOINT,
    UNSPACED_JOINT,
    is_agency,
    is_role,
    reads_as_name,
)
from crawler.extraction.fields.json_ld import text_of, types_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# "By", "Written by": words before a name that are not part of it; no name begins like this.
_BY = re.compile(
    r"^(?:(?:written|reported|posted|published|compiled|authored|story|words|reporting|text|content|a post)\s+by"
    r"|by(?=[\s:])|propos recueillis par|recueilli par|ein(?:e)? \w+ von|(?:veröffentlicht|geschrieben|verfasst|gepostet|erstellt) von|(?:publié|écrit|posté) par"
    r"|(?:publicado|escrito) por|(?:pubblicato|scritto) da|(?:文|撰文|取材|記者|记者|作者)\s*[:：/／・|]?(?=\s*[\u4e00-\u9fff]))"
    r"\s*[:\-–—：]?\s*|^By(?=[A-ZÀ-Ý][a-zà-ÿ]+\s)",
    re.IGNORECASE,
)
# Words that may begin a name as well: "Par Léa Morin", but "Di Stefano Carla".
_LEAD = re.compile(
    r"^(?:par|von|por|de|di|da|door|af|av|przez|oleh|autor(?:in)?|author|auteur|autore|texte?|text|rédaction"
    r"|από|автор|от|від|yazan|kirjoittanut|írta|napsal|által|بقلم|كتب|द्वारा|oleh|ditulis oleh|bởi|โดย)(?:\s*[:\-–—]\s*|\s+)",
    re.IGNORECASE,
)
# The same in values that are names as a rule: no given name, and two words follow.
_SURE_LEAD = re.compile(r"^(?:Von|Par|Por|Przez|Door)\s+(?=\S+\s+\S)")
# A label of one or two words: "Text: Ann Dale", "Autor/in: Korinna Hennig".
_LABEL = re.compile(r"^[^\W\d]{2,20}(?:/\w{1,12})?(?:\s[^\W\d]{2,12})?\s*[:：]\s*(?=\S)")
_APART = re.compile(
    r"\s*(?:[;；|｜•\n،、]|\s::\s|(?<=\w)\s+[–—-]\s+(?=\w)|[.,]\s+(?=" + PICTURED + r"))\s*",
    re.IGNORECASE,
)
# What follows a name without belonging to it; glued to it where markup parted them.
_TAIL_WORDS = (
    r"(?:twitter|facebook|instagram|linkedin|e-?mail|follow"
    r"|published|updated|posted|last updated|view (?:profile|all|posts)|read more|all posts|about the author"
    r"|shares?|comments?|bio|author|veröffentlicht|aktualisiert|publié|mis à jour|publicado|pubblicato|опубликовано)"
)
_TAIL = re.compile(rf"(?:\s+|(?<=\w)\s*[,(]\s*){_TAIL_WORDS}\b.*$", re.IGNORECASE)
_GLUED = re.compile(
    r"(?<=[a-zà-ÿ])(?:Twitter|Facebook|Instagram|LinkedIn|E-?mail|Follow|Contributor|Staff|Senior|Reporter|Editor"
    r"|Writer|Correspondent|Journalist|Published|Updated|Posted|Author|View|Share|Bio)(?![a-z]).*$"
)
_GLUED_LABEL = re.compile(
    r"^(?:Author|Written ?by|Posted ?by|Text|Autor|Words)(?=[A-ZÀ-Ý][a-zà-ÿ]+\s)"
)
_ADDRESS = re.compile(
    r"\(?\s*(?:https?://\S+|www\.\S+|(?<!\S)[^\s@]{1,200}@\S{1,200}\.\w+|@\w+)\s*\)?"
)
_DATE = re.compile(
    r"(?<=\w)[\s,–—(|-]+(?<!\w)(?:(?:on|le|am|el|il|den|vom)\s+)?(?:[^\W\d]{3,10}\.?\s+\d{1,2},?\s+\d{4}"
    r"|\d{1,2}[./ ]|\d{4}[-/.年]).*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<=\w)[\s,(]+\d.*$")
_MONTH_END = re.compile(
    r"[\s,]+(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}\.?$", re.IGNORECASE)  # fmt: skip
_NO_NAME = re.compile(
    r"https?:|www\.|@|\[at\]|\(at\)|\w\.\w+\.\w+\.|\d{3,}|^(?:admin|administrator|editor|author|staff|unknown|guest|null|none|no author|not available"
    r"|undefined|anonymous|n/?a|by|redaktion|redaction|la rédaction|redacción|redazione|web ?desk|default|authors?"
    r"|news ?desk|webmaster|wordpress|user|root|editorial|follow\b.*|more|more (?:from|by|posts|stories)\b.*|view\b.*"
    r"|read(?: more| all|ers?)?|share\b.*|(?:published|updated|posted|last)\b.*|login|subscribe|comments?|download\b.*|contact(?: us)?|home)$",
    re.IGNORECASE,
)
# "Ann Dale for The Herald", "of The Associated Press"
_FOR = re.compile(r"\s+(?:for|at|from|in|of the)\s+", re.IGNORECASE)
_EASTERN_ROLE = re.compile(r"\s*(?:선임|수습)?(?:기자|특파원|논설위원|記者|记者|通讯员|特派員)$")
_GENERATION = re.compile(r" (?:Jr|Sr)$")
_MAX_NAME = 80
_MOST_WORDS = 10
# Characters in which a name and its role are looked for; what is longer is neither.
_LOOKED_AT = 500
_MAX_NAMES = 20


@dataclass(frozen=True, slots=True)
class Authors:
    """The authors that a page states: persons, and organisations that sign in their stead."""

    persons: tuple[str, ...] = ()
    houses: tuple[str, ...] = ()


def clean_names(values: Iterable[str | None]) -> tuple[str, ...]:
    """Names of persons and agencies from free text: no "By", no roles, each once, in order."""
    return _each_once(
        name for value in values for name in _names(_LEAD.sub("", _plain(value)), JOINT, free=True)
    )


def stated_names(values: Iterable[str | None]) -> tuple[str, ...]:
    """Return names from values that are usually names; cut only what cannot be part of one."""
    return _each_once(
        name for value in values for name in _names(_SURE_LEAD.sub("", _plain(value)), JOINT)
    )


def authors_of(value: Any) -> Authors:
    """The authors of a JSON-LD or microdata ``author`` value of whatever shape."""
    persons: list[str] = []
    houses: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            persons += _names(_SURE_LEAD.sub("", _plain(text_of(one))), JOINT)
            continue
        for name in _node_names(one):
            if any("organization" in kind for kind in types_of(one)):
                house = _BY.sub("", _plain(name))
                houses += [house] if house and not _NO_NAME.search(house) else []
            else:
                persons += _names(_plain(name), SURE_JOINT)
    return Authors(_each_once(persons), _each_once(houses))


def _node_names(node: dict[str, Any]) -> list[str]:
    name = node.get("name")
    names = [text_of(one) or "" for one in (name if isinstance(name, list) else [name])]
    if any(names):
        return names
    parts = (text_of(node.get(part)) for part in ("givenName", "additionalName", "familyName"))
    return [" ".join(part for part in parts if part)]


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(re.sub(r"\W+", "", name.casefold()), name)
    return tuple(list(found.values())[:_MAX_NAMES])


def _plain(value: str | None) -> str:
    text = " ".join((value or "").replace("\u00a0", " ").split(" ")).strip()
    text = "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
    text = _GLUED_LABEL.sub("", _BY.sub("", text))
    return _ADDRESS.sub(" ", text).strip()


def _names(text: str, joint: re.Pattern[str], *, free: bool = False) -> list[str]:
    """The names in a text, cut where a separator or a joint stands between two of them."""
    found: list[str] = []
    seconds: list[str] = []
    for part in _APART.split(text):
        piece = _TAIL.sub("", _GLUED.sub("", part.strip()))
        if not piece or CREDIT.search(piece):
            continue
        into = seconds if words.is_second(piece) else found
        piece = _LABEL.sub("", piece)
        if into is seconds:
            piece = re.sub(r"^.*?\bby\s+", "", piece)
        if (
            found
            and into is found
            and (is_role(piece) or _is_place(piece) or _is_employer(piece, found[0]))
        ):
            continue
        if any(map(str.isdigit, piece)):
            # What is left of a date: a month or a day of the week, which may be a name elsewhere.
            piece = _MONTH_END.sub("", _DATE.sub("", piece))
        into += _listed(piece, joint, free=free)
    return found or seconds


def _is_place(piece: str) -> bool:
    """Return whether a later part is one word that is no agency: a place, a desk, a department."""
    return (
        " " not in piece and piece.isascii() and not reads_as_name(piece) and not is_agency(piece)
    )


def _is_employer(piece: str, first: str) -> bool:
    """Whether a later part is the house of the person who stands first: "Ann Dale - BBC News"."""
    return words.is_house(piece) and not is_agency(piece) and reads_as_name(first)


def _listed(text: str, joint: re.Pattern[str], *, free: bool) -> list[str]:
    """The names of a list with commas: "Ann Dale, Bo Ek", "Dale, Ann", "Ann Dale, reporter"."""
    commas = [p.strip() for p in re.split(r"[,，]", text) if p.strip()]
    commas = commas[:1] + [
        p for p in commas[1:] if not is_role(p) and not SUFFIX.fullmatch(p)
    ]  # fmt: skip
    if len(commas) == 2 and _is_turned_round(*commas):
        commas = [f"{commas[1]} {commas[0]}"]
    elif len(commas) > 1:
        # A place or a house after a person is not an author.
        houses = words.is_house(commas[0])
        commas = commas[:1] + [
            _without_place(p, joint) for p in commas[1:]
            if reads_as_name(p) or joint.search(p) or (houses and words.is_house(p))
        ]  # fmt: skip
    found = []
    for piece in commas:
        for part in _joined(piece, joint):
            name = _name(_LEAD.sub("", part) if free else part)
            if name:
                found.append(name)
    return found


def _without_place(piece: str, joint: re.Pattern[str]) -> str:
    """A later part of a list without the place of the name before: "Berlin and Bo Ek"."""
    parts = joint.split(piece, maxsplit=1)
    if len(parts) == 3 and not reads_as_name(parts[0]) and reads_as_name(parts[2]):
        return parts[2]
    return piece


def _is_turned_round(first: str, second: str) -> bool:
    """Return whether two parts around a comma are one name: "Dale, Ann", "De Smet, Jan"."""
    if is_agency(first) or is_agency(second) or (second.isupper() and len(second) > 3):
        return False
    if reads_as_name(first) and reads_as_name(second) and words.is_of_the_east(first + second):
        return False
    family, given = first.split(), second.split()
    short = len(family) == 1 or family[0].casefold() in words.PARTICLES
    initials = all(len(word.rstrip(".")) == 1 for word in given[1:])
    return short and len(family) <= 3 and len(given) <= 3 and initials


def _joined(text: str, joint: re.Pattern[str]) -> Iterator[str]:
    """The parts of a text at joints that have a name on either side."""
    for pattern in (joint, UNSPACED_JOINT, ATTACHED_JOINT):
        parts = [part for part in pattern.split(text) if part is not None]
        if len(parts) > 1:
            yield from _where_names_meet(parts)
            return
    yield text


def _where_names_meet(parts: list[str]) -> Iterator[str]:
    current = parts[0]
    for between, following in zip(parts[1::2], parts[2::2], strict=False):
        glued = between.strip() in ("و", "ו")
        is_name_of_its_own = glued and words.starts_with_waw(
            between.strip() + following.split(" ")[0])  # fmt: skip
        if (
            reads_as_name(_bare(current))
            and reads_as_name(_bare(following))
            and not is_name_of_its_own
        ):
            yield current
            current = following
        else:
            current += between + following
    yield current


def _bare(text: str) -> str:
    """A name without the place or role after it."""
    return _EASTERN_ROLE.sub("", _FOR.split(text.strip(), maxsplit=1)[0])


def _name(part: str) -> str | None:
    name = _BY.sub("", part.strip()[:_LOOKED_AT])
    name = _EASTERN_ROLE.sub("", name)
    name = re.sub(r"\s*\((?:[^)]*)\)\s*$", "", name)
    name = words.without_role(name)
    away = _FOR.search(name)
    if away and reads_as_name(name[: away.start()]):
        name = name[: away.start()]
    name = _NUMBER.sub("", name) if any(map(str.isdigit, part)) else name
    name = name.strip(" \t,;:|-–—•·.\"'()/&")
    name += "." if _GENERATION.search(name) and f"{name}." in part else ""
    if name.isupper() and len(name) > 5 and " " in name:
        name = name.title()
    if (
        not name
        or len(name) > _MAX_NAME
        or len(name.split()) > _MOST_WORDS
        or _NO_NAME.search(name)
    ):
        return None
    return name if any(c.isalpha() for c in name) else None
