"""One row of numbers a text block: what it is made of, and where it stands.

The names in ``NAMES`` are the columns, in order; the model's file names them again and is
refused if they differ.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log1p
from typing import TYPE_CHECKING

import numpy as np

from crawler.extraction.compiled import part
from crawler.extraction.walk import words_in

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
_GROUP_PATTERNS = tuple(re.compile(pattern) for pattern in _GROUPS.values())
_GROUP_SEARCHES = tuple(pattern.search for pattern in _GROUP_PATTERNS)
_BEGINNING = re.compile(r"(?:\\b|\(\?:\^\|(?:\\s|\[[^\]]*\])\))?([a-z]{3})(?![?*])")


def _by_beginning() -> tuple[dict[str, int], int]:
    """The groups that may be meant where these three letters stand, and those that always may.

    As bits, the first group's the lowest.
    """
    beginnings: dict[str, int] = {}
    always = 0
    for group, pattern in enumerate(_GROUPS.values()):
        depth, start = 0, 0
        for i, char in enumerate(f"{pattern}|"):
            depth += (char == "(") - (char == ")")
            if char != "|" or depth:
                continue
            match = _BEGINNING.match(pattern[start:i])
            if match:
                beginnings[match[1]] = beginnings.get(match[1], 0) | 1 << group
            else:
                always |= 1 << group
            start = i + 1
    return beginnings, always


# Of twenty patterns three or four need a look, by the letters of the word.
_BEGINNINGS, _ALWAYS = _by_beginning()

_TAGS = ("p", "h1", "h2", "h3", "h4", "li", "div", "td", "span", "blockquote", "figcaption", "pre",
         "dd", "dt", "time", "address", "section", "article")  # fmt: skip
_TAG_INDEX = {tag: i for i, tag in enumerate(_TAGS)}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# A row for each tag: which one it is, and whether a heading; the last two are h5, h6 and others.
_TAG_CODES = {**_TAG_INDEX, "h5": len(_TAGS) + 1, "h6": len(_TAGS) + 1}
_TAG_ROWS = np.zeros((len(_TAGS) + 2, len(_TAGS) + 1), dtype=np.float32)
_TAG_ROWS[range(len(_TAGS)), range(len(_TAGS))] = 1.0
_TAG_ROWS[[_TAG_CODES[tag] for tag in _HEADINGS], -1] = 1.0
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
    "page_blocks", "page_chars", "links_before", "links_after",
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
    return words_in(text.lower())


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    return set(zip(words, words[1:], words[2:], strict=False))


def _share(words: Sequence[str], known: set[str]) -> float:
    return sum(map(known.__contains__, words)) / len(words) if words and known else 0.0


_WIDTH = len(_SECTIONS) + len(GROUPS)
_NOWHERE = 255
# Steps to the nearest ancestor of each kind, as a byte each: a step further adds one to all.
_FURTHER = bytes([*range(1, _NOWHERE), _NOWHERE - 1, _NOWHERE])
_NOTHING = bytes([_NOWHERE]) * _WIDTH
_NEARNESS = np.array([1 / (1 + d) for d in range(_NOWHERE)] + [0.0], dtype=np.float32)


def _nearness(blocks: Sequence[RawBlock]) -> np.ndarray:
    """For each block, sectioning tag and group: how near its closest such ancestor is.

    1 / (1 + steps), 0 where there is none; float32 of shape (blocks, sections + groups).
    """
    rows: dict[int, bytes] = {}
    for block in blocks:
        pending: list[Place] = []
        place: Place | None = block.place
        while place is not None and place.order not in rows:
            pending.append(place)
            place = place.parent
        row = rows[place.order] if place is not None else _NOTHING
        for place in reversed(pending):
            row = row.translate(_FURTHER)
            section = _SECTION_INDEX.get(place.tag)
            if section is not None or place.words:
                steps = bytearray(row)
                if section is not None:
                    steps[section] = 0
                for group in groups_of(place.words) if place.words else ():
                    steps[len(_SECTIONS) + group] = 0
                row = bytes(steps)
            rows[place.order] = row
    raw = b"".join([rows[block.place.order] for block in blocks])
    return _NEARNESS[np.frombuffer(raw, dtype=np.uint8)].reshape(len(blocks), _WIDTH)


_SECTION_INDEX = {tag: i for i, tag in enumerate(_SECTIONS)}
_group_cache: dict[str, frozenset[int]] = {}
_GROUP_CACHE_SIZE = 50_000


def groups_of(words: str) -> frozenset[int]:
    """The indexes in ``GROUPS`` of the kinds of place that these class words name."""
    known = _group_cache.get(words)
    if known is None:
        parts = words[:400].split()
        if len(parts) == 1:
            word = parts[0]
            likely = _ALWAYS
            for i in range(len(word) - 2):
                likely |= _BEGINNINGS.get(word[i : i + 3], 0)
            known = frozenset(
                [i for i, search in enumerate(_GROUP_SEARCHES) if likely >> i & 1 and search(word)]
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


def considered(blocks: Sequence[RawBlock]) -> list[RawBlock]:
    """The blocks that may be text: what is link and nothing else leads away from the page.

    Half of all blocks; of the words that the bench counts as text a quarter of a percent.
    """
    return [block for block in blocks if block.linked < len(block.text)]


def matrix(blocks: Sequence[RawBlock], context: Context) -> np.ndarray:
    """The features of blocks of one page: float32 of shape (blocks, len(NAMES)).

    Blocks are a page's :func:`considered` ones, in their order.
    """
    n = len(blocks)
    if n == 0:
        return np.zeros((0, len(NAMES)), dtype=np.float32)
    if compiled is not None:
        rows: np.ndarray = compiled.matrix(blocks, context)
        return rows
    own = np.array([own_features(block) for block in blocks], dtype=np.float32)
    tags = _TAG_ROWS[[_TAG_CODES.get(block.tag, len(_TAGS)) for block in blocks]]
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
    orders = [-1, *(block.order for block in blocks), blocks[-1].order + 1]
    gaps = [after - one - 1 for one, after in pairwise(orders)]
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
            log1p(n), log1p(total), log1p(gaps[i]), log1p(gaps[i + 1]),
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


# It moves with every change to the columns above.
VERSION = 1
compiled = part("_features", VERSION)
