"""What it costs to store a page as the archive grows, and where its bytes go.

    python benchmarks/archive.py [--articles 1000000] [--database URL]

At each size 4,100 articles of 400 words are stored in batches of 100, through the same call as in
a crawl, and timed: each time just one of the batches moves the bands of near-duplicates on, which
happens once in 4,096. Before them the search index is merged as far as it goes, as by the runs before,
and after them what they wrote is, as at a run's end: that is told beside. Between the sizes the archive
is filled with short ones (every index grows by the same rows). Captures are written for the timed
ones. Machines are noisy, so each batch is timed in turn with one into a small archive, made anew for
each size; the ratio of the two is what counts.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from storage.archive import create_archive
from storage.captures.warc import Exchange
from storage.captures.writer import CaptureWriter
from storage.crawl.sources import add_source
from storage.search.index.optimize import optimize
from storage.types.content import Article, Block, Link, StatedTimestamp
from storage.types.endpoints import Announcement
from storage.types.pages import CaptureRecord, PageStored

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SIZES = (1_000, 10_000, 100_000, 300_000, 1_000_000)
TIMED = 4_100
# Merging is given its time as after a run of ten hours: it ends before that.
_LONG = 36_000.0
chance = random.Random(3)
VOCABULARY = [f"word{n}" for n in range(60_000)]
numbers = itertools.count(1)


def words(count: int) -> str:
    """Words as often as in a language: the one of rank k with a frequency of 1/k (Zipf)."""
    return " ".join(VOCABULARY[int(60_000 ** chance.random()) - 1] for _ in range(count))


def page(number: int, length: int, writer: CaptureWriter | None, links: int) -> PageStored:
    """An article, its capture and the links that it has."""
    url = f"https://s.example/news/{number}/a-story-of-{number}"
    at = NOW + timedelta(seconds=number)
    paragraphs = [words(50) for _ in range(length // 50)] or [words(length)]
    content = Article(
        f"Story {number}: {words(6)}",
        tuple(Block("paragraph", p) for p in paragraphs),
        byline=("Anne Morel",),
        section="News",
        tags=("one", "two"),
        language="en",
        published=StatedTimestamp(at),
        links=tuple(
            Link(
                f"https://s.example/news/{number - n}/a-story-of-{number - n}", "further", words(6)
            )
            for n in range(1, links + 1)
        ),
    )
    body = ("<html><body>" + "".join(f"<p>{p}</p>" for p in paragraphs) * 4).encode()
    place = ("fill.warc.gz", number, 10, f"<urn:uuid:{number}>")
    if writer is not None:
        kept = writer.append(
            Exchange(
                url,
                "GET",
                (("User-Agent", "bench"),),
                200,
                (("Content-Type", "text/html"),),
                body,
                at,
            )
        )
        place = (kept.file, kept.offset, kept.length, kept.record_id)
    record = CaptureRecord(
        url,
        200,
        "text/html",
        None,
        None,
        at,
        *place[:3],
        sha256(str(number).encode()).hexdigest(),
        place[3],
    )
    from storage.types.pages import Task

    return PageStored(Task(url, "article", 0), (url,), record, content, "bench-1")


def main() -> None:
    """Print cost by size and bytes by part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--database")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(
            dir=ROOT.parent if ROOT.parent.stat().st_dev else None
        ) as folder,
        create_archive(folder, given.database) as archive,
    ):
        source = archive.write(
            lambda s: add_source(s, name="s", home_url="https://s.example/", now=NOW).id
        )
        writer = CaptureWriter(archive.location.captures, "s", "bench")
        held = told = 0
        for size in [s for s in SIZES if s <= given.articles]:
            while held < size - TIMED:
                batch = [page(next(numbers), 30, None, 3) for _ in range(500)]
                archive.record(source, None, batch, NOW)
                held += len(batch)
            began = time.perf_counter()
            optimize(archive, _LONG)
            before = (time.perf_counter() - began) / max(held - told, 1) * 1000
            spent = {"here": 0.0, "small": 0.0, "offered": 0.0}
            with tempfile.TemporaryDirectory() as beside, create_archive(beside) as small:
                other = small.write(
                    lambda s: add_source(s, name="s", home_url="https://s.example/", now=NOW).id
                )
                for _ in range(TIMED // 100):
                    for kind, into, owner in (("here", archive, source), ("small", small, other)):
                        batch = [page(next(numbers), 400, writer, 10) for _ in range(100)]
                        writer.sync()
                        began = time.perf_counter()
                        into.record(owner, None, batch, NOW)
                        spent[kind] += time.perf_counter() - began
                    said = [Announcement(o.task.url + "/next", published=NOW) for o in batch]
                    began = time.perf_counter()
                    archive.add_announcements(source, said, NOW)
                    spent["offered"] += time.perf_counter() - began
                    held += 100
            began = time.perf_counter()
            optimize(archive, _LONG)
            spent["tidying"] = time.perf_counter() - began
            cost = {kind: seconds / TIMED * 1000 for kind, seconds in spent.items()}
            print(
                f"{held:>9,} articles: {cost['here']:5.2f} ms a page, {cost['here'] / cost['small']:4.2f} of"
                f" what it costs in a small archive; {cost['offered']:.3f} ms an announcement,"
                f" {cost['tidying']:.2f} a page to merge what was written ({before:.2f} those before)",
                flush=True,
            )
            told = held
        writer.close()
        _parts(archive, held)


def _parts(archive: object, held: int) -> None:
    sqlite = archive.engine.dialect.name == "sqlite"
    statement = (
        "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC"
        if sqlite
        else "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relkind IN ('r', 'i', 't')"
        " AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC"
    )
    print("bytes a page by part (most pages are short ones):")
    with archive.engine.connect() as connection:
        for name, size in connection.execute(text(statement)).all()[:18]:
            print(f"  {name:44} {size / held:8.0f}")
    captures = sum(p.stat().st_size for p in archive.location.captures.glob("*"))
    print(
        f"  {'captures, of each timed page':44} {captures / (2 * TIMED * sum(s <= held for s in SIZES)):8.0f}"
    )


if __name__ == "__main__":
    main()
