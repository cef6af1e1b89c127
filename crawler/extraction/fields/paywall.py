"""Whether a page shows the article whole or only its beginning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import RawBlock
    from crawler.extraction.fields.metadata import Metadata
    from storage.types.content import Access

# What a wall says to a visitor, in the languages of large press markets.
_WALL = re.compile(
    r"réservée?s? (?:aux|à nos) abonnés|pour lire la suite|il vous reste [\d,]+ ?% de cet article"
    r"|article réservé|accès à cette page est réservé|(?:to|and) (?:continue|keep) reading"
    r"|subscribe to (?:read|continue|unlock)|subscribers? only|for subscribers|exclusive to subscribers"
    r"|already a subscriber|create (?:a free |an )?account to (?:read|continue)|register to (?:read|continue)"
    r"|um (?:diesen artikel|weiter)(?:zulesen| zu lesen)?|jetzt (?:weiterlesen|abonnieren)|nur für abonnenten"
    r"|weiterlesen mit|diesen artikel weiterlesen|exklusiv für (?:abonnenten|mitglieder)|contenido exclusivo"
    r"|solo para suscriptores|suscríbete para (?:leer|seguir)|contenuto riservato|riservato agli abbonati"
    r"|exclusivo para assinantes|alleen voor abonnees|verder lezen\?|endast för prenumeranter"
    r"|for abonnenter|tylko dla prenumeratorów|会員限定|有料会員|구독자 전용",
    re.IGNORECASE,
)
# A block that holds none of these words (or is in a script without spaces) needs no closer look.
_WALL_WORDS = frozenset(
    (
        "abonnés abonné suite reste réservé réservée réservés reading keep subscribe subscribers "
        "subscriber account register artikel lesen weiterlesen weiterzulesen abonnieren abonnenten "
        "exklusiv contenido suscriptores suscríbete contenuto riservato assinantes abonnees lezen "
        "prenumeranter abonnenter prenumeratorów"
    ).split()
)
_UNSPACED_WALLS = ("会員", "구독자")
_FEW_WORDS = 220
_WALL_LENGTH = 300
_NOTICE_WORDS = 14


def access_of(
    meta: Metadata, blocks: Sequence[RawBlock], chosen: Sequence[int]
) -> tuple[Access, str]:
    """(``full`` or ``teaser``, what says so; ``""`` where nothing speaks against ``full``).

    A page that may have a wall and does not break off is ``full``, with what makes that doubtful:
    the archive compares it with what it held before (:mod:`storage.ingest.decide.teasers`).
    """
    wall = next(
        (b.text for b in blocks if says_wall(b)),
        None,
    )
    free = meta.node.get("isAccessibleForFree")
    paid = str(free).lower().rpartition("/")[2] in ("false", "no") or (
        (meta.page.meta("article:content_tier") or "").lower() in ("locked", "metered")
    )
    if not wall and not paid:
        return "full", ""
    words = sum(len(blocks[i].text.split()) for i in chosen)
    cut = bool(chosen) and blocks[chosen[-1]].text.rstrip().endswith(("…", "...", "[…]", "[...]"))
    if wall and (cut or words < _FEW_WORDS):
        return "teaser", f"the page says: {wall[:80]}"
    if paid and cut and words < _FEW_WORDS:
        return "teaser", "paid content, and its text breaks off"
    return "full", f"the page says: {wall[:80]}" if wall else "paid content"


def is_notice(block: RawBlock) -> bool:
    """Return whether a block says no more than that the article is for subscribers."""
    return len(block.words) <= _NOTICE_WORDS and says_wall(block)


def says_wall(block: RawBlock) -> bool:
    """Return whether a block says that the rest is for subscribers."""
    if len(block.text) >= _WALL_LENGTH:
        return False
    if (
        _WALL_WORDS.isdisjoint(block.words)
        and (block.text.isascii() or not any(w in block.text for w in _UNSPACED_WALLS))
    ):  # fmt: skip
        return False
    return _WALL.search(block.text) is not None
