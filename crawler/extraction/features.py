"""One row of numbers a text block: what it is made of, and where it stands.

The names in ``NAMES`` are the columns, in order; the model's file names them again and is
refused if they differ.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks import Place, RawBlock

# Words that templates put into class, id, role and the like. A group is one kind of place.
_GROUPS = {
    "body": r"article-?_?(?:body|content|text)|articlebody|story-?_?(?:body|content|text)|post-?_?(?:body|content|text)|entry-?_?content|body-?_?(?:text|content|copy)|main-?_?(?:text|content)|rich-?text|paywall|wysiwyg|prose|news-?_?(?:text|body|content|detail)|text-?_?body|content-?_?(?:body|text)|field--?name-body|articletext|bodytext|fulltext|story",
    "content": r"content|article|post|entry|text|copy|detail",
    "lead": r"lead|standfirst|chapo|summary|intro|excerpt|abstract|teaser-?text|subhead|subtitle|sub-?title|description|dek|deck|sapo|vorspann|entradilla|sommario|kicker",
    "headline": r"headline|title|heading|titre|titulo|header-?text",
    "paragraph": r"paragraph|(?:^|[\s_-])par(?:$|[\s_-])|text-?block|(?:^|\s)p(?:$|\s)|block-?text|textelement",
    "comment": r"comment|disqus|discuss|reply|replies|kommentar|reactions?\b|respond",
    "related": r"relat|recommend|more-?(?:on|from|stories|news|article)|read-?(?:more|also|next)|teaser|promo|also|suggest|popular|trending|most-|latest|up-?next|further|outbrain|taboola|similar|linked|playlist|carousel|onward|slider|card|a-?lire|mehr-|weitere|ticker|list",
    "nav": r"nav|menu|breadcrumb|pagination|pager|skip|crumb|tabs?\b|toolbar",
    "footer": r"foot|copyright|legal|imprint|colophon|bottom",
    "header": r"header|masthead|topbar|banner|branding|logo",
    "aside": r"sidebar|side-|aside|rail|widget|complementary|column-?right|right-?col|secondary",
    "share": r"shar(?:e|ing)|social|follow|facebook|twitter|whatsapp|tool|button|btn|action|icon",
    "caption": r"caption|figure|photo|image|picture|credit|gallery|media|video|legend|bildunterschrift|img|slide|thumb",
    "author": r"author|byline|by-line|writer|reporter|contributor|autor|auteur|bio|signature|profile",
    "meta": r"meta|date|time|publish|info|stamp|published|dateline|source|label|tags?\b|topic|keyword|categor|section",
    "advert": r"\bads?\b|advert|sponsor|(?:^|[\s_-])ad[-_]|dfp|gpt|publicit|werbung|anzeige|commercial|affiliate|promoted|banner|deal|product|shop",
    "subscribe": r"newsletter|subscri|sign-?up|paywall|regwall|signin|login|register|abonn|premium|offer|donat|support|cta|piano|metered|membership|form",
    "notice": r"cookie|consent|gdpr|modal|popup|overlay|alert|notice|toast|disclaimer|message|note|warning",
    "hidden": r"hidden|visually|sr-only|screen-?reader|invisible|print-?only|no-?print|noscript|hide|collapse",
    "quote": r"quote|pull|citation|embed|tweet|instagram|fact-?box|infobox|\bbox\b|highlight|key-?points|bullet|toc|table-of|correction|update|live|timeline",
}  # fmt: skip  # noqa: E501
GROUPS = tuple(_GROUPS)
# One pass finds the group of each word, by the first that matches.
_GROUP_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _GROUPS.items())

_TAGS = ("p", "h1", "h2", "h3", "h4", "li", "div", "td", "span", "blockquote", "figcaption", "pre",
         "dd", "dt", "time", "address", "section", "article")  # fmt: skip
_TAG_INDEX = {tag: i for i, tag in enumerate(_TAGS)}
_SECTIONS = ("article", "main", "section", "aside", "nav", "header", "footer", "form", "figure",
             "table", "ul", "ol", "blockquote", "a", "li", "dl", "details")  # fmt: skip

_END = re.compile(r"[.!?…。！？؟।։]['\"”’»)\]]*$")
_BYLINE = re.compile(r"^(?:by|von|par|por|de|di|door|af|av|text|texte|fotos?|photos?|image|reporting"
                     r"|bild|foto|credit|source|quelle|fuente|fonte|kaynak)\b", re.IGNORECASE)  # fmt: skip
_FURNITURE = re.compile(
    r"cookie|newsletter|subscri|sign up|log ?in|register|©|copyright|all rights reserved|read more"
    r"|read also|also read|see also|related|follow us|share (?:this|on)|advertis|sponsor|comment"
    r"|click here|download|privacy|terms of|lire aussi|à lire|voir aussi|abonn|inscri|connect"
    r"|publicité|tous droits|mehr zum thema|lesen sie|auch interessant|anmelden|registrier|anzeige"
    r"|alle rechte|suscr|leer más|lea también|te puede interesar|derechos reservados|publicidad"
    r"|leggi anche|iscriviti|riproduzione riservata|assine|leia (?:mais|também)|saiba mais"
    r"|lees (?:ook|meer)|læs også|les også|läs (?:mer|också)|lue myös|czytaj|zobacz|baca juga"
    r"|editors?['’]? (?:note|picks)|getty|reuters|shutterstock|whatsapp|telegram|facebook|instagram"
    r"|twitter|youtube|e-?mail|@|https?://|www\.|app store|google play|contribut|published|updated"
    r"|last modified|photo|image|video|watch:|listen|min(?:ute)?s? read|recommended|trending",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:©|\(c\)|photo(?:graph)?s?\s*(?:by|:|credit)|getty images|/afp|reuters/|ap photo|credit:"
    r"|foto:|bild:|imago|picture alliance|shutterstock|file photo|crédit)", re.IGNORECASE
)  # fmt: skip
_DATE = re.compile(r"\b(?:19|20)\d{2}\b|\b\d{1,2}[.:/h]\d{2}\b")
_QUOTED = re.compile(r"[\"“”„«»‘’「」『』]")
_SENTENCE = re.compile(r"[.!?…。！？؟।](?:\s|$)")
_WORD = re.compile(r"\w+")

_OWN = (
    "chars", "words", "word_length", "link_density", "strong_density", "commas", "ends", "first",
    "digits", "upper", "quotes", "sentences", "date", "byline", "furniture", "credit", "colon",
    "unspaced", "images", "list_depth", "quoted",
)  # fmt: skip
_PLACE = (
    "depth", "share1", "share2", "share3", "share4", "link1", "link2", "link3", "pars1", "pars2",
    "pars3", "paragraph_share1", "paragraph_share2", "paragraph_share3", "blocks1", "blocks2",
    "mean1", "mean2", "mean3", "commas2", "commas3", "best_share", "same_parent_best",
    "siblings_p", "only_block",
)  # fmt: skip
_POSITION = (
    "order", "chars_before", "chars_after", "after_h1", "blocks_after_h1", "repeats", "like",
    "like_chars", "in_json", "has_json", "in_description", "in_headline", "in_title", "equal_h1",
    "page_blocks", "page_chars",
)  # fmt: skip
_NEIGHBOUR = ("chars", "link_density", "ends", "furniture")
_OFFSETS = (-3, -2, -1, 1, 2, 3)

NAMES: tuple[str, ...] = (
    *_OWN,
    *(f"tag_{tag}" for tag in _TAGS),
    "tag_heading",
    *(f"in_{tag}" for tag in _SECTIONS),
    *(f"own_{group}" for group in GROUPS),
    *(f"near_{group}" for group in GROUPS),
    *(f"any_{group}" for group in GROUPS),
    *_PLACE,
    *_POSITION,
    *(f"{name}{offset:+d}" for offset in _OFFSETS for name in (*_NEIGHBOUR, "p", "same_place")),
)


class Context:
    """What the page's head says that its blocks are compared with, as folded words."""

    def __init__(self, *, body: str = "", description: str = "", headline: str = "",
                 title: str = "") -> None:  # fmt: skip
        self.body = _shingles(body)
        self.description = set(_words(description))
        self.headline = set(_words(headline))
        self.title = set(_words(title))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    return set(zip(words, words[1:], words[2:], strict=False))


