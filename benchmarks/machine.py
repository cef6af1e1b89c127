"""How fast this machine is at the moment: what a library of others takes for the bench's pages.

    python benchmarks/machine.py [../shared/bench]

The same machine is twice as fast in one minute as in the next, and another machine is another matter.
trafilatura 2 took 18 ms a page (median, one core) where the speeds that Dateline is held to were
set: milliseconds here, times 18, by what this prints, are milliseconds there.
"""

from __future__ import annotations

import gzip
import importlib.util
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT.parent / "shared" / "bench"
REFERENCE_MS = 18.0
# Every so many pages are enough to tell.
_EACH = 6


def trafilatura_ms(bench: Path = BENCH) -> float | None:
    """CPU milliseconds of trafilatura for a page, the median; ``None`` without it or the bench."""
    files = sorted((bench / "pages").glob("*.html.gz"))[::_EACH]
    if not files or importlib.util.find_spec("trafilatura") is None:
        return None
    import trafilatura

    pages = [gzip.decompress(file.read_bytes()).decode("utf-8", "replace") for file in files]
    trafilatura.bare_extraction(pages[0], with_metadata=True)
    times = []
    for page in pages:
        start = time.process_time()
        trafilatura.bare_extraction(page, with_metadata=True)
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times)


def told(before: float | None, after: float | None) -> str:
    """A line on the machine's speed around a measurement."""
    if before is None or after is None:
        return "(the machine's speed is not known: no trafilatura, or no ../shared/bench)"
    factor = (before + after) / 2 / REFERENCE_MS
    return (f"trafilatura takes {before:.0f} ms a page here before and {after:.0f} after: "
            f"{factor:.1f} times the {REFERENCE_MS:.0f} of the machine the targets are of")  # fmt: skip


if __name__ == "__main__":
    taken = trafilatura_ms(Path(sys.argv[1]) if len(sys.argv) > 1 else BENCH)
    print("not known" if taken is None else f"{taken:.1f} ms")
