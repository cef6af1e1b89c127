"""Dateline's extractor beside libraries, in one run on the bench.

    python benchmarks/extraction.py ../shared/bench [--with-libraries]

Prints body F1, the fields' scores and milliseconds a page on one core for each extractor. Dateline's
body score here is the *fitted* one where the weights were trained on these pages: the out-of-fold
figure comes from ``benchmarks/train_extraction.py`` and stands in ``docs/extraction.md``.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = dict[str, Any]


def ours(body: bytes, url: str) -> Answer:
    """Dateline."""
    from crawler.extraction.article import extract

    found = extract(body, url).article
    if found is None:
        return {}
    return {
        "headline": found.headline, "body": found.text, "authors": list(found.byline),
        "published_at": found.published.isoformat() if found.published else None,
    }  # fmt: skip


def trafilatura(**options: Any) -> Callable[[bytes, str], Answer]:
    """trafilatura with ``options``."""
    import trafilatura as library

    def run(body: bytes, url: str) -> Answer:
        found = library.bare_extraction(body, url=url, with_metadata=True, **options)
        if found is None:
            return {}
        data = found.as_dict()
        return {
            "headline": data.get("title"), "body": data.get("text"),
            "authors": (data.get("author") or "").split("; "), "published_at": data.get("date"),
        }  # fmt: skip

    return run


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", type=Path)
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location("score", args.bench / "score.py")
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    truth = [json.loads(line) for line in (args.bench / "truth.jsonl").read_text().splitlines()]
    pages = {
        row["id"]: gzip.decompress((args.bench / "pages" / f"{row['id']}.html.gz").read_bytes())
        for row in truth
    }
    extractors: dict[str, Callable[[bytes, str], Answer]] = {"Dateline (fitted)": ours}
    if importlib.util.find_spec("trafilatura"):
        extractors["trafilatura"] = trafilatura()
        extractors["trafilatura fast"] = trafilatura(fast=True)
        extractors["trafilatura precision"] = trafilatura(favor_precision=True)
    print(f"{'':24}{'body F1':>9}{'headline':>9}{'words':>7}{'date':>7}{'authors':>8}"
          f"{'median ms':>11}{'mean ms':>9}")  # fmt: skip
    for name, extractor in extractors.items():
        answers, times = {}, []
        for row in truth[:20]:
            extractor(pages[row["id"]], row["url"])
        for row in truth:
            start = time.process_time()
            answers[row["id"]] = extractor(pages[row["id"]], row["url"])
            times.append((time.process_time() - start) * 1000)
        line = score.score(truth, answers)["all"]
        print(f"{name:24}{line['body_f1']:9.4f}{line['headline']:9.3f}{line['headline_f1']:7.3f}"
              f"{line['date']:7.3f}{line['authors_f1']:8.3f}"
              f"{statistics.median(times):11.1f}{statistics.mean(times):9.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
