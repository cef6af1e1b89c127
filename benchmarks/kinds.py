"""The confusion table of what a page is: 265 pages of our own making, and the bench's articles.

python benchmarks/kinds.py [../shared/bench]
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.extraction.article import extract
from crawler.extraction.page.parse import BadPage
from tests.kind_pages import pages


def kind_of(body: bytes, url: str) -> str:
    """What the extractor takes a page for."""
    try:
        return extract(body, url).kind
    except BadPage as error:
        return error.cause


def main() -> None:
    """Print the table: a row a kind, a column what it was taken for."""
    table: Counter[tuple[str, str]] = Counter()
    wrong = []
    for page in pages():
        found = kind_of(page.body, page.url)
        table[page.kind, found] += 1
        if found != page.kind:
            wrong.append((page.name, page.kind, found))
    for folder in sys.argv[1:]:
        bench = Path(folder)
        for line in (bench / "truth.jsonl").read_text(encoding="utf-8").strip("\n").split("\n"):
            row = json.loads(line)
            body = gzip.decompress((bench / "pages" / f"{row['id']}.html.gz").read_bytes())
            table["article (bench)", kind_of(body, row["url"])] += 1
    columns = sorted({found for _, found in table})
    print(f"{'is, and taken for':18}" + "".join(f"{name:>14}" for name in columns))
    for row in sorted({kind for kind, _ in table}):
        cells = "".join(f"{table[row, name] or '':>14}" for name in columns)
        print(f"{row:18}{cells}")
    for name, kind, found in wrong:
        print(f"  {name}: {kind} taken for {found}")


if __name__ == "__main__":
    main()
