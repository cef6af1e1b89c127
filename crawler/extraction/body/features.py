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

from crawler.extraction.blocks import sections
from crawler.extraction.blocks.class_groups import GROUPS, groups_of
from crawler.extraction.blocks.vocabulary import CREDITS, FURNITURE, SIGNING, WIDE_FURNITURE
from crawler.extraction.blocks.walk import words_in
from crawler.extraction.compiled import part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import Place, RawBlock

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
_COMPARED = 60  # words of a block that are compared with headline, title and description
_DATE = re.compile(r"\b(?:19|20)\d{2}\b|\b\d{1,2}[.:/h]\d{2}\b")
# Scripts that set no space between words: a sign of the first says as much as two and a half
# letters and is half a word; of the second a word has five.
_WIDE = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_ASIAN = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_RUN_ON = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
WIDER, WIDE_WORDS, RUN_ON_WORDS = 1.5, 0.5, 0.2
_DIGITS = b"0123456789"
_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_OWN = (
    "chars", "words", "word_length", "link_density", "strong_density", "commas", "ends", "first",
    "digits", "upper", "quotes", "sentences", "date", "byline", "furniture", "credit", "colon",
    "images", "list_depth", "quoted",
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
_FURNITURE_COLUMN = _OWN.index("furniture")
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
    *sections.NAMES,
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


def extent(text: str) -> tuple[int, int]:
    """How long a text is in letters and words of a script with spaces, as its beginning tells."""
    chars, count = len(text), text.count(" ") + 1
    sample = text[:600]
    if sample.isascii():
        return chars, count
    wide, run_on = len(_WIDE.findall(sample)), len(_RUN_ON.findall(sample))
    scale = chars / len(sample)
    return (
        chars + int(WIDER * wide * scale),
        count + int((WIDE_WORDS * wide + RUN_ON_WORDS * run_on) * scale),
    )


def own_features(block: RawBlock) -> list[float]:
    """What a block is made of."""
    text = block.text
    chars = len(text)
    sample = text if chars <= 600 else text[:600]
    width, count = extent(text)
    raw = sample.encode("utf-8", "replace")
    size = len(raw)
    digits = size - len(raw.translate(None, _DIGITS))
    first = text[0]
    last = text.rstrip(_CLOSING)[-1:] or text[-1]
    head = block.words[:50]
    furniture = sum(map(FURNITURE.__contains__, head)) + sample.count("@") + sample.count("©")
    if not sample.isascii() and _ASIAN.search(sample):
        furniture += sum(map(sample.count, WIDE_FURNITURE))
    return [
        log1p(width),
        log1p(count),
        min(width / count, 40.0),
        block.linked / chars,
        block.strong / chars,
        (raw.count(b",") + sample.count("、") + sample.count("，") + sample.count("،")) / size * 100,
        float(last in _ENDS),
        1.0 if first.isupper() else 2.0 if first.islower() else 3.0 if first.isdigit() else 0.0,
        digits / size,
        (size - len(raw.translate(None, _UPPER))) / size,
        float(raw.count(b'"') + sample.count("“") + sample.count("«") + sample.count("„")
              + sample.count("「") + sample.count("”")),
        float(sample.count(". ") + sample.count("? ") + sample.count("! ") + sample.count("。")
              + (last in _ENDS)),
        float(bool(digits) and _DATE.search(sample) is not None),
        float(bool(head) and head[0] in SIGNING),
        float(furniture),
        float(sum(map(CREDITS.__contains__, head)) + sample.count("©")),
        float(text[-1] in ":："),
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
    scale = _scale(blocks)
    tags = _TAG_ROWS[[_TAG_CODES.get(block.tag, len(_TAGS)) for block in blocks]]
    near = _nearness(blocks)
    groups = near[:, len(_SECTIONS) :]
    columns = [
        own, tags, near[:, : len(_SECTIONS)],
        groups == 1.0, np.where(groups >= 0.25, groups, 0.0), groups > 0,
        _placing(blocks, scale), _position(blocks, context, scale), _section(blocks, own, context, scale),
        _neighbours(blocks, own),
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


def _scale(blocks: Sequence[RawBlock]) -> float:
    """How many letters of a script with spaces a sign of this page is worth."""
    signs = sum(len(block.text) for block in blocks)
    return sum(extent(block.text)[0] for block in blocks) / signs


def _placing(blocks: Sequence[RawBlock], scale: float) -> np.ndarray:
    root = blocks[0].place
    while root.parent is not None:
        root = root.parent
    total = max(root.chars, 1)
    paragraphs = max(root.paragraphs, 1)
    best = best_place(blocks, scale)
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
                one.chars / one.blocks * scale, two.chars / two.blocks * scale,
                three.chars / three.blocks * scale,
                two.commas / max(two.chars, 1) * 100, three.commas / max(three.chars, 1) * 100,
                best.chars / total, float(place.lies_in(best)),
                float(two.paragraphs / max(two.blocks, 1)), float(one.blocks == 1),
            ]  # fmt: skip
            chains[place.order] = known
        rows.append(known)
    return np.array(rows, dtype=np.float32)


def best_place(blocks: Sequence[RawBlock], scale: float) -> Place:
    """The place with the most unlinked paragraph text right below it (or one step further)."""
    score: Counter[int] = Counter()
    by_order: dict[int, Place] = {}
    for block in blocks:
        weight = len(block.text) - 2 * block.linked
        if weight * scale < 60:
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


def _position(blocks: Sequence[RawBlock], context: Context, scale: float) -> np.ndarray:
    n = len(blocks)
    total = sum(len(block.text) for block in blocks)
    named = headline_at(blocks, context)
    h1 = blocks[named].text.lower() if named is not None else ""
    texts = Counter(block.text for block in blocks)
    kinds = Counter((block.tag, block.place.classes) for block in blocks)
    kind_chars: Counter[tuple[str, str]] = Counter()
    for block in blocks:
        kind_chars[(block.tag, block.place.classes)] += len(block.text)
    orders = [-1, *(block.order for block in blocks), blocks[-1].order + 1]
    gaps = [after - one - 1 for one, after in pairwise(orders)]
    before = 0
    rows = []
    for i, block in enumerate(blocks):
        words = block.words
        head = words[:_COMPARED]
        kind = (block.tag, block.place.classes)
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
            log1p(n), log1p(total * scale), log1p(gaps[i]), log1p(gaps[i + 1]),
        ])  # fmt: skip
        before += len(block.text)
    return np.array(rows, dtype=np.float32)


def headline_at(blocks: Sequence[RawBlock], context: Context) -> int | None:
    """Where the headline stands: the first h1, or what is most like it."""
    for i, block in enumerate(blocks):
        if block.tag == "h1":
            return i
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


def _section(
    blocks: Sequence[RawBlock], own: np.ndarray, context: Context, scale: float
) -> np.ndarray:
    named = headline_at(blocks, context)
    headline = blocks[named].place if named is not None else None
    best = best_place(blocks, scale)
    return sections.matrix(blocks, own[:, _FURNITURE_COLUMN], headline, best)


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
VERSION = 3
compiled = part("crawler.extraction.body._features", VERSION)
