"""One row of features per page, to distinguish articles from forums, shops, lists and others.

The names in ``NAMES`` are the columns, in order; ``kinds.json.gz`` names them again.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log1p
from typing import TYPE_CHECKING

import numpy as np

from crawler.extraction.blocks.class_groups import GROUPS, groups_of
from crawler.extraction.body.features import extent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.extraction.blocks.block import Place, RawBlock

# What parts of a URL say of a page.
_PATHS = {
    "forum": r"forums?|threads?|topics?|viewtopic|discussions?|showthread|t|r|community|questions?|answers|comments|qa|board",
    "product": r"products?|p|dp|shop|items?|store|buy|sku|itm|pd|catalog|collections?",
    "docs": r"docs?|documentation|reference|api|manual|guides?|wiki|help|support|kb|tutorials?|learn|faq|man|en-us",
    "list": r"category|categories|tags?|archives?|search|directory|browse|topics?|index|authors?|jobs|listings?|news",
    "service": r"services?|solutions?|pricing|about|contact|platform|features?|plans?|careers|team|programs?|company",
    "article": r"blogs?|news|articles?|story|stories|posts?|insights?|magazine|learn|resources|features|reviews?|recipes?|opinion",
}  # fmt: skip
_PATH_PATTERNS = {name: re.compile(rf"(?:{words})(?:\.\w+)?") for name, words in _PATHS.items()}
_DATED = re.compile(r"/(?:19|20)\d\d[/-]\d\d?|/(?:19|20)\d{6}")
_NUMBERED = re.compile(r"\d{4,}")
_WORDY = re.compile(r"[a-z]+(?:[-_][a-z0-9]+){3,}", re.IGNORECASE)
# What structured data calls a page, folded: each a column.
_TYPES = {
    "article": ("article", "newsarticle", "blogposting", "reportagenewsarticle", "techarticle", "scholarlyarticle", "review"),
    "product": ("product", "productgroup", "offer", "individualproduct"),
    "forum": ("discussionforumposting", "qapage", "question"),
    "list": ("collectionpage", "itemlist", "searchresultspage", "offercatalog", "blog"),
    "business": ("organization", "localbusiness", "service", "professionalservice", "corporation", "softwareapplication"),
    "faq": ("faqpage",), "page": ("webpage",), "recipe": ("recipe", "howto"), "trail": ("breadcrumblist",),
    "profile": ("profilepage", "person"), "video": ("videoobject",), "event": ("event", "jobposting", "course"),
}  # fmt: skip
_OG_TYPES = ("article", "website", "product", "video", "profile")
# Words of short lines that say what a page is for.
_SAID = {
    "forum": "reply replies replied quote joined posts posted member members thread threads forum moderator upvote upvoted vote votes answered asked karma likes liked topic topics views op participants antwort antworten beiträge mitglied thema foren gefällt réponses répondre sujet membre respuestas responder mensajes hilo ответов сообщений тема 回复 楼主 返信",
    "product": "cart basket stock sku qty quantity price shipping delivery returns size color colour brand warranty checkout wishlist dimensions weight specifications spec specs refill refund rating ratings stars material warenkorb lieferung preis größe versand panier livraison prix taille carrito envío precio carrello spedizione корзину купить цена 购物车 库存 カート",
    "service": "demo trial book appointment quote solutions solution services service clients customers testimonials partners pricing plan plans trusted enterprise team teams schedule consultation contact benefits platform features integrations industries leistungen kontakt termin devis",
    "list": "showing results sort filter filters page pages next previous view all load more see clear browse categories category matching found apply items per listings jobs",
    "docs": "parameters parameter returns default type example examples syntax install installation api method function class usage version configuration deprecated string boolean object command optional required note module edit release",
    "article": "by min read updated published author share minutes written editor reviewed opinion correspondent reporter",
}  # fmt: skip
_SAID_BY = {word: tuple(kind for kind, words in _SAID.items() if word in words.split())
            for words in _SAID.values() for word in words.split()}  # fmt: skip
_FEW_WORDS, _LONG = 12, 40
_PRICE = re.compile(r"[$€£¥₹₽]\s?\d|\d\s?(?:[$€£¥₹₽]|EUR\b|USD\b)")
_BOXES = ("comment", "related", "advert", "nav", "body", "author", "meta", "subscribe")
_BOX_INDEX = {GROUPS.index(name): i for i, name in enumerate(_BOXES)}

NAMES: tuple[str, ...] = (
    "depth", "dated", "numbered", "wordy", "query", "last_words", *(f"path_{n}" for n in _PATHS),
    *(f"type_{n}" for n in _TYPES), *(f"og_{n}" for n in _OG_TYPES), "has_moment",
    *(f"said_{n}" for n in _SAID),
    "words", "chosen_words", "chosen_share", "chosen_blocks", "linked", "blocks", "long", "longest",
    "mean", "sentences", "questions", "prices", "prices_share", "timed", "headings", "headings_linked",
    "listed", "cells", "code", "alike", "alike_words", "alike_linked", "images", "short_share",
    "surest", "expected", "chosen_span", "chosen_headings", "chosen_listed",
    *(f"in_{n}" for n in _BOXES),
)  # fmt: skip


def row(
    url: str, og_type: str, types: Iterable[str], blocks: Sequence[RawBlock],
    chosen: Sequence[int], scores: np.ndarray, *, has_moment: bool,
) -> np.ndarray:  # fmt: skip
    """The columns of a page, float32 of shape (1, len(NAMES)).

    ``types`` are the page's structured types, ``chosen`` and ``scores`` what the body model says.
    """
    named = set(types)
    values = [
        *_address(url),
        *(float(not named.isdisjoint(known)) for known in _TYPES.values()),
        *(float(og_type.lower().startswith(known)) for known in _OG_TYPES),
        float(has_moment), *_said(blocks), *_text(blocks, chosen, scores), *_boxes(blocks),
    ]  # fmt: skip
    return np.array([values], dtype=np.float32)


def _address(url: str) -> list[float]:
    path, _, query = url.partition("://")[2].partition("/")[2].partition("?")
    parts = [part for part in path.lower().split("/") if part]
    last = parts[-1] if parts else ""
    return [
        float(len(parts)), float(bool(_DATED.search("/" + path))),
        float(bool(_NUMBERED.search(path))), float(bool(_WORDY.search(path))), float(bool(query)),
        float(min(len(re.split(r"[-_]", last)), 12)),
        *(float(any(map(pattern.fullmatch, parts))) for pattern in _PATH_PATTERNS.values()),
    ]  # fmt: skip


def _said(blocks: Sequence[RawBlock]) -> list[float]:
    """How many short lines hold words of each kind of page, of a hundred."""
    counts = dict.fromkeys(_SAID, 0)
    for block in blocks:
        if len(block.words) <= _FEW_WORDS:
            for kind in {kind for word in block.words for kind in _SAID_BY.get(word, ())}:
                counts[kind] += 1
    return [100 * count / (len(blocks) + 10) for count in counts.values()]


def _text(blocks: Sequence[RawBlock], chosen: Sequence[int], scores: np.ndarray) -> list[float]:
    n = max(len(blocks), 1)
    lengths = np.array([len(block.text) for block in blocks] or [0], dtype=float)
    total = lengths.sum() + 1
    taken = [blocks[i] for i in chosen]
    text = sum(len(block.text) for block in taken)
    # Scripts without spaces have words too.
    words = [extent(block.text)[1] for block in blocks] or [0]
    named = [(block.tag, block.place.classes) for block in blocks]
    kinds = Counter(kind for kind, count in zip(named, words, strict=False) if count > 3)
    alike, most = kinds.most_common(1)[0] if kinds else (("", ""), 0)
    like = [block for block, kind in zip(blocks, named, strict=True) if kind == alike]
    like_words = sum(count for count, kind in zip(words, named, strict=False) if kind == alike)
    prices = [block for block in blocks if _PRICE.search(block.text[:200])]
    heads = [block for block in blocks if block.tag[:1] == "h" and block.tag[1:].isdigit()]
    return [
        log1p(total / 6), log1p(text / 6), text / total, log1p(len(chosen)),
        sum(block.linked for block in blocks) / total, log1p(len(blocks)),
        log1p(sum(count > _LONG for count in words)), log1p(max(words)), total / n / 6,
        sum(block.text[-1] in ".!?。" for block in blocks) / n,
        sum(block.text[-1] in "?？" for block in blocks) / n,
        log1p(len(prices)), len(prices) / n,
        log1p(sum(block.timed for block in blocks)), len(heads) / n,
        sum(block.linked > 0.8 * len(block.text) for block in heads) / (len(heads) + 1),
        sum(block.list_depth > 0 for block in blocks) / n,
        sum(block.tag in ("td", "th") for block in blocks) / n,
        sum(len(block.text) for block in blocks if block.tag == "pre") / total,
        log1p(most), like_words / (len(like) + 1),
        sum(block.linked for block in like) / (sum(len(block.text) for block in like) + 1),
        log1p(sum(len(block.images) for block in blocks)),
        sum(count <= 5 for count in words) / n,
        float(scores.max()) if len(scores) else 0.0,
        float((scores * lengths[: len(scores)]).sum() / total) if len(scores) else 0.0,
        (chosen[-1] - chosen[0] + 1) / n if len(chosen) else 0.0,
        sum(block.tag[:1] == "h" and block.tag[1:].isdigit() for block in taken) / (len(taken) + 1),
        sum(block.list_depth > 0 for block in taken) / (len(taken) + 1),
    ]  # fmt: skip


def _boxes(blocks: Sequence[RawBlock]) -> list[float]:
    """The share of the text that lies in boxes of each kind, as their class words say."""
    counts = [0.0] * len(_BOXES)
    known: dict[int, frozenset[int]] = {}
    nowhere: frozenset[int] = frozenset()
    total = 1
    for block in blocks:
        total += len(block.text)
        pending: list[Place] = []
        place: Place | None = block.place
        while place is not None and place.order not in known:
            pending.append(place)
            place = place.parent
        around = known[place.order] if place is not None else nowhere
        for place in reversed(pending):
            if place.words:
                around = around | groups_of(place.words)
            known[place.order] = around
        for group in known[block.place.order]:
            if group in _BOX_INDEX:
                counts[_BOX_INDEX[group]] += len(block.text)
    return [count / total for count in counts]
