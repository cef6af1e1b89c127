"""Person or organisation, from how a French text names them, where no mark or URL says it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.types.content import Block, EntryKind, Mention

# French puts no article before a person's name, and one before most organisations'.
_ARTICLE = re.compile(
    r"(?:\b(?:le|la|les|du|des|au|aux)[\s\u00a0]|\b[ld]['’])$", re.IGNORECASE
)  # fmt: skip
_TITLE = re.compile(r"\b(?:M\.|Mmes?|MM\.|Mlle|Prs?\.?|Drs?\.?|Me|Docteur|Professeure?)[\s\u00a0]$")
# A given name and one or two others, hyphens and particles included.
_PERSON = re.compile(r"[A-ZÀ-Ý][a-zà-ÿ'’]+(?:-[A-ZÀ-Ý][a-zà-ÿ]+)*(?: (?:de|du|d'|des|la|le|El|Ben|van|von))*"
                     r"(?: (?:d['’])?[A-ZÀ-Ý][\w'’]+(?:-[A-ZÀ-Ý][\w'’]+)*){1,2}")  # fmt: skip
_BODY = re.compile(
    r"\b(?:agence|académie|assemblée|association|autorité|banque|bureau|caisse|campus|centre|chambre|cluster"
    r"|collège|comité|commission|communauté|compagnie|confédération|conseil|direction|école|établissement"
    r"|fédération|fondation|forum|fonds|groupe|groupement|haute|hôpita\w+|hospices|hub|institut\w*|laboratoire"
    r"|ligue|mairie|métropole|ministère|mission|mutuelle|observatoire|office|ordre|organisation|parlement"
    r"|plateforme|pôle|port|réseau|santé|sénat|service|société|syndicat|think tank|union|université|ville)\b",
    re.IGNORECASE,
)


def with_kinds(mentions: Sequence[Mention], blocks: Sequence[Block]) -> tuple[Mention, ...]:
    """The mentions, those of unknown kind with the one that their name and place speak for."""
    return tuple(
        dataclasses.replace(m, kind=_kind(m, blocks[m.block].text)) if m.kind == "unknown" else m
        for m in mentions
    )


def _kind(mention: Mention, text: str) -> EntryKind:
    name = mention.full_name or mention.anchor
    before = text[max(0, mention.start - 14) : mention.start]
    if mention.expansion is not None or _BODY.search(name):
        return "organisation"
    person = _PERSON.fullmatch(name) is not None
    if person and (_TITLE.search(before) or name != mention.anchor):
        return "person"
    if _ARTICLE.search(before):
        return "organisation"
    if person:
        return "person"
    # One word in capitals, or several that are no name of a person.
    return "organisation" if " " not in name or not name.istitle() else "unknown"