def _share(words: Sequence[str], known: set[str]) -> float:
    return sum(word in known for word in words) / len(words) if words and known else 0.0


def group_distances(place: Place, cache: dict[int, tuple[list[float], list[float]]]) -> tuple[
    list[float], list[float]
]:  # fmt: skip
    """For each group and each sectioning tag, how near the closest ancestor of it is (1/(1+d))."""
    known = cache.get(place.order)
    if known is not None:
        return known
    if place.parent is None:
        groups, sections = [0.0] * len(GROUPS), [0.0] * len(_SECTIONS)
    else:
        above, outer = group_distances(place.parent, cache)
        groups = [g / (1 + g) for g in above]
        sections = [s / (1 + s) for s in outer]
    if place.words:
        for i in groups_of(place.words):
            groups[i] = 1.0
    if place.tag in _SECTION_INDEX:
        sections[_SECTION_INDEX[place.tag]] = 1.0
    cache[place.order] = (groups, sections)
    return groups, sections


_SECTION_INDEX = {tag: i for i, tag in enumerate(_SECTIONS)}
_group_cache: dict[str, tuple[int, ...]] = {}
_GROUP_CACHE_SIZE = 20_000


def groups_of(words: str) -> tuple[int, ...]:
    """The indexes in ``GROUPS`` of the kinds of place that these class words name."""
    known = _group_cache.get(words)
    if known is None:
        if len(_group_cache) >= _GROUP_CACHE_SIZE:
            _group_cache.clear()
        known = tuple(
            i for i, (_, pattern) in enumerate(_GROUP_PATTERNS) if pattern.search(words[:300])
        )
        _group_cache[words] = known
    return known


