"""What compression costs and gains: gzip by several libraries, Zstandard with a dictionary per source.

    python benchmarks/captures.py [../shared/bench]

Sites: the demonstration site's two, the generated pages of the crawl benchmark, and the publishers
of the bench with most pages. Half of a site's pages train the dictionary; the other half is packed,
each page in a member of its own with its HTTP head, as captures are.
"""

from __future__ import annotations

import collections
import gzip
import json
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from backports import zstd
from isal import isal_zlib
from zlib_ng import zlib_ng

from benchmarks.page_copies import made_pages
from dateline.demo.site import agency, newspaper
from storage.captures.zstd_dictionaries import dictionary_of_pages

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 10 Mar 2026 12:00:00 GMT\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nCache-Control: max-age=300\r\n\r\n"
)


def sites(bench: Path | None) -> dict[str, list[bytes]]:
    """Pages by site."""
    found = {
        "demonstration agency": [a.body for a in agency("http://a").values() if b"<html" in a.body],
        "demonstration paper": [
            a.body for a in newspaper("http://b").values() if b"<html" in a.body
        ],
        "generated paper": made_pages(400),
    }
    if bench is not None:
        hosts: dict[str, list[bytes]] = collections.defaultdict(list)
        for line in (bench / "truth.jsonl").read_text().strip("\n").split("\n"):
            row = json.loads(line)
            host = urlsplit(row.get("url") or "").hostname or row.get("publisher", "")
            page = bench / "pages" / f"{row['id']}.html.gz"
            hosts[host].append(gzip.decompress(page.read_bytes()))
        for host, pages in sorted(hosts.items(), key=lambda h: -len(h[1]))[:4]:
            found[f"{host} ({len(pages)} pages)"] = pages
    return found


def gzip_by(module: object, level: int) -> Callable[[bytes], bytes]:
    """Packs with a library of zlib's form."""

    def pack(page: bytes) -> bytes:
        engine = module.compressobj(level, 8, 31)
        return engine.compress(page) + engine.flush()

    return pack


def main() -> None:
    """Print a table a site."""
    bench = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for name, bodies in sites(bench).items():
        pages = [HEAD + page for page in bodies]
        training, rest = pages[::2], pages[1::2]
        ways = {
            "zlib 5": gzip_by(zlib, 5),
            "zlib-ng 5": gzip_by(zlib_ng, 5),
            "ISA-L 3": gzip_by(isal_zlib, 3),
            "zstd 9": lambda page: zstd.compress(page, 9),
        }
        dictionary = dictionary_of_pages([page[len(HEAD) :] for page in training])
        if dictionary is not None:
            made = zstd.ZstdDict(dictionary, is_raw=True)
            for level in (3, 9):
                ways[f"zstd {level} + dictionary"] = lambda page, level=level, made=made: (
                    zstd.compress(page, level, zstd_dict=made)
                )
        total = sum(map(len, rest))
        print(
            f"\n{name}: {len(rest)} pages, {total / len(rest) / 1000:.1f} kB each"
            f", dictionary {len(dictionary or b'') / 1000:.0f} kB"
        )
        base = None
        for way, pack in ways.items():
            began = time.process_time()
            size = sum(len(pack(page)) for page in rest)
            spent = time.process_time() - began
            base = base or size
            print(
                f"  {way:22} {size / len(rest) / 1000:8.2f} kB a page  {size / base:5.2f} of zlib 5"
                f"  {spent / len(rest) * 1000:6.2f} ms"
            )


if __name__ == "__main__":
    main()
