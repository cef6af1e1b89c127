"""Memory over many pages, and the time of the largest ones.

    python benchmarks/soak.py ../shared/bench [--pages 10000]

Extracts the bench's pages over and over in one process and prints its resident memory (MiB)
every thousand pages; then pages of 5 MB of several shapes, with the seconds that each took.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.extraction.article import extract

_LARGE = 5_000_000
PARAGRAPH = ("<p>The harbour board voted on Tuesday to rebuild the northern quay, which a storm "
             "tore open in January, and work is to begin after Easter.</p>")  # fmt: skip
SHAPES = {
    "paragraphs": PARAGRAPH,
    "teasers": '<div class="card"><h3><a href="/2026/03/05/a-story-of-the-harbour">A story of the'
               ' harbour</a></h3><p>What came of it, in a few words.</p></div>',
    "script": "<script>var state = {'a': [1, 2, 3], 'b': 'some words of a state'};</script>",
    "short lines": "<p>A line.</p>",
    "one long line": "word and more words, ",
}  # fmt: skip


def resident() -> float:
    """This process's resident memory in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Run both parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", type=Path)
    parser.add_argument("--pages", type=int, default=10_000)
    args = parser.parse_args()
    rows = [
        json.loads(line)
        for line in (args.bench / "truth.jsonl").read_text().strip("\n").split("\n")
    ]
    pages = [
        (gzip.decompress((args.bench / "pages" / f"{r['id']}.html.gz").read_bytes()), r["url"])
        for r in rows
    ]
    for i in range(args.pages + 1):
        if i % 1000 == 0:
            print(f"{i:7} pages  {resident():7.1f} MiB", flush=True)
        extract(*pages[i % len(pages)])
    for name, part in SHAPES.items():
        count = _LARGE // len(part)
        # Numbered, since a text that repeats itself is taken once.
        story = PARAGRAPH * 5 + "".join(part.replace(" a ", f" {i} ") for i in range(count))
        body = f"<html><body><article><h1>The quay is open</h1>{story}</article></body></html>"
        start = time.perf_counter()
        found = extract(body.encode(), "https://a.example/2026/03/05/the-quay-is-open")
        words = len(found.article.text.split()) if found.article else 0
        took = time.perf_counter() - start
        print(f"{name:16} {len(body) / 1e6:.1f} MB  {took:.2f} s  {found.kind}, {words} words")


if __name__ == "__main__":
    main()