def own_features(block: RawBlock) -> list[float]:
    """What a block is made of."""
    text = block.text
    chars = len(text)
    words = text.split()
    count = len(words)
    sample = text if chars <= 600 else text[:600]  # noqa: PLR2004
    size = len(sample)
    first = text[0]
    return [
        np.log1p(chars),
        np.log1p(count),
        min(chars / count, 40.0),
        block.linked / chars,
        block.strong / chars,
        sample.count(",") / size * 100 + sample.count("、") / size * 100,
        float(_END.search(text[-6:]) is not None),
        1.0 if first.isupper() else 2.0 if first.islower() else 3.0 if first.isdigit() else 0.0,
        sum(map(str.isdigit, sample)) / size,
        sum(map(str.isupper, sample)) / size,
        float(len(_QUOTED.findall(sample))),
        float(len(_SENTENCE.findall(sample))),
        float(_DATE.search(sample) is not None),
        float(_BYLINE.match(text) is not None),
        float(len(_FURNITURE.findall(sample[:300]))),
        float(_CREDIT.search(sample) is not None),
        float(text[-1] in ":："),
        float(chars / count > 12),  # noqa: PLR2004
        float(len(block.images)),
        float(block.list_depth),
        float(block.quoted),
    ]


def matrix(blocks: Sequence[RawBlock], context: Context) -> np.ndarray:
    """The features of all blocks of a page: float32 of shape (blocks, len(NAMES))."""
    n = len(blocks)
    if n == 0:
        return np.zeros((0, len(NAMES)), dtype=np.float32)
    own = np.array([own_features(block) for block in blocks], dtype=np.float32).reshape(n, -1)
    tags = np.zeros((n, len(_TAGS) + 1), dtype=np.float32)
    places = np.zeros((n, len(_SECTIONS) + 3 * len(GROUPS)), dtype=np.float32)
    cache: dict[int, tuple[list[float], list[float]]] = {}
    for row, block in enumerate(blocks):
        index = _TAG_INDEX.get(block.tag)
        if index is not None:
            tags[row, index] = 1.0
        tags[row, -1] = block.tag in ("h1", "h2", "h3", "h4", "h5", "h6")
        groups, sections = group_distances(block.place, cache)
        places[row, : len(_SECTIONS)] = sections
        places[row, len(_SECTIONS) :] = (
            [float(g == 1.0) for g in groups]
            + [g if g >= 0.25 else 0.0 for g in groups]  # noqa: PLR2004
            + [float(g > 0) for g in groups]
        )
    placing = _placing(blocks)
    position = _position(blocks, context)
    columns = [own, tags, places, placing, position, _neighbours(blocks, own)]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _ancestors(place: Place, count: int) -> list[Place]:
    """``place`` and the next ancestors that hold more than it does, the last one repeated."""
    chain = [place]
    node: Place | None = place.parent
    while node is not None and len(chain) < count:
        if node.blocks > chain[-1].blocks:
            chain.append(node)
        node = node.parent
    while len(chain) < count:
        chain.append(chain[-1])
    return chain


