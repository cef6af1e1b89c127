"""Train the body extractor, measure it out-of-fold, write its weights.

    python benchmarks/train_extraction.py ../shared/bench [--folds 6] [--write]

Needs ``catboost`` (not a dependency of Dateline: inference is NumPy). Pages are grouped by
publisher, so no figure printed here comes from a page whose publisher was trained on. The
fitted figure is never printed. With ``--write`` the forests trained on all pages replace
``crawler/extraction/weights/body.json.gz``.
"""

from __future__ import annotations

import argparse
import difflib
import gzip
import importlib.util
import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.extraction import body as body_module
from crawler.extraction import features, hydration, sequence
from crawler.extraction.metadata import Metadata
from crawler.extraction.page import Page, parse_html
from crawler.extraction.walk import Walk

if TYPE_CHECKING:
    from crawler.extraction.blocks import RawBlock

_WORD = re.compile(r"\w+")
FIRST = {"iterations": 220, "depth": 6, "learning_rate": 0.08}
SECOND = {"iterations": 220, "depth": 6, "learning_rate": 0.08}


@dataclass
class Sample:
    """One page: its rows, the share of each block's words that is truth, and its publisher."""

    rows: np.ndarray
    share: np.ndarray
    words: np.ndarray
    parents: np.ndarray
    grandparents: np.ndarray
    blocks: list[RawBlock]
    kept: list[RawBlock]
    truth: dict[str, Any]
    publisher: str
    # The text that a script would draw, where the page shows none (crawler.extraction.hydration).
    drawn: str | None = None

    def text(self, answer: np.ndarray) -> str:
        """The body as the extractor gives it for these probabilities."""
        scores = body_module.spread(answer, self.kept, len(self.blocks))
        chosen = body_module.decide(self.blocks, scores) if self.blocks else []
        shown = "\n".join(self.blocks[i].text for i in chosen)
        return self.drawn if self.drawn is not None and len(shown) < 200 else shown


def publisher_of(url: str) -> str:
    """The registered name in a URL's host, so that sister editions are one publisher."""
    host = re.sub(r"^(www\d?|de|en|m|amp|edition)\.", "", url.split("/")[2])
    labels = host.split(".")
    while len(labels) > 1 and len(labels[-1]) <= 3:
        labels.pop()
    return labels[-1]


def label(texts: list[str], truth: str) -> np.ndarray:
    """Share of each block's words that an alignment of page and truth puts into the truth."""
    words, owner = [], []
    for i, text in enumerate(texts):
        found = _WORD.findall(text)
        words += found
        owner += [i] * len(found)
    hits = np.zeros(len(texts))
    total = np.bincount(np.array(owner, dtype=int), minlength=len(texts)) if owner else hits
    matcher = difflib.SequenceMatcher(None, words, _WORD.findall(truth), autojunk=False)
    for start, _, size in matcher.get_matching_blocks():
        # One or two words in common are chance more often than truth.
        for k in range(start, start + size):
            hits[owner[k]] += 1.0 if size > 2 else 0.6
    return np.where(total > 0, hits / np.maximum(total, 1), 0.0)


