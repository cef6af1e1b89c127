"""Pages whose right answer is known, as the model learns from them and is measured on them.

A folder holds ``truth.jsonl`` (id, set, url, body and, in the wide set, type) and
``pages/<id>.html.gz``.
"""

from __future__ import annotations

import bisect
import difflib
import gzip
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.extraction.blocks.walk import Walk
from crawler.extraction.body import features, hydration, second_pass
from crawler.extraction.body import select as body_module
from crawler.extraction.body.completion import completed
from crawler.extraction.fields.metadata import Metadata
from crawler.extraction.kinds import page_kind
from crawler.extraction.page.parse import Page, parse_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.extraction.blocks.block import RawBlock

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3005-\u30ff\u3400-\u9fff]")
# Labels below the second names of these are two labels: example.co.uk is a registered domain.
_SECOND = frozenset({"co", "com", "org", "net", "gov", "ac", "edu", "or", "ne", "go", "gob"})
# So many words in a row are an anchor of the alignment of page and truth.
_ANCHOR = 6
_SMALL = 40_000
# A page whose blocks cannot give its truth, drawn by a script or cut off, teaches nothing.
_TAUGHT = 0.7


@dataclass
class Sample:
    """One page: its rows, the share of each block's words that is truth, and its publisher."""

    rows: np.ndarray
    share: np.ndarray
    words: np.ndarray
    outline: second_pass.Outline
    blocks: list[RawBlock]
    kept: list[RawBlock]
    truth: dict[str, Any]
    publisher: str
    # The text that a script would draw, where the page shows none (crawler.extraction.body.hydration).
    drawn: str | None = None
    # What the page's head says of its kind.
    og_type: str = ""
    types: tuple[str, ...] = ()
    has_moment: bool = False

    @property
    def kind(self) -> str:
        """The page's type in the wide set; all others are articles."""
        return str(self.truth.get("type") or "article")

    @property
    def teaches(self) -> bool:
        """Whether the page's blocks can give its truth at all."""
        best = "\n".join(
            b.text for b, share in zip(self.kept, self.share, strict=True) if share >= 0.5
        )
        return word_f1(self.truth["body"], best) > _TAUGHT

    def text(self, answer: np.ndarray) -> str:
        """The body as the extractor gives it for these probabilities."""
        scores = body_module.spread(answer, self.kept, len(self.blocks))
        chosen = completed(self.blocks, body_module.decide(self.blocks, scores))
        shown = "\n".join(self.blocks[i].text for i in chosen)
        return self.drawn if self.drawn is not None and len(shown) < 200 else shown


def load(folder: Path) -> list[Sample]:
    """All pages of a folder as samples."""
    # Not splitlines(): a text may hold U+2028, which ends no line of JSON.
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").strip("\n").split("\n")
    samples = []
    for truth in map(json.loads, lines):
        content = (folder / "pages" / f"{truth['id']}.html.gz").read_bytes()
        samples.append(sample(gzip.decompress(content), truth))
    return samples


def sample(content: bytes, truth: dict[str, Any]) -> Sample:
    """What is learned from a page."""
    page = parse_html(content, truth["url"])
    meta = Metadata(page)
    walk = Walk(page.root, page.base_url)
    headings = [b.text for b in walk.blocks if b.tag == "h1"]
    others = [b.text for b in walk.blocks if b.tag == "h2" and not b.linked][:10]
    headline = meta.headline(headings[0] if headings else None, headings[1:] + others)
    context = features.Context(
        body=meta.body, description=meta.description,
        headline=headline.value if headline else "", title=page.title or "",
    )  # fmt: skip
    kept = features.considered(walk.blocks)
    rows = features.matrix(kept, context)
    share = label([b.text for b in walk.blocks], truth["body"])[[b.order for b in kept]]
    return Sample(
        rows, share, body_module.words_of(rows), second_pass.outline(kept), walk.blocks, kept, truth,
        publisher_of(truth["url"]), _drawn_by_script(page), page.meta("og:type") or "",
        page_kind.types_named(meta), page_kind.says_moment(meta),
    )  # fmt: skip


def _drawn_by_script(page: Page) -> str | None:
    """The text of the article that a page's scripts carry, if any do."""
    fragment = hydration.hidden_article(page)
    root = hydration.tree_of(fragment) if fragment else None
    if root is None:
        return None
    return "\n".join(b.text for b in Walk(root, page.base_url).blocks if 2 * b.linked < len(b.text))


def publisher_of(url: str) -> str:
    """The registered domain of a URL."""
    # An address or two of the wide set have no scheme.
    labels = url.rpartition("://")[2].partition("/")[0].lower().partition(":")[0].split(".")
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND
    return ".".join(labels[-3 if country else -2 :])


