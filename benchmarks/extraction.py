"""Dateline's extractor beside the libraries, in one run on the bench.

    python benchmarks/extraction.py ../shared/bench [--answers FILE]

Prints body F1, the fields' scores, CPU milliseconds a page and pages a second on one core. The
body score of Dateline is out-of-fold: each page is judged by forests that never saw its
publisher, trained here (a minute; needs ``catboost``) or read from what
``train_extraction.py --keep FILE`` wrote. Its times are those of the shipped weights, which have
the same shape. Libraries that are not installed are named and left out (``pip install --group
bench``).
"""

from __future__ import annotations

import argparse
import gc
import gzip
import importlib.util
import json
import logging
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from crawler.extraction.article import extract
from crawler.extraction.body import select as body_module
from storage.database.engine import chunked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = dict[str, Any]
# Pages that go through a library before the next one's turn.
_TOGETHER = 20


def ours(body: bytes, url: str) -> Answer:
    """Dateline, all fields."""
    found = extract(body, url).article
    if found is None:
        return {}
    return {
        "headline": found.headline, "body": found.text, "authors": list(found.byline),
        "published_at": found.published.isoformat() if found.published else None,
    }  # fmt: skip


def trafilatura(**options: Any) -> Callable[[bytes, str], Answer]:
    """trafilatura with ``options``, text and metadata."""
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


def newspaper() -> Callable[[bytes, str], Answer]:
    """newspaper4k without fetching pictures."""
    import newspaper as library

    def run(body: bytes, url: str) -> Answer:
        html = body.decode("utf-8", "replace")
        try:
            article = library.Article(url, fetch_images=False)
            article.download(input_html=html)
            article.parse()
        except (ImportError, LookupError):
            # Some of its languages need data that a package index does not carry.
            article = library.Article(url, fetch_images=False, language="en")
            article.download(input_html=html)
            article.parse()
        when = article.publish_date
        return {
            "headline": article.title, "body": article.text, "authors": article.authors,
            "published_at": when.isoformat() if hasattr(when, "isoformat") else None,
        }  # fmt: skip

    return run


def resiliparse() -> Callable[[bytes, str], Answer]:
    """resiliparse's main content; it gives no fields."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    def run(body: bytes, url: str) -> Answer:
        text = bytes_to_str(body, detect_encoding(body))
        return {"body": extract_plain_text(text, main_content=True, alt_texts=False)}

    return run


LIBRARIES: tuple[tuple[str, str, Callable[[], Callable[[bytes, str], Answer]]], ...] = (
    ("trafilatura", "trafilatura", trafilatura),
    ("trafilatura, fast", "trafilatura", lambda: trafilatura(fast=True)),
    ("trafilatura, precision", "trafilatura", lambda: trafilatura(favor_precision=True)),
    ("newspaper4k, no images", "newspaper", newspaper),
    ("resiliparse", "resiliparse", resiliparse),
)


def out_of_fold(bench: Path, wide: Sequence[Path], kept: Path | None) -> dict[str, Answer]:
    """Our answers where each page's forests never saw its publisher, by page."""
    import train_extraction as training
    from known_pages import load

    samples = load(bench)
    if kept is not None:
        stored = np.load(kept)
        scores = [stored[f"arr_{i}"] for i in range(len(samples))]
    else:
        more = [s for folder in wide for s in load(folder)]
        scores = training.out_of_fold([*samples, *more], 5)[: len(samples)]
    shipped = body_module.probabilities
    answers = {}
    for sample, score in zip(samples, scores, strict=True):
        spread = body_module.spread(score, sample.kept, len(sample.blocks))
        body_module.probabilities = lambda blocks, context, spread=spread: spread
        page = (bench / "pages" / f"{sample.truth['id']}.html.gz").read_bytes()
        answers[sample.truth["id"]] = ours(gzip.decompress(page), sample.truth["url"])
    body_module.probabilities = shipped
    return answers


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", type=Path)
    parser.add_argument(
        "--wide", type=Path, nargs="*", default=[], help="what else is learned from"
    )
    parser.add_argument("--answers", type=Path, help="out-of-fold answers of train_extraction.py")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    spec = importlib.util.spec_from_file_location("score", args.bench / "score.py")
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    truth = [
        json.loads(line)
        for line in (args.bench / "truth.jsonl").read_text().strip("\n").split("\n")
    ]
    pages = {
        row["id"]: gzip.decompress((args.bench / "pages" / f"{row['id']}.html.gz").read_bytes())
        for row in truth
    }
    extractors: dict[str, Callable[[bytes, str], Answer]] = {"Dateline": ours}
    for name, module, make in LIBRARIES:
        if importlib.util.find_spec(module):
            extractors[name] = make()
        else:
            print(f"{name}: left out, {module} is not installed", file=sys.stderr)
    measured = _measure(extractors, truth, pages)
    honest = out_of_fold(args.bench, args.wide, args.answers)
    print(f"{'':24}{'body F1':>8}{'fundus':>8}{'zyte':>7}{'feval':>7}{'headline':>9}{'words':>7}"
          f"{'date':>7}{'authors':>8}{'median ms':>10}{'mean':>7}{'pages/s':>8}")  # fmt: skip
    for name, (answers, times) in measured.items():
        table = score.score(truth, honest if name == "Dateline" else answers)
        line = table["all"]
        bodies = [table[part]["body_f1"] for part in ("fundus", "zyte", "feval")]
        print(f"{name:24}{line['body_f1']:8.4f}{bodies[0]:8.3f}{bodies[1]:7.3f}{bodies[2]:7.3f}"
              f"{line['headline']:9.3f}{line['headline_f1']:7.3f}"
              f"{line['date']:7.3f}{line['authors_f1']:8.3f}{statistics.median(times):10.1f}"
              f"{statistics.mean(times):7.1f}{1000 / statistics.mean(times):8.0f}")  # fmt: skip


def _measure(
    extractors: dict[str, Callable[[bytes, str], Answer]], truth: list[Any], pages: dict[str, bytes]
) -> dict[str, tuple[dict[str, Answer], list[float]]]:
    """Answers and milliseconds of CPU.

    Some pages go through one, then the same through the next: machines are noisy, and a page alone
    after one of another library finds the processor's caches full of that, as in no crawl.
    """
    measured: dict[str, tuple[dict[str, Answer], list[float]]] = {
        name: ({}, []) for name in extractors
    }
    warming = truth[:_TOGETHER]
    for some in (warming, *chunked(truth, _TOGETHER)):
        for name, run in extractors.items():
            answers, times = measured[name]
            for row in some:
                start = time.process_time()
                answers[row["id"]] = run(pages[row["id"]], row["url"])
                times.append((time.process_time() - start) * 1000)
        # What the libraries hold is not to be gone through at every collection.
        if some is warming:
            gc.freeze()
    return {name: (answers, times[len(warming) :]) for name, (answers, times) in measured.items()}


if __name__ == "__main__":
    main()
