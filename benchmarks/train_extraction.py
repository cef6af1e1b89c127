"""Train the body extractor, measure it out-of-fold, write its weights.

    python benchmarks/train_extraction.py ../shared/bench ../shared/wcxb [--folds 5] [--write]

Needs ``catboost`` (not a dependency of Dateline: inference is NumPy). Pages are grouped by
publisher, so no figure printed here comes from a page whose publisher was trained on. The
fitted figure is never printed. With ``--write`` the forests trained on all pages replace
``crawler/extraction/weights/body.json.gz``: the same pages give the same file, bit by bit (one
thread, fixed seeds).
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from known_pages import Sample, folds, load, word_f1

from crawler.extraction.blocks.class_groups import GROUPS
from crawler.extraction.body import features, second_pass

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST = {"iterations": 220, "depth": 6, "learning_rate": 0.1, "random_seed": 0}
SECOND = {"iterations": 220, "depth": 6, "learning_rate": 0.1, "random_seed": 1}
# What the body is learned from; the other types of the wide set have no one text.
TAUGHT = ("article", "documentation")
# Of this share of pages the model is not told case and the words of furniture, as in scripts that
# have no capitals and languages that the lists do not know; of the next, no class words.
_CASELESS, _NAMELESS = 0.12, 0.22
_CASE = [
    i for i, name in enumerate(features.NAMES)
    if name in ("upper", "credit", "byline", "heading_furniture") or name.startswith("furniture")
]  # fmt: skip
_CLASSES = [
    i for i, name in enumerate(features.NAMES)
    if name.partition("_")[0] in ("own", "near", "any") and name.partition("_")[2] in GROUPS
]  # fmt: skip
_CASED = features.NAMES.index("first")


def varied(samples: Sequence[Sample]) -> list[np.ndarray]:
    """The rows of each page to learn from; of some pages what other pages do not have is hidden."""
    chance = np.random.RandomState(5)
    rows = []
    for s in samples:
        drawn, own = chance.rand(), s.rows
        if drawn < _NAMELESS:
            own = own.copy()
            own[:, _CASE if drawn < _CASELESS else _CLASSES] = 0
        if drawn < _CASELESS:
            cased = (own[:, _CASED] == 1) | (own[:, _CASED] == 2)
            own[cased, _CASED] = 0
        rows.append(own)
    return rows


def fit(samples: Sequence[Sample], rows: Sequence[np.ndarray], options: dict[str, Any]) -> Any:
    """A forest over ``rows``; each page weighs the same, each block by its words."""
    from catboost import CatBoostClassifier, Pool

    chance = np.random.RandomState(3)
    weights, shares, taught = [], [], []
    for s, own in zip(samples, rows, strict=True):
        kept = s.words[s.share >= 0.5].sum() + 30
        weight = 100 * (np.minimum(np.maximum(s.words, 1.5) / kept, 0.5) + 0.001)
        # Half of the short lines outside the text tell as much as all of them.
        told = (s.share > 0.2) | (s.words > 4) | (chance.rand(len(weight)) < 0.5)
        weights.append(weight[told])
        shares.append(s.share[told])
        taught.append(own[told])
    model = CatBoostClassifier(
        **options, l2_leaf_reg=6, verbose=False, allow_writing_files=False, thread_count=1,
        loss_function="CrossEntropy", border_count=48, rsm=0.3, bootstrap_type="Bernoulli",
        subsample=0.6,
    )  # fmt: skip
    pool = Pool(np.concatenate(taught), np.concatenate(shares), weight=np.concatenate(weights))
    model.fit(pool)
    return model


def predict(model: Any, rows: np.ndarray) -> np.ndarray:
    """Probabilities of a page's blocks."""
    return model.predict_proba(rows)[:, 1] if len(rows) else np.zeros(0)