def _placing(blocks: Sequence[RawBlock]) -> np.ndarray:
    root = blocks[0].place
    while root.parent is not None:
        root = root.parent
    total = max(root.chars, 1)
    paragraphs = max(root.paragraphs, 1)
    best = _best_place(blocks)
    chains: dict[int, list[float]] = {}
    rows = []
    for block in blocks:
        place = block.place
        known = chains.get(place.order)
        if known is None:
            one, two, three, four = _ancestors(place, 4)
            known = [
                float(place.depth),
                one.chars / total, two.chars / total, three.chars / total, four.chars / total,
                one.linked / max(one.chars, 1), two.linked / max(two.chars, 1),
                three.linked / max(three.chars, 1),
                float(one.paragraphs), float(two.paragraphs), float(three.paragraphs),
                one.paragraphs / paragraphs, two.paragraphs / paragraphs,
                three.paragraphs / paragraphs,
                np.log1p(one.blocks), np.log1p(two.blocks),
                one.chars / one.blocks, two.chars / two.blocks, three.chars / three.blocks,
                two.commas / max(two.chars, 1) * 100, three.commas / max(three.chars, 1) * 100,
                best.chars / total, float(_below(place, best)),
                float(two.paragraphs / max(two.blocks, 1)), float(one.blocks == 1),
            ]  # fmt: skip
            chains[place.order] = known
        rows.append(known)
    return np.array(rows, dtype=np.float32)


def _best_place(blocks: Sequence[RawBlock]) -> Place:
    """The place with the most unlinked paragraph text right below it (or one step further)."""
    score: Counter[int] = Counter()
    by_order: dict[int, Place] = {}
    for block in blocks:
        weight = len(block.text) - 2 * block.linked
        if weight < 60:  # noqa: PLR2004
            continue
        node: Place | None = block.place.parent or block.place
        for share in (1.0, 0.6):
            if node is None:
                break
            score[node.order] += round(weight * share)
            by_order[node.order] = node
            node = node.parent
    if not score:
        return blocks[0].place
    return by_order[score.most_common(1)[0][0]]


def _below(place: Place | None, top: Place) -> bool:
    while place is not None and place.depth >= top.depth:
        if place is top:
            return True
        place = place.parent
    return False


def _position(blocks: Sequence[RawBlock], context: Context) -> np.ndarray:
    n = len(blocks)
    total = sum(len(block.text) for block in blocks)
    heading = next((i for i, block in enumerate(blocks) if block.tag == "h1"), None)
    named = _headline_at(blocks, context) if heading is None else heading
    h1 = blocks[named].text.lower() if named is not None else ""
    texts = Counter(block.text for block in blocks)
    kinds = Counter((block.tag, block.place.words) for block in blocks)
    kind_chars: Counter[tuple[str, str]] = Counter()
    for block in blocks:
        kind_chars[(block.tag, block.place.words)] += len(block.text)
    before = 0
    rows = []
    for i, block in enumerate(blocks):
        words = _words(block.text[:1500])
        kind = (block.tag, block.place.words)
        in_json = 0.0
        if context.body and words:
            grams = list(zip(words, words[1:], words[2:], strict=False))
            in_json = sum(g in context.body for g in grams) / len(grams) if grams else 0.5
        rows.append([
            i / n, before / max(total, 1), (total - before) / max(total, 1),
            float(named is not None and i > named),
            float(min(i - named, 60)) if named is not None else -1.0,
            float(texts[block.text]), float(np.log1p(kinds[kind])),
            kind_chars[kind] / max(total, 1),
            in_json, float(bool(context.body)),
            _share(words, context.description), _share(words, context.headline),
            _share(words, context.title), float(block.text.lower() == h1),
            float(np.log1p(n)), float(np.log1p(total)),
        ])  # fmt: skip
        before += len(block.text)
    return np.array(rows, dtype=np.float32)


def _headline_at(blocks: Sequence[RawBlock], context: Context) -> int | None:
    wanted = context.headline or context.title
    if not wanted:
        return None
    best, at = 0.5, None
    for i, block in enumerate(blocks[:400]):
        if len(block.text) > 300:  # noqa: PLR2004
            continue
        words = set(_words(block.text))
        share = len(words & wanted) / len(words | wanted) if words else 0.0
        if share > best:
            best, at = share, i
    return at


def _neighbours(blocks: Sequence[RawBlock], own: np.ndarray) -> np.ndarray:
    n = len(blocks)
    base = own[:, [_OWN.index(name) for name in _NEIGHBOUR]]
    paragraph = np.array([[float(block.tag == "p")] for block in blocks], dtype=np.float32)
    base = np.concatenate([base, paragraph], axis=1)
    place = np.array([b.place.parent.order if b.place.parent else -1 for b in blocks])
    parts = []
    for offset in _OFFSETS:
        shifted = np.full((n, base.shape[1] + 1), -1.0, dtype=np.float32)
        if abs(offset) < n:
            to = slice(max(0, -offset), n - max(0, offset))
            come = slice(max(0, offset), n - max(0, -offset))
            shifted[to, :-1] = base[come]
            shifted[to, -1] = place[to] == place[come]
        parts.append(shifted)
    return np.concatenate(parts, axis=1)
