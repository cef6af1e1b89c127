"""One row of numbers a text block: what it is made of, and where it stands.

The names in ``NAMES`` are the columns, in order; the model's file names them again and is
refused if they differ.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log1p
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
}  # fmt: skip
GROUPS = tuple(_GROUPS)
# One pass finds the group of each word, by the first that matches.
_GROUP_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _GROUPS.items())

_TAGS = ("p", "h1", "h2", "h3", "h4", "li", "div", "td", "span", "blockquote", "figcaption", "pre",
         "dd", "dt", "time", "address", "section", "article")  # fmt: skip
_TAG_INDEX = {tag: i for i, tag in enumerate(_TAGS)}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SECTIONS = ("article", "main", "section", "aside", "nav", "header", "footer", "form", "figure",
             "table", "ul", "ol", "blockquote", "a", "li", "dl", "details")  # fmt: skip

_ENDS = frozenset(".!?…。！？؟।։")
_CLOSING = "'\"”’»)]"
# First words of bylines and credits.
_SIGNING = frozenset(
    (
        "by von par por de di door af av text texte foto fotos photo photos image reporting "
        "bild credit source quelle fuente fonte kaynak autor author"
    ).split()
)
# Words that news sites' furniture is made of, in the languages of large press markets.
_FURNITURE = frozenset(
    (
        "cookie cookies newsletter newsletters subscribe subscriber subscribers subscription "
        "subscriptions signup login register registered copyright rights reserved related "
        "follow share advertisement advertising sponsored comment comments click download "
        "privacy terms app play podcast lire aussi voir abonnez abonnement abonné abonnés "
        "inscription inscrivez connectez publicité droits partager commentaires suivez mehr "
        "thema lesen anmelden registrieren anzeige werbung rechte vorbehalten teilen "
        "kommentare kommentar abonnieren folgen suscríbete suscripción leer también derechos "
        "reservados publicidad compartir comentarios síguenos leggi anche iscriviti "
        "riproduzione riservata condividi commenti assine leia mais saiba compartilhe lees "
        "ook reageer deel læs også les läs också dela czytaj zobacz udostępnij baca juga "
        "getty reuters shutterstock imago whatsapp telegram facebook instagram twitter "
        "youtube tiktok linkedin email mail www http https contribute published updated "
        "modified photo photos image images video videos watch listen read reading "
        "recommended trending popular latest live minutes min editor editors note contact "
        "tags topics topic more next previous home menu search archive abonnieren premium "
        "trial offer donate support print save"
    ).split()
)
_CREDITS = frozenset(
    (
        "photo photos photograph photographer getty afp reuters shutterstock imago foto fotos "
        "bild credit credits crédit crédits ap file picture alliance illustration courtesy "
        "epa dpa ansa zuma handout pool istock unsplash"
    ).split()
)
_COMPARED = 60  # words of a block that are compared with headline, title and description
_DATE = re.compile(r"\b(?:19|20)\d{2}\b|\b\d{1,2}[.:/h]\d{2}\b")
_WORD = re.compile(r"\w+")
_DIGITS = b"0123456789"
_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

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
    return sum(map(known.__contains__, words)) / len(words) if words and known else 0.0


_WIDTH = len(_SECTIONS) + len(GROUPS)


def _nearness(blocks: Sequence[RawBlock]) -> np.ndarray:
    """For each block, sectioning tag and group: how near its closest such ancestor is.

    1 / (1 + steps), 0 where there is none; float32 of shape (blocks, sections + groups).
    """
    rows: dict[int, int] = {}
    levels: dict[int, list[Place]] = {}
    for block in blocks:
        place: Place | None = block.place
        while place is not None and place.order not in rows:
            rows[place.order] = -1
            levels.setdefault(place.depth, []).append(place)
            place = place.parent
    near = np.zeros((len(rows), _WIDTH), dtype=np.float32)
    count = 0
    for depth in sorted(levels):
        level = levels[depth]
        first = count
        ones: list[tuple[int, int]] = []
        for place in level:
            rows[place.order] = count
            if place.words:
                ones += [(count, len(_SECTIONS) + group) for group in groups_of(place.words)]
            section = _SECTION_INDEX.get(place.tag)
            if section is not None:
                ones.append((count, section))
            count += 1
        parents = [rows[p.parent.order] if p.parent is not None else -1 for p in level]
        if parents[0] >= 0:
            above = near[parents]
            near[first:count] = above / (1 + above)
        if ones:
            at = np.array(ones)
            near[at[:, 0], at[:, 1]] = 1.0
    return near[[rows[block.place.order] for block in blocks]]


_SECTION_INDEX = {tag: i for i, tag in enumerate(_SECTIONS)}
_group_cache: dict[str, frozenset[int]] = {}
_GROUP_CACHE_SIZE = 50_000


def groups_of(words: str) -> frozenset[int]:
    """The indexes in ``GROUPS`` of the kinds of place that these class words name."""
    known = _group_cache.get(words)
    if known is None:
        parts = words[:400].split()
        if len(parts) == 1:
            known = frozenset(
                i for i, (_, pattern) in enumerate(_GROUP_PATTERNS) if pattern.search(parts[0])
            )
        else:
            known = frozenset().union(*(groups_of(part) for part in parts))
        if len(_group_cache) >= _GROUP_CACHE_SIZE:
            _group_cache.clear()
        _group_cache[words] = known
    return known


def is_in_group(place: Place, group: int, reach: int) -> bool:
    """Whether ``place`` or one of the ``reach - 1`` next ones around it is of ``group``."""
    node: Place | None = place
    for _ in range(reach):
        if node is None:
            return False
        if node.words and group in groups_of(node.words):
            return True
        node = node.parent
    return False


def own_features(block: RawBlock) -> list[float]:
    """What a block is made of."""
    text = block.text
    chars = len(text)
    count = text.count(" ") + 1
    sample = text if chars <= 600 else text[:600]
    raw = sample.encode("utf-8", "replace")
    size = len(raw)
    digits = size - len(raw.translate(None, _DIGITS))
    first = text[0]
    last = text.rstrip(_CLOSING)[-1:] or text[-1]
    head = block.words[:50]
    return [
        log1p(chars),
        log1p(count),
        min(chars / count, 40.0),
        block.linked / chars,
        block.strong / chars,
        (raw.count(b",") + sample.count("、")) / size * 100,
        float(last in _ENDS),
        1.0 if first.isupper() else 2.0 if first.islower() else 3.0 if first.isdigit() else 0.0,
        digits / size,
        (size - len(raw.translate(None, _UPPER))) / size,
        float(raw.count(b'"') + sample.count("“") + sample.count("«") + sample.count("„")
              + sample.count("「") + sample.count("”")),
        float(sample.count(". ") + sample.count("? ") + sample.count("! ") + sample.count("。")
              + (last in _ENDS)),
        float(bool(digits) and _DATE.search(sample) is not None),
        float(bool(head) and head[0] in _SIGNING),
        float(sum(map(_FURNITURE.__contains__, head)) + sample.count("@") + sample.count("©")),
        float(sum(map(_CREDITS.__contains__, head)) + sample.count("©")),
        float(text[-1] in ":："),
        float(chars / count > 12),
        float(len(block.images)),
        float(block.list_depth),
        float(block.quoted),
    ]  # fmt: skip


def matrix(blocks: Sequence[RawBlock], context: Context) -> np.ndarray:
    """The features of all blocks of a page: float32 of shape (blocks, len(NAMES))."""
    n = len(blocks)
    if n == 0:
        return np.zeros((0, len(NAMES)), dtype=np.float32)
    own = np.array([own_features(block) for block in blocks], dtype=np.float32)
    tags = np.zeros((n, len(_TAGS) + 1), dtype=np.float32)
    for row, block in enumerate(blocks):
        index = _TAG_INDEX.get(block.tag)
        if index is not None:
            tags[row, index] = 1.0
        if block.tag in _HEADINGS:
            tags[row, -1] = 1.0
    near = _nearness(blocks)
    groups = near[:, len(_SECTIONS) :]
    columns = [
        own, tags, near[:, : len(_SECTIONS)],
        groups == 1.0, np.where(groups >= 0.25, groups, 0.0), groups > 0,
        _placing(blocks), _position(blocks, context), _neighbours(blocks, own),
    ]  # fmt: skip
    return np.concatenate(columns, axis=1, dtype=np.float32)


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
                log1p(one.blocks), log1p(two.blocks),
                one.chars / one.blocks, two.chars / two.blocks, three.chars / three.blocks,
                two.commas / max(two.chars, 1) * 100, three.commas / max(three.chars, 1) * 100,
                best.chars / total, float(place.lies_in(best)),
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
        if weight < 60:
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
        words = block.words
        head = words[:_COMPARED]
        kind = (block.tag, block.place.words)
        in_json = 0.0
        if context.body and words:
            grams = list(zip(words, words[1:], words[2:], strict=False))
            in_json = sum(g in context.body for g in grams) / len(grams) if grams else 0.5
        rows.append([
            i / n, before / max(total, 1), (total - before) / max(total, 1),
            float(named is not None and i > named),
            float(min(i - named, 60)) if named is not None else -1.0,
            float(texts[block.text]), float(log1p(kinds[kind])),
            kind_chars[kind] / max(total, 1),
            in_json, float(bool(context.body)),
            _share(head, context.description), _share(head, context.headline),
            _share(head, context.title), float(block.text.lower() == h1),
            float(log1p(n)), float(log1p(total)),
        ])  # fmt: skip
        before += len(block.text)
    return np.array(rows, dtype=np.float32)


def _headline_at(blocks: Sequence[RawBlock], context: Context) -> int | None:
    wanted = context.headline or context.title
    if not wanted:
        return None
    best, at = 0.5, None
    for i, block in enumerate(blocks[:400]):
        if len(block.text) > 300:
            continue
        words = set(block.words)
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