def stacked(s: Sample, rows: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Rows of the second forest."""
    return np.concatenate([rows, second_pass.matrix(probability, s.words, s.outline)], axis=1)


def train(samples: Sequence[Sample]) -> tuple[Any, Any]:
    """Both forests; the second learns from what forests say that never saw the page's publisher."""
    samples = [s for s in samples if s.kind in TAUGHT and len(s.rows) and s.teaches]
    rows = varied(samples)
    of = folds(samples, 3, 7)
    answers: list[np.ndarray] = [np.zeros(0)] * len(samples)
    for k in range(3):
        of_others = [n for n in range(len(samples)) if of[n] != k]
        model = fit([samples[n] for n in of_others], [rows[n] for n in of_others], FIRST)
        for n in np.flatnonzero(of == k):
            answers[n] = predict(model, rows[n])
    first = fit(samples, rows, FIRST)
    second = [stacked(s, own, a) for s, own, a in zip(samples, rows, answers, strict=True)]
    return first, fit(samples, second, SECOND)


def out_of_fold(samples: Sequence[Sample], count: int) -> list[np.ndarray]:
    """Each page's answers from forests that never saw its publisher."""
    of = folds(samples, count, 1)
    answers: list[np.ndarray] = [np.zeros(0)] * len(samples)
    for k in range(count):
        first, second = train([s for s, i in zip(samples, of, strict=True) if i != k])
        for n, s in enumerate(samples):
            if of[n] == k and len(s.rows):
                answers[n] = predict(second, stacked(s, s.rows, predict(first, s.rows)))
        print(f"fold {k + 1} of {count}", file=sys.stderr)
    return answers


def report(samples: Sequence[Sample], answers: Sequence[np.ndarray], score: Any) -> None:
    """Body F1 out-of-fold: of the news by shingles, of the wide set by words, and the worst."""
    rows = defaultdict(list)
    worst = []
    for s, a in zip(samples, answers, strict=True):
        text = s.text(a)
        if s.truth["set"] != "wcxb":
            found = score.overlap(s.truth["body"], text)
            for name in ("news", s.truth["set"]):
                rows[name].append(found)
            continue
        f1 = word_f1(s.truth["body"], text)
        rows[s.kind].append(f1)
        if s.kind == "article":
            worst.append((f1, s.truth["url"]))
    for name, found in rows.items():
        if isinstance(found[0], tuple):
            precision, recall, f1 = score.prf(found)
            print(
                f"{name:14} {len(found):4} F1 {f1:.4f}  precision {precision:.4f}  recall {recall:.4f}"
            )
        else:
            print(f"{name:14} {len(found):4} word F1 {np.mean(found):.4f}")
    for f1, url in sorted(worst)[:30]:
        print(f"  {f1:.2f} {url[:100]}")


def scorer(bench: Path) -> Any:
    """The bench's own ``score.py``."""
    spec = importlib.util.spec_from_file_location("score", bench / "score.py")
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    return score


def forest_json(model: Any, names: list[str]) -> dict[str, Any]:
    """A CatBoost model as the arrays that ``crawler.extraction.forest`` reads."""
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


def write(samples: Sequence[Sample]) -> Path:
    """Train on all pages and keep the weights."""
    first, second = train(samples)
    names = list(features.NAMES)
    data = {"forests": [forest_json(first, names),
                        forest_json(second, names + list(second_pass.NAMES))]}  # fmt: skip
    path = ROOT / "crawler" / "extraction" / "weights" / "body.json.gz"
    path.write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
    return path


def main() -> None:
    """Measure, and with ``--write`` train on everything and keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="the news first, then the wide set")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--answers", help="report on answers that --keep wrote, training nothing")
    parser.add_argument("--keep", help="write the out-of-fold answers there (.npz)")
    parser.add_argument("--only-write", action="store_true")
    args = parser.parse_args()
    samples = [s for folder in args.folders for s in load(folder)]
    if not args.only_write:
        if args.answers:
            kept = np.load(args.answers)
            answers = [kept[f"arr_{i}"] for i in range(len(samples))]
        else:
            answers = out_of_fold(samples, args.folds)
        if args.keep:
            np.savez_compressed(args.keep, *answers)
        report(samples, answers, scorer(args.folders[0]))
    if args.write or args.only_write:
        print(f"wrote {write(samples)}")


if __name__ == "__main__":
    main()
