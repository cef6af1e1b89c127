"""What a page warns its readers of: that it is paid for, satire, made by a machine, or distressing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.extraction.fields.json_ld import types_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import RawBlock
    from crawler.extraction.fields.metadata import Metadata

PAID = "paid content"
SATIRE = "satire"
MACHINE = "machine translated"
DISTRESSING = "distressing content"

_TYPES = {"advertisercontentarticle": PAID, "satiricalarticle": SATIRE}
# Labels that stand alone in a line; within a sentence the same words are news. Bare words such as
# "Anzeige" or "Annons" are not among them: they head every advert's place in an ordinary article.
_LABELS = (
    (PAID, re.compile(
        r"(?:sponsored(?: content| post| by\b.{0,60})?|paid (?:content|post|partnership|for by\b.{0,60})"
        r"|advertorial|partner content|promoted content|advertisement feature|brand(?:ed)? content"
        r"|contenu (?:sponsorisé|partenaire|de marque|proposé par\b.{0,60})|publi-?(?:rédactionnel|reportage"
        r"|communiqué)|article sponsorisé|bezahlte anzeige|sponsored story|in kooperation mit\b.{0,60}"
        r"|contenido (?:patrocinado|de marca)|publirreportaje|contenuto sponsorizzato|publiredazionale"
        r"|conteúdo (?:patrocinado|de marca)|publieditorial|gesponsorde? (?:inhoud|bericht|artikel)"
        r"|artykuł sponsorowany|materiał (?:sponsorowany|partnera)|sponsrat innehåll|annoncørbetalt"
        r"(?: indhold)?|annonsørinnhold|kommersielt innhold|партн[её]рский материал|sponsorlu içerik"
        r"|提供記事|ＰＲ|협찬|赞助内容)", re.IGNORECASE)),
    (SATIRE, re.compile(r"satire|satirical article|glosse|humour|satira|sátira", re.IGNORECASE)),
    (MACHINE, re.compile(
        r".{0,80}\b(?:machine[- ]translat\w+|translated (?:automatically|by (?:ai|a machine|an? algorithm))"
        r"|traduit (?:automatiquement|par (?:une )?(?:ia|machine))|automatisch übersetzt|maschinell übersetzt"
        r"|traducido automáticamente|tradotto automaticamente|automatisch vertaald)\b.{0,120}", re.IGNORECASE)),
    (DISTRESSING, re.compile(
        r"(?:\W*(?:warning|content warning|trigger warning|attention|avertissement|achtung|hinweis|advertencia"
        r"|attenzione|waarschuwing|varning|ostrzeżenie)\b\W).{0,60}\b(?:graphic|distress\w*|disturbing|upsetting"
        r"|violen\w+|suicid\w*|choqu\w+|sensibles?|heurter|gewalt\w*|suizid\w*|verstörend\w*|explícit\w+|cruent\w+"
        r"|schokkend\w*|drastyczn\w+)\b.{0,120}", re.IGNORECASE)),
)  # fmt: skip
_BEFORE, _INTO = 12, 3
_MAX_LINE = 240


def notices_of(
    meta: Metadata, blocks: Sequence[RawBlock], chosen: Sequence[int]
) -> tuple[str, ...]:
    """The warnings of a page, from its structured data and the lines around its beginning."""
    found = {_TYPES[name]: None for name in types_of(meta.node) if name in _TYPES}
    first = chosen[0] if chosen else 0
    inside = chosen[_INTO - 1] if len(chosen) >= _INTO else len(blocks)
    for block in blocks[max(0, first - _BEFORE) : min(inside + 1, len(blocks))]:
        if len(block.text) > _MAX_LINE:
            continue
        line = block.text.strip(" \u00a0[]()–—-:•|")
        for name, pattern in _LABELS:
            if pattern.fullmatch(line):
                found[name] = None
    return tuple(found)
