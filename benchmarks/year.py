"""A year of scheduled looks over a simulated farm of sites.

    python benchmarks/year.py [--sources 300] [--days 365] [--seed 1]

The clock is virtual and the sites are invented, the rules are the product's own (storage.crawl.rhythm,
storage.crawl.revisit, storage.crawl.endpoints). Each source publishes by its own week (office hours, mornings,
around the clock, in one of ten zones; holidays; bursts), shows its last 10 to 50 articles, fails for
hours or days some times a year, edits and deletes articles, and answers 304 where its server can.

Printed: the share of articles that a look saw or a gap was reported around; the delay from
publication to the look that saw it, as a share of the source's mean time between two articles; and
how many requests an oracle would need that knows each publication beforehand, for the same median
delay.
"""

from __future__ import annotations

import argparse
import bisect
import multiprocessing
import random
import statistics
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from storage.crawl.endpoints import find_gap, updated_rhythm
from storage.crawl.revisit import PollingBounds, next_attempt, next_visit
from storage.types.endpoints import Announcement, PollingHints

START = datetime(2025, 1, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
KINDS = {
    # Share of the day's news by local hour, and of the week's by day.
    "office": ([0] * 8 + [2, 4, 4, 3, 2, 3, 4, 4, 3, 2] + [0] * 6, [5, 5, 5, 5, 5, 0.2, 0.2]),
    "morning": ([0] * 5 + [3, 6, 6, 4, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0.5] + [0] * 5, [5, 5, 5, 5, 5, 3, 1]),
    "daily": ([0.3] * 6 + [1.5, 2.5, 3, 3, 3, 3, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2, 2, 1.5, 1.5, 1, 0.5],
              [5, 5, 5, 5, 5, 3.5, 3.5]),
    "clock": ([1] * 24, [1] * 7),
}  # fmt: skip


@dataclass
class Site:
    """An invented source: when it publishes, how much its feed shows, when it is away."""

    kind: str
    moments: list[datetime]
    shown: int
    outages: list[tuple[datetime, datetime]]
    conditional: bool
    dated: bool
    edits: list[datetime]


def invent(chance: random.Random, days: int) -> Site:
    """A site with ``days`` of publications."""
    kind = chance.choices(list(KINDS), [4, 2, 4, 1])[0]
    hours, week = KINDS[kind]
    per_day = min(120.0, max(0.7, chance.lognormvariate(2.3, 1.0)))
    zone = chance.choice([-8, -5, 0, 0, 1, 1, 2, 3, 5.5, 9])
    scale = per_day * 7 / (sum(hours) * sum(week))
    holidays = {chance.randrange(days) for _ in range(days // 30)}
    moments = []
    for day in range(-20, days):
        for hour, share in enumerate(hours):
            mean = scale * share * week[day % 7]
            if day in holidays:
                mean *= 0.15
            if chance.random() < 0.002:
                mean *= 6
            count = _poisson(chance, mean)
            at = START + timedelta(days=day, hours=hour - zone)
            moments += [at + chance.random() * HOUR for _ in range(count)]
    outages = []
    for _ in range(_poisson(chance, 5 * days / 365)):
        begin = START + timedelta(days=chance.uniform(0, days))
        hours_away = min(72.0, chance.lognormvariate(0.8, 1.2))
        outages.append((begin, begin + timedelta(hours=hours_away)))
    edits = sorted(
        moment + timedelta(hours=chance.expovariate(1 / 6))
        for moment in moments if chance.random() < 0.05
    )  # fmt: skip
    return Site(kind, sorted(moments), chance.choice([10, 15, 20, 20, 25, 30, 50]),
                sorted(outages), chance.random() < 0.8, chance.random() < 0.95, edits)  # fmt: skip


def _poisson(chance: random.Random, mean: float) -> int:
    count, left = 0, chance.expovariate(1.0)
    while left < mean:
        count += 1
        left += chance.expovariate(1.0)
    return count


@dataclass
class Outcome:
    """What a year of looks at one site came to."""

    kind: str
    articles: int
    seen: int
    in_gaps: int
    interval: float
    delay: float
    requests: int
    unchanged: int
    not_modified: int
    oracle: int
    failed: int


def follow(number: int, days: int, seed: int) -> Outcome:
    """Look at one site for so many days."""
    chance = random.Random(f"{seed}:{number}")
    site = invent(chance, days)
    end = START + timedelta(days=days)
    delays: dict[int, float] = {}
    gaps: list[tuple[datetime, datetime]] = []
    rhythm, before, newest, read_to, failures = None, None, None, None, 0
    now = START + chance.random() * HOUR
    told: Counter[str] = Counter()
    first = bisect.bisect_right(site.moments, START)
    known: set[int] = set()
    while now < end:
        told["requests"] += 1
        if any(a <= now < b for a, b in site.outages):
            failures += 1
            told["failed"] += 1
            now = next_attempt(number, now, failures, before)
            continue
        failures = 0
        last = bisect.bisect_right(site.moments, now)
        edited = bisect.bisect_right(site.edits, now)
        entries = range(max(0, last - site.shown), last)
        said = [
            Announcement(f"https://s{number}.example/{n}",
                         published=site.moments[n] if site.dated else None)
            for n in entries
        ]  # fmt: skip
        fresh = [one for n, one in zip(entries, said, strict=True) if n not in known]
        if (last, edited) == read_to:
            told["unchanged"] += 1
            told["not_modified"] += site.conditional
        if before is not None:
            gap = find_gap(said, fresh, newest, before, now)
            if gap is not None:
                gaps.append(gap)
            for n in entries:
                if n not in known and n >= first:
                    delays[n] = (now - site.moments[n]).total_seconds()
        rhythm = updated_rhythm(rhythm, fresh, said, before, now)
        known.update(entries)
        if site.dated and last:
            newest = site.moments[last - 1]
        before, read_to = now, (last, edited)
        now = next_visit(number, now, rhythm, PollingHints(entries=len(said)), PollingBounds())
    published = [n for n in range(first, len(site.moments)) if site.moments[n] < (before or START)]
    lost = [n for n in published if n not in known]
    in_gaps = sum(any(a <= site.moments[n] <= b for a, b in gaps) for n in lost)
    away = [d for n, d in delays.items() if not _in_outage(site, site.moments[n])]
    times = [site.moments[n].timestamp() for n in published]
    interval = (times[-1] - times[0]) / max(1, len(times) - 1)
    median = statistics.median(away)
    return Outcome(
        site.kind, len(published), len(published) - len(lost), in_gaps, interval, median,
        told["requests"] - told["failed"], told["unchanged"], told["not_modified"],
        oracle(times, median), told["failed"],
    )  # fmt: skip


def _in_outage(site: Site, moment: datetime) -> bool:
    return any(a <= moment < b for a, b in site.outages)


def oracle(times: list[float], median: float) -> int:
    """The fewest looks at known moments that leave the same median delay: each waits for the first
    article not seen yet to be so old that this comes out."""
    low, high, best = 0.0, median * 20, len(times)
    for _ in range(30):
        wait = (low + high) / 2
        looks, delays, at = 0, [], 0
        while at < len(times):
            look = times[at] + wait
            while at < len(times) and times[at] <= look:
                delays.append(look - times[at])
                at += 1
            looks += 1
        if statistics.median(delays) <= median:
            low, best = wait, min(best, looks)
        else:
            high = wait
    return best


def main() -> None:
    """Follow all sites and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    work = partial(follow, days=given.days, seed=given.seed)
    with multiprocessing.Pool(given.processes) as pool:
        found = pool.map(work, range(given.sources), chunksize=4)
    print(f"{given.sources} sources, {given.days} days, seed {given.seed}\n")
    print(
        "| sources | articles | a day | seen or in a gap | delay / interval: median, p90 "
        "| within a quarter | unchanged: 304 | looks an article | by an oracle's "
        "| with the articles' own requests |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind in [*KINDS, "all"]:
        some = [one for one in found if kind in (one.kind, "all")]
        if not some:
            continue
        articles = sum(o.articles for o in some)
        kept = sum(o.seen + o.in_gaps for o in some)
        ratios = sorted(o.delay / o.interval for o in some)
        unchanged = sum(o.unchanged for o in some if o.not_modified)
        not_modified = sum(o.not_modified for o in some)
        requests, needed = sum(o.requests for o in some), sum(o.oracle for o in some)
        print(
            f"| {len(some)} {kind} | {articles:,} | {articles / given.days / len(some):.1f} "
            f"| {100 * sum(o.seen for o in some) / articles:.3f} %, {100 * kept / articles:.3f} % "
            f"| {statistics.median(ratios):.3f}, {ratios[int(len(ratios) * 0.9)]:.3f} "
            f"| {100 * sum(r <= 0.25 for r in ratios) / len(ratios):.0f} % "
            f"| {100 * not_modified / max(1, unchanged):.0f} % "
            f"| {requests / articles:.2f} | {requests / needed:.2f} "
            f"| {(requests + articles) / (needed + articles):.2f} |"
        )


if __name__ == "__main__":
    main()
