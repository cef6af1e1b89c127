"""Names of authors from what publishers write into byline fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.structured import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# "By", "Par", "Von" …: words before a name that are none of it.
_LEAD = re.compile(
    r"^(?:written\s+by|reported\s+by|reporting\s+by|story\s+by|words\s+by|posted\s+by|published\s+by"
    r"|by|par|von|por|de|di|da|door|af|av|przez|oleh|autor(?:in)?|author|auteur|autore|texte?|text"
    r"|rédaction|propos recueillis par|recueilli par|ein(?:e)? \w+ von)\s*[:\-–—]?\s+",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\s*(?:[,|•·(–—]|\s-\s)\s*(?:[^,|•·]*\b)?(?:correspondent|reporter|editor|journalist\w*|staff|writer"
    r"|columnist|contributor|producer|redakt\w*|korrespondent\w*|correspondante?|rédact\w+|envoyée?"
    r"|journaliste|chroniqueuse|chroniqueur|corresponsal|redactora?|periodista|giornalista|inviato"
    r"|political|business|science|health|sports?|news|bureau|chief|senior|freelance|for|at|in"
    r"|associate|professor|lecturer|university|digital|multimedia|photograph\w*)\b.*$",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\s*(?:;|\||\s/\s|•|·|\n|\s&\s|\s\+\s|,?\s+(?:and|et|und|y|e|en|og|och|ja|i|con|mit|with|avec)\s+)\s*"
)
_NO_NAME = re.compile(
    r"https?:|www\.|@|\d{3,}|^(?:admin|administrator|editor|author|staff|unknown|guest|null|none"
    r"|undefined|anonymous|n/?a|redaktion|redaction|la rédaction|redacción|redazione|web ?desk"
    r"|news ?desk|webmaster|wordpress|user|root|editorial|follow.*|more.*|view.*|read.*)$",
    re.IGNORECASE,
)
_MAX_NAME = 80
# Characters in which a name and its role are looked for; what is longer is neither.
_LOOKED_AT = 500
_MAX_NAMES = 20


def clean_names(values: Iterable[str | None]) -> tuple[str, ...]:
    """Names of persons and agencies from byline texts: no "By", no roles, each once, in order."""
    names: dict[str, str] = {}
    for value in values:
        for part in _parts(value or ""):
            name = _name(part)
            if name:
                names.setdefault(re.sub(r"\W+", "", name.casefold()), name)
    return tuple(list(names.values())[:_MAX_NAMES])


def _parts(value: str) -> list[str]:
    text = " ".join(value.replace("\u00a0", " ").split())
    text = _LEAD.sub("", text)
    parts = _SPLIT.split(text)
    out: list[str] = []
    for part in parts:
        pieces = [p.strip() for p in part.split(",") if p.strip()]
        pieces = pieces[:1] + [p for p in pieces[1:] if not _ROLE.match(f", {p}")]
        # "Jane Doe, John Roe" are two names; "Doe, Jane" is one the other way round.
        if len(pieces) > 1 and all(" " in piece for piece in pieces):
            out.extend(pieces)
        elif len(pieces) == 2 and all(" " not in p for p in pieces) and len(parts) == 1:
            out.append(f"{pieces[1]} {pieces[0]}")
        else:
            out.extend(pieces[:1] if len(pieces) > 1 and " " in pieces[0] else pieces)
    return out


def _name(part: str) -> str | None:
    name = _LEAD.sub("", part.strip()[:_LOOKED_AT])
    name = _ROLE.sub("", name)
    name = re.sub(r"\s*(?:기자|특파원|記者|记者)$", "", name)
    name = re.sub(r"\s*\((?:[^)]*)\)\s*$", "", name).strip(" \t,;:|-–—•·.\"'")
    if name.isupper() and len(name) > 5 and " " in name:
        name = name.title()
    if not name or len(name) > _MAX_NAME or len(name.split()) > 7 or _NO_NAME.search(name):
        return None
    return name if any(c.isalpha() for c in name) else None


def names_in(author: Any) -> list[str]:
    """Author names of a JSON-LD ``author`` value of whatever shape."""
    values = author if isinstance(author, list) else [author]
    names = []
    for value in values:
        if isinstance(value, dict):
            name = value.get("name")
            inner = name if isinstance(name, list) else [name]
            names += [text_of(n) or "" for n in inner]
        else:
            names.append(text_of(value) or "")
    return [name for name in names if name]