def folds(samples: Sequence[Sample], count: int, seed: int) -> np.ndarray:
    """The fold of each sample; all of one publisher in the same."""
    names = sorted({s.publisher for s in samples})
    np.random.RandomState(seed).shuffle(names)
    of = {name: i % count for i, name in enumerate(names)}
    return np.array([of[s.publisher] for s in samples])


def word_f1(truth: str, answer: str) -> float:
    """F1 over the bags of lower-case words, the metric of the wide set."""
    want, got = sorted(_WORD.findall(truth.lower())), sorted(_WORD.findall(answer.lower()))
    hit = i = k = 0
    while i < len(want) and k < len(got):
        if want[i] == got[k]:
            hit, i, k = hit + 1, i + 1, k + 1
        elif want[i] < got[k]:
            i += 1
        else:
            k += 1
    return 2 * hit / (len(want) + len(got)) if want or got else 1.0


def label(texts: Sequence[str], truth: str) -> np.ndarray:
    """Share of each block's words that an alignment of page and truth puts into the truth.

    A long text that stands again, as for another width of screen, is labelled as the first.
    """
    words: list[str] = []
    owner: list[int] = []
    first = {text: i for i, text in reversed(list(enumerate(texts))) if len(text) > 60}
    for i, text in enumerate(texts):
        if first.get(text, i) != i:
            continue
        found = _words(text)
        words += found
        owner += [i] * len(found)
    if not words:
        return np.zeros(len(texts))
    runs = np.zeros(len(words), dtype=int)
    _align(words, _words(truth), runs, 0, _ANCHOR)
    # One or two words in common are chance more often than truth.
    worth = np.where(runs > 2, 1.0, np.where(runs > 0, 0.6, 0.0))
    total = np.bincount(owner, minlength=len(texts))
    share = np.bincount(owner, worth, minlength=len(texts)) / np.maximum(total, 1)
    return np.asarray(share[[first.get(text, i) for i, text in enumerate(texts)]])


def _words(text: str) -> list[str]:
    """Words, and the signs of scripts that set no space between them."""
    found = _WORD.findall(text.casefold())
    if not _UNSPACED.search(text):
        return found
    return [part for word in found for part in (word if _UNSPACED.search(word) else (word,))]


def _align(page: list[str], truth: list[str], runs: np.ndarray, start: int, size: int) -> None:
    """Write to ``runs`` how many words in a row each word of ``page`` has in common with ``truth``.

    Words that stand once in both, ``size`` in a row, are anchors (a patience diff): whole pages go
    through difflib in minutes, what lies between anchors in no time.
    """
    if not page or not truth:
        return
    if len(page) * len(truth) <= _SMALL or size < 2:
        if len(page) * len(truth) > 100 * _SMALL:
            return
        matcher = difflib.SequenceMatcher(None, page, truth, autojunk=False)
        for at, _, length in matcher.get_matching_blocks():
            runs[start + at : start + at + length] = length
        return
    at_page = at_truth = 0
    for i, k, length in [*_anchors(page, truth, size), (len(page), len(truth), 0)]:
        _align(page[at_page:i], truth[at_truth:k], runs, start + at_page, size - 2)
        runs[start + i : start + i + length] = length
        at_page, at_truth = i + length, k + length


def _anchors(page: list[str], truth: list[str], size: int) -> list[tuple[int, int, int]]:
    """(place in the page, in the truth, words) of what both have once, in the order of both."""
    once = [_once(words, size) for words in (page, truth)]
    pairs = sorted((i, once[1][gram]) for gram, i in once[0].items() if gram in once[1])
    ends: list[int] = []
    chain: list[int] = []
    before = [-1] * len(pairs)
    for n, (_, k) in enumerate(pairs):
        at = bisect.bisect_left(ends, k)
        before[n] = chain[at - 1] if at else -1
        ends[at : at + 1], chain[at : at + 1] = [k], [n]
    kept = []
    n = chain[-1] if chain else -1
    while n >= 0:
        kept.append(pairs[n])
        n = before[n]
    runs: list[tuple[int, int, int]] = []
    for i, k in reversed(kept):
        if runs and (i < runs[-1][0] + runs[-1][2] or k < runs[-1][1] + runs[-1][2]):
            first, other, _ = runs[-1]
            if i - first == k - other:
                runs[-1] = (first, other, i + size - first)
            continue
        runs.append((i, k, size))
    return runs


def _once(words: list[str], size: int) -> dict[tuple[str, ...], int]:
    seen: dict[tuple[str, ...], int] = {}
    for i in range(len(words) - size + 1):
        gram = tuple(words[i : i + size])
        seen[gram] = -1 if gram in seen else i
    return {gram: i for gram, i in seen.items() if i >= 0}
