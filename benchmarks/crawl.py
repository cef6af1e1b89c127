"""The whole pipeline on real pages, beside bare Scrapy and what a user would write instead.

    python benchmarks/crawl.py [FOLDER…] [--pages 2000] [--sources 20 1] [--rounds 1]
                               [--only bare script dateline] [--depth 0]

The pages (``*.html.gz``) in each FOLDER are served under new URLs, each copy in other words, from
as many sites as ``--sources`` says: compressed, by nginx where it is installed
(``page_server.py``). Without a FOLDER, ``../shared/bench/pages`` and ``../shared/wcxb/pages`` are
used where they are there, else generated pages.

In turn, bare Scrapy fetches all pages, a script extracts them with trafilatura into SQLite
(``crawl_script.py``; only where trafilatura is installed), and Dateline crawls them into a new
archive: robots.txt, captures, extraction in workers, revisions, duplicates, search index. Prints
pages/s, CPU milliseconds per page of each role, cores busy, peak memory, and the ratios; figures
are comparable only within one run (``docs/performance.md``).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import machine
from benchmarks.page_copies import copies, made_pages, real_pages
from benchmarks.page_server import Sites, write_pages
from benchmarks.process_usage import Usage, measure

if TYPE_CHECKING:
    from collections.abc import Iterable

SHARED = ROOT.parent / "shared"
KINDS = ("bare", "script", "dateline")
_DATELINE = (
    "from benchmarks.process_usage import name_threads; name_threads();"
    "from dateline.cli import main; main()"
)
_HEAD = (
    f"{'':10}{'sources':>8}{'pages':>7}{'articles':>9}{'pages/s':>9}{'CPU ms/page':>13}"
    f"{'cores':>7}{'memory MB':>11}{'main MB':>9}"
)


@dataclass
class Run:
    """One crawl: which, over how many sources, what it took and what came of it."""

    kind: str
    sources: int
    pages: int
    articles: int
    usage: Usage
    told: str = ""

    @property
    def rate(self) -> float:
        """Pages per second of the whole command, its start included."""
        return self.pages / self.usage.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per page, of all processes."""
        return sum(self.usage.cpu.values()) / self.pages * 1000


def crawl(kind: str, sites: Sites, depth: int) -> Run:
    """Crawl all pages of ``sites`` once, into a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATELINE_ALLOW_PRIVATE": "1", "DATELINE_ARCHIVE": folder,
                       "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}  # fmt: skip
        if kind == "dateline":
            return _dateline(sites, depth, folder, environment)
        urls = Path(folder) / "urls"
        urls.write_text("\n".join(sites.urls))
        command = [sys.executable, str(ROOT / "benchmarks" / "crawl_script.py"), kind, str(urls),
                   str(Path(folder) / "texts.db")]  # fmt: skip
        usage = measure(command, environment)
        pages, articles = map(int, usage.output.split())
        return Run(kind, len(sites.homes), pages, articles, usage)


def _dateline(sites: Sites, depth: int, folder: str, environment: dict[str, str]) -> Run:
    command = [sys.executable, "-c", _DATELINE]
    measure([*command, "init", folder], environment)
    commands = [
        [*command, "add", home, "--name", f"paper-{number}", "--rights", "ignore"]
        for number, home in enumerate(sites.homes)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as several:
        list(several.map(lambda add: measure(add, environment), commands))
    options = ["--limit", "0", "--media", "0", "--depth", str(depth), "--json"]
    usage = measure([*command, "crawl", *options], environment)
    total = {
        name: sum(summary[name] for summary in json.loads(usage.output))
        for name in ("new", "duplicate", "skipped", "failed")
    }
    told = ", ".join(f"{count} {name}" for name, count in total.items())
    return Run("dateline", len(sites.homes), sum(total.values()), total["new"], usage, told)


def print_run(run: Run) -> None:
    """Print the figures of one run, and below them where its CPU time went."""
    usage = run.usage
    print(f"{run.kind:10}{run.sources:8}{run.pages:7}{run.articles:9}{run.rate:9.1f}{run.cpu_ms:13.1f}"
          f"{usage.cores:7.2f}{usage.memory / 1e6:11.0f}{usage.main_memory / 1e6:9.0f}")  # fmt: skip
    parts = ", ".join(
        f"{role} {seconds / run.pages * 1000:.2f}" for role, seconds in usage.cpu.most_common()
    )
    print(f"    CPU ms/page: {parts}")
    if run.told:
        print(f"    {run.told}")


def print_ratios(runs: list[Run]) -> None:
    """Print how Dateline compares with the others, round by round."""
    for sources in dict.fromkeys(run.sources for run in runs):
        kinds = {
            kind: [run for run in runs if (run.kind, run.sources) == (kind, sources)]
            for kind in KINDS
        }
        for other in KINDS[:2]:
            pairs = list(zip(kinds["dateline"], kinds[other], strict=False))
            if pairs:
                rates = [ours.rate / its.rate for ours, its in pairs]
                cpu = [ours.cpu_ms / its.cpu_ms for ours, its in pairs]
                print(f"Dateline / {other}, {sources} sources: pages/s {_median(rates)}, "
                      f"CPU per page {_median(cpu)}")  # fmt: skip


def _median(ratios: list[float]) -> str:
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    more = f" (median of {each})" if len(ratios) > 1 else ""
    return f"{statistics.median(ratios):.2f}{more}"


def _pages(folders: list[Path], count: int) -> Iterable[bytes]:
    if not folders:
        folders = [SHARED / "bench" / "pages", SHARED / "wcxb" / "pages"]
    pages = real_pages(folders)
    print(f"{len(pages)} real pages" if pages else "no real pages found: generated ones")
    return copies(pages, count) if pages else made_pages(count)


def main() -> None:
    """Serve the pages, crawl them in turn and print the figures."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # stops the server too
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--sources", type=int, nargs="+", default=[20, 1])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--depth", type=int, default=0)
    args = parser.parse_args()
    kinds = [kind for kind in KINDS if kind in args.only]
    if "script" in kinds and importlib.util.find_spec("trafilatura") is None:
        kinds.remove("script")
        print("trafilatura is not installed: the script that uses it is left out")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, sent = write_pages(folder, _pages(args.folders, args.pages))
        before = machine.trafilatura_ms()
        runs = []
        for sources in args.sources:
            sites = Sites(folder, sources, args.pages)
            with sites.served() as server:
                print(f"{args.pages} pages of {plain / 1000:.0f} kB ({sent / 1000:.0f} kB as sent), "
                      f"{sources} sources, {server}, {os.cpu_count()} cores")  # fmt: skip
                print(_HEAD)
                for kind in kinds * args.rounds:
                    runs.append(crawl(kind, sites, args.depth))
                    print_run(runs[-1])
                    sys.stdout.flush()
    print_ratios(runs)
    print(machine.told(before, machine.trafilatura_ms()))


if __name__ == "__main__":
    main()
