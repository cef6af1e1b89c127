"""Near-duplicates: recall and precision at known edit rates, lookups in a million signatures.

    python benchmarks/duplicates.py [--articles 20000] [--signatures 1000000]

Articles are generated: each topic has a vocabulary of its own and phrases that all its articles
use, so that neighbours share words and turns but not their telling. Copies are made at edit rates
of 0 to 40 % of the words (replaced, dropped or put in). Pairs in one cluster are right where they
come from one original.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from storage.archive import create_archive
from storage.crawl.sources import add_source
from storage.duplicates import clusters, minhash
from storage.duplicates import lsh as placing
from storage.models import Article as ArticleRow
from storage.models import Item, Signature
from storage.types.content import Article, Block, StatedTimestamp
from storage.types.pages import CaptureRecord, PageStored, Task

NOW = datetime(2026, 3, 10, tzinfo=UTC)
RATES = (0.0, 0.02, 0.05, 0.10, 0.20, 0.40)
TOPIC = 20
chance = random.Random(1)
COMMON = [f"common{n}" for n in range(300)]


def word() -> str:
    """A word of no topic."""
    return f"word{int(chance.paretovariate(1.1)) % 30_000}"


def originals(count: int) -> list[list[str]]:
    """Articles of 120 to 700 words, in topics of ``TOPIC``."""
    out = []
    while len(out) < count:
        vocabulary = [f"t{len(out)}x{n}" for n in range(60)]
        phrases = [[chance.choice(COMMON + vocabulary) for _ in range(6)] for _ in range(25)]
        for _ in range(TOPIC):
            text: list[str] = []
            for _ in range(chance.randrange(20, 110)):
                if chance.random() < 0.2:
                    text += chance.choice(phrases)
                else:
                    text += [
                        chance.choice((*vocabulary, word(), chance.choice(COMMON)))
                        for _ in range(6)
                    ]
            out.append(text)
    return out[:count]


def edited(text: list[str], rate: float) -> list[str]:
    """A copy with ``rate`` of its words replaced, dropped, or followed by another."""
    copy = []
    places = set(chance.sample(range(len(text)), round(len(text) * rate)))
    for place, one in enumerate(text):
        way = chance.randrange(3) if place in places else 3
        if way == 0:
            copy.append(word())
        elif way == 1:
            continue
        elif way == 2:
            copy += [one, word()]
        else:
            copy.append(one)
    return copy


def recall_and_precision(articles: int, database: str | None) -> None:
    """Store originals and copies through the archive; look at the clusters."""
    base = originals(articles * 2 // 3)
    texts = [(i, None, text) for i, text in enumerate(base)]
    for i, rate in zip(range(articles - len(base)), itertools.cycle(RATES)):
        texts.append((i, rate, edited(base[i], rate)))
    chance.shuffle(texts)
    with tempfile.TemporaryDirectory() as folder, create_archive(folder, database) as archive:
        sources = [
            archive.write(
                lambda s, n=n: (
                    add_source(s, name=f"s{n}", home_url=f"https://s{n}.example/", now=NOW).id
                )
            )
            for n in range(2)
        ]
        owner: dict[int, tuple[int, float | None]] = {}
        began = time.perf_counter()
        for start in range(0, len(texts), 100):
            for side, source in enumerate(sources):
                # Copies come in another source: the same words in one are one article.
                part = [t for t in texts[start : start + 100] if (t[1] is not None) == bool(side)]
                outcomes = [_outcome(side, i, rate, text) for i, rate, text in part]
                for done, (i, rate, _) in zip(
                    archive.record(source, None, outcomes, NOW), part, strict=True
                ):
                    owner[done.item_id] = (i, rate)
        spent = time.perf_counter() - began
        with archive.reading() as session:
            rows = session.execute(select(ArticleRow.item_id, ArticleRow.cluster_id)).all()
    cluster = dict(tuple(row) for row in rows)
    members = defaultdict(list)
    for item, c in cluster.items():
        if c is not None:
            members[c].append(item)
    original = {i: item for item, (i, rate) in owner.items() if rate is None}
    found, asked = Counter(), Counter()
    for item, (i, rate) in owner.items():
        if rate is not None:
            asked[rate] += 1
            found[rate] += cluster[item] is not None and cluster[item] == cluster[original[i]]
    pairs = right = 0
    for some in members.values():
        for one, other in itertools.combinations(some, 2):
            pairs += 1
            right += owner[one][0] == owner[other][0]
    print(
        f"{len(rows):,} articles, {sum(asked.values()):,} of them copies; {spent / len(rows) * 1000:.2f} ms an article with all else that is written"
    )
    print("  edited   recall")
    for rate in RATES:
        print(f"   {rate:4.0%}   {found[rate] / max(1, asked[rate]):.4f}  ({asked[rate]:,} copies)")
    within = [r for r in RATES if r <= 0.1]
    print(
        f"  up to 10 %: recall {sum(found[r] for r in within) / sum(asked[r] for r in within):.4f};"
        f" precision {right / max(1, pairs):.4f} of {pairs:,} pairs"
    )


def _outcome(side: int, i: int, rate: float | None, text: list[str]) -> PageStored:
    url = f"https://s{side}.example/news/{i}-{rate}/the-story-of-{i}"
    capture = CaptureRecord(
        url,
        200,
        "text/html",
        None,
        None,
        NOW,
        f"b{side}.warc.gz",
        next(_offsets),
        10,
        "0" * 64,
        "<urn:uuid:0>",
    )
    lines = [" ".join(text[n : n + 40]) for n in range(0, len(text), 40)]
    published = StatedTimestamp(NOW - timedelta(hours=10 - side))
    content = Article(
        f"Story {i} of {side}",
        tuple(Block("paragraph", line) for line in lines),
        published=published,
    )
    return PageStored(Task(url, "article", 0), (url,), capture, content, "bench-1")


_offsets = itertools.count()


def lookups(count: int) -> None:
    """Fill the index with ``count`` signatures; time lookups of texts that are and are not there."""
    random_source = np.random.default_rng(2)
    with tempfile.TemporaryDirectory() as folder, create_archive(folder) as archive:
        source = archive.write(
            lambda s: add_source(s, name="s", home_url="https://s.example/", now=NOW).id
        )
        began = time.perf_counter()
        kept: dict[int, list[int]] = {}
        for start in range(1, count + 1, placing._STEP):
            ids = range(start, min(start + placing._STEP, count + 1))
            signatures = random_source.integers(
                0, 1 << 32, (len(ids), minhash.PERMUTATIONS), dtype=np.uint64
            )
            bands = [minhash.bands_of(s) for s in signatures]
            for i, values in zip(ids, bands, strict=True):
                if i % (count // 500) == 0:
                    kept[i] = values

            def fill(
                session: object,
                ids: range = ids,
                signatures: object = signatures,
                bands: list[list[int]] = bands,
            ) -> None:
                connection = session.connection()
                connection.execute(
                    insert(Item),
                    [
                        {
                            "id": i,
                            "source_id": source,
                            "kind": "article",
                            "identity": f"n:{i}",
                            "url": "u",
                            "state": "stub",
                            "first_seen_at": NOW,
                            "last_seen_at": NOW,
                        }
                        for i in ids
                    ],
                )
                connection.execute(
                    insert(Signature),
                    [
                        {"id": i, "item_id": i, "signature": s.astype("<u4").tobytes()}
                        for i, s in zip(ids, signatures, strict=True)
                    ],
                )
                placing.add_bands(
                    connection,
                    placing.generation_for(connection, ids[0], ids[-1]),
                    zip(ids, bands, strict=True),
                    {},
                )

            archive.write(fill)
        size = sum(p.stat().st_size for p in Path(folder).glob("dateline.db*"))
        print(
            f"\n{count:,} signatures in {time.perf_counter() - began:.0f} s, {size / count:.0f} bytes each with their items"
        )
        times = {"held": [], "new": []}
        hits = 0
        with archive.engine.connect() as connection:
            for i, values in kept.items():
                for kind, bands in (("held", values), ("new", [v ^ 0x5A5A for v in values])):
                    began = time.perf_counter()
                    found = clusters.find_candidates({0: bands}, placing.holders(connection, bands))
                    times[kind].append((time.perf_counter() - began) * 1000)
                    hits += kind == "held" and i in found.get(0, ())
        for kind, some in times.items():
            some.sort()
            print(
                f"  lookup of a text that is {kind}: median {some[len(some) // 2]:.2f} ms, p95 {some[int(len(some) * 0.95)]:.2f} ms"
            )
        print(
            f"  {hits} of {len(kept)} found again; peak memory of this process"
            f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
        )


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--signatures", type=int, default=1_000_000)
    parser.add_argument("--database")
    given = parser.parse_args()
    if given.articles:
        recall_and_precision(given.articles, given.database)
    if given.signatures:
        lookups(given.signatures)


if __name__ == "__main__":
    main()
