"""Train what tells forums, shops, lists and services from articles; measure it; write its weights.

    python benchmarks/train_kinds.py ANSWERS.npz ../shared/bench ../shared/wcxb [--write]

``ANSWERS.npz`` is what ``train_extraction.py --keep`` wrote for the same folders: what the body
model says of a page is a part of what the page looks like. Needs ``catboost``. All figures are
out-of-fold, pages grouped by publisher. With ``--write`` the forests trained on all pages replace
``crawler/extraction/weights/kinds.json.gz``, bit by bit the same for the same pages.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from known_pages import Sample, folds, load
from train_extraction import forest_json

from crawler.extraction.body import select
from crawler.extraction.body.completion import completed
from crawler.extraction.kinds import classifier, classifier_features, page_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

# The wide set's types, in the order of the forests.
TYPES = ("forum", "product", "listing", "service", "documentation", "collection")
OPTIONS = {"iterations": 120, "depth": 5, "learning_rate": 0.08, "random_seed": 0}


def row(s: Sample, answer: np.ndarray) -> np.ndarray:
    """What is told of a page, as the extractor tells it."""
    scores = select.spread(answer, s.kept, len(s.blocks))
    chosen = completed(s.blocks, select.decide(s.blocks, scores))
    return classifier_features.row(
        s.truth["url"], s.og_type, s.types, s.blocks, chosen, scores, has_moment=s.has_moment
    )


def fit(rows: np.ndarray, wanted: np.ndarray) -> Any:
    """A forest that tells pages of one type from all others."""
    from catboost import CatBoostClassifier, Pool

    model = CatBoostClassifier(
        **OPTIONS, l2_leaf_reg=5, verbose=False, allow_writing_files=False, thread_count=1,
        border_count=32, rsm=0.3, bootstrap_type="Bernoulli", subsample=0.7,
    )  # fmt: skip
    model.fit(Pool(rows, wanted.astype(int)))
    return model


def out_of_fold(rows: np.ndarray, types: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Each page's probability of each type, from forests that never saw its publisher."""
    answers = np.zeros((len(rows), len(TYPES)))
    for k in range(int(of.max()) + 1):
        for j, name in enumerate(TYPES):
            model = fit(rows[of != k], types[of != k] == name)
            answers[of == k, j] = model.predict_proba(rows[of == k])[:, 1]
    return answers


def report(samples: Sequence[Sample], types: np.ndarray, answers: np.ndarray) -> None:
    """The confusion of types where the forests are sure, and the articles that would be refused."""
    table: Counter[tuple[str, str]] = Counter()
    for s, name, found in zip(samples, types, answers, strict=True):
        best = int(found.argmax())
        looks = classifier.FORESTS[best]
        sure = found[best] >= page_kind.SURE[looks]
        table[name, looks if sure else "article"] += 1
        if name == "article" and sure:
            print(f"  {found[best]:.2f} {looks} {s.truth['url'][:100]}")
    columns = ("article", *dict.fromkeys(classifier.FORESTS))
    print(f"{'is, and looks like':20}" + "".join(f"{name:>15}" for name in columns))
    for name in ("article", *TYPES):
        print(f"{name:20}" + "".join(f"{table[name, c] or '':>15}" for c in columns))


def main() -> None:
    """Measure, and with ``--write`` keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("answers")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    samples = [s for folder in args.folders for s in load(folder)]
    kept = np.load(args.answers)
    rows = np.concatenate([row(s, kept[f"arr_{i}"]) for i, s in enumerate(samples)])
    types = np.array([s.kind for s in samples])
    report(samples, types, out_of_fold(rows, types, folds(samples, 5, 2)))
    if args.write:
        names = list(classifier_features.NAMES)
        data = {"forests": [forest_json(fit(rows, types == name), names) for name in TYPES]}
        path = ROOT / "crawler" / "extraction" / "weights" / "kinds.json.gz"
        path.write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