def load(bench: Path) -> list[Sample]:
    """All pages of the bench as samples."""
    samples = []
    for line in (bench / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        truth = json.loads(line)
        body = gzip.decompress((bench / "pages" / f"{truth['id']}.html.gz").read_bytes())
        page = parse_html(body, truth["url"])
        meta = Metadata(page)
        walk = Walk(page.root, page.base_url)
        headings = [b.text for b in walk.blocks if b.tag == "h1"]
        headline = meta.headline(headings[0] if headings else None, headings[1:])
        context = features.Context(
            body=meta.body, description=meta.description,
            headline=headline.value if headline else "", title=page.title or "",
        )  # fmt: skip
        kept = features.considered(walk.blocks)
        parents, grandparents = sequence.places(kept)
        share = label([b.text for b in walk.blocks], truth["body"])
        samples.append(
            Sample(
                features.matrix(kept, context), share[[b.order for b in kept]],
                np.array([len(b.words) for b in kept], dtype=float), parents, grandparents,
                walk.blocks, kept, truth, publisher_of(truth["url"]), drawn_by_script(page),
            )
        )  # fmt: skip
    return samples


def drawn_by_script(page: Page) -> str | None:
    """The text of the article that a page's scripts carry, if any do."""
    fragment = hydration.hidden_article(page)
    root = hydration.tree_of(fragment) if fragment else None
    if root is None:
        return None
    return "\n".join(b.text for b in Walk(root, page.base_url).blocks if 2 * b.linked < len(b.text))


def folds(samples: list[Sample], count: int, seed: int) -> np.ndarray:
    """The fold of each sample; all of one publisher in the same."""
    names = sorted({s.publisher for s in samples})
    np.random.RandomState(seed).shuffle(names)
    of = {name: i % count for i, name in enumerate(names)}
    return np.array([of[s.publisher] for s in samples])


def fit(samples: list[Sample], rows: list[np.ndarray], options: dict[str, Any]) -> Any:
    """A forest over ``rows``; each page weighs the same, each block by its words."""
    from catboost import CatBoostClassifier, Pool

    weights = []
    for s in samples:
        kept = s.words[s.share >= 0.5].sum() + 30
        weights.append(100 * (np.minimum(np.maximum(s.words, 1.5) / kept, 0.5) + 0.001))
    model = CatBoostClassifier(
        **options, l2_leaf_reg=6, random_seed=0, verbose=False, allow_writing_files=False, loss_function="CrossEntropy",
        border_count=64, rsm=0.5, bootstrap_type="Bernoulli", subsample=0.7,
    )  # fmt: skip
    model.fit(
        Pool(
            np.concatenate(rows),
            np.concatenate([s.share for s in samples]),
            weight=np.concatenate(weights),
        )
    )
    return model


def predict(model: Any, rows: np.ndarray) -> np.ndarray:
    """Probabilities of a page's blocks."""
    return model.predict_proba(rows)[:, 1] if len(rows) else np.zeros(0)


def stacked(s: Sample, probability: np.ndarray) -> np.ndarray:
    """Rows of the second forest."""
    second = sequence.matrix(probability, s.words, s.parents, s.grandparents)
    return np.concatenate([s.rows, second], axis=1)


def inner(samples: list[Sample], count: int, seed: int) -> list[np.ndarray]:
    """Out-of-fold answers of the first forest, as the second one must learn from."""
    of = folds(samples, count, seed)
    answers: list[np.ndarray] = [np.zeros(0)] * len(samples)
    for k in range(count):
        train = [s for s, i in zip(samples, of, strict=True) if i != k]
        model = fit(train, [s.rows for s in train], FIRST)
        for n, s in enumerate(samples):
            if of[n] == k:
                answers[n] = predict(model, s.rows)
    return answers


def train(samples: list[Sample]) -> tuple[Any, Any]:
    """Both forests."""
    answers = inner(samples, 4, 7)
    first = fit(samples, [s.rows for s in samples], FIRST)
    rows = [stacked(s, a) for s, a in zip(samples, answers, strict=True)]
    return first, fit(samples, rows, SECOND)


def out_of_fold(samples: list[Sample], count: int) -> list[np.ndarray]:
    """Each page's answers from forests that never saw its publisher."""
    of = folds(samples, count, 1)
    answers: list[np.ndarray] = [np.zeros(0)] * len(samples)
    for k in range(count):
        first, second = train([s for s, i in zip(samples, of, strict=True) if i != k])
        for n, s in enumerate(samples):
            if of[n] == k and len(s.rows):
                answers[n] = predict(second, stacked(s, predict(first, s.rows)))
        print(f"fold {k + 1} of {count}", file=sys.stderr)
    return answers


def report(samples: list[Sample], answers: list[np.ndarray], bench: Path) -> None:
    """Body F1 out-of-fold at several thresholds, by set, and the worst pages."""
    spec = importlib.util.spec_from_file_location("score", bench / "score.py")
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    chosen = body_module.THRESHOLD
    worst = []
    for threshold in (0.3, 0.35, 0.42, 0.5, 0.6):
        body_module.THRESHOLD = threshold
        overlaps = []
        for s, a in zip(samples, answers, strict=True):
            overlaps.append((score.overlap(s.truth["body"], s.text(a)), s.truth))
        line = f"threshold {threshold:.2f}"
        for name in ("all", "fundus", "zyte", "feval"):
            rows = [o for o, t in overlaps if name in ("all", t["set"])]
            precision, recall, f1 = score.prf(rows)
            line += f"  {name} {f1:.4f}" + (f" (p {precision:.3f} r {recall:.3f})"
                                            if name == "all" else "")  # fmt: skip
        print(line)
        if threshold == chosen:
            worst = sorted(overlaps, key=lambda o: o[0])[:30]
    body_module.THRESHOLD = chosen
    for (hit, extra, missed), truth in worst:
        print(f"  {hit:.2f} +{extra:.2f} -{missed:.2f} {truth['set']} {truth['url'][:100]}")


def forest_json(model: Any, names: list[str]) -> dict[str, Any]:
    """A CatBoost model as the arrays that ``crawler.extraction.model`` reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        data = json.loads(path.read_text())
    depth = max(len(tree["splits"]) for tree in data["oblivious_trees"])
    split_features, borders, leaves = [], [], []
    for tree in data["oblivious_trees"]:
        pad = depth - len(tree["splits"])
        split_features.append([s["float_feature_index"] for s in tree["splits"]] + [0] * pad)
        borders.append([float(f"{s['border']:.6g}") for s in tree["splits"]] + [3e38] * pad)
        leaves.append([round(v, 5) for v in tree["leaf_values"]] * 2**pad)
    return {
        "features": names, "split_features": split_features, "split_borders": borders,
        "leaves": leaves, "bias": data["scale_and_bias"][1][0],
    }  # fmt: skip


def main() -> None:
    """Measure, and with ``--write`` train on everything and keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", type=Path)
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--answers", help="report on answers that --keep wrote, training nothing")
    parser.add_argument("--keep", help="write the out-of-fold answers there (.npz)")
    parser.add_argument("--only-write", action="store_true")
    args = parser.parse_args()
    samples = load(args.bench)
    if not args.only_write:
        if args.answers:
            kept = np.load(args.answers)
            answers = [kept[f"arr_{i}"] for i in range(len(samples))]
        else:
            answers = out_of_fold(samples, args.folds)
        if args.keep:
            np.savez_compressed(args.keep, *answers)
        report(samples, answers, args.bench)
    if args.write or args.only_write:
        first, second = train(samples)
        names = list(features.NAMES)
        data = {"forests": [forest_json(first, names),
                            forest_json(second, names + list(sequence.NAMES))]}  # fmt: skip
        path = ROOT / "crawler" / "extraction" / "weights" / "body.json.gz"
        path.write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
