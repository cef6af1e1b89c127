"""The whole pipeline on loopback beside bare Scrapy, in one run.

    python benchmarks/crawl.py [--pages 1500] [--bench ../shared/bench] [--depth 0]

A server in a process of its own gives ``--pages`` article pages (the real ones of the bench under
new addresses where it is there, else made ones). No two texts are alike, as on a news site: a page
that is given again has its words in another order, and half of the longer ones backwards. Bare
Scrapy fetches them all and does nothing with them; Dateline crawls them into an archive: robots,
captures, extraction in workers, revisions, search index. Prints pages/s and CPU milliseconds a page,
workers included; the two are comparable only within one run. ``machine.py`` tells how fast the
machine is at the moment.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import machine

from dateline.demo.responses import ResponseVariants
from dateline.demo.texts import STORIES


def made_pages(count: int) -> list[bytes]:
    """Article pages of some 20 kB, every text different."""
    pages = []
    for i in range(count):
        story = STORIES[i % len(STORIES)]
        text = "".join(
            f"<p>{_other_words(p, f'{i}.{k}')}</p>" for k, p in enumerate(story.text * 4)
        )
        menu = "".join(
            f'<li class="menu-item"><a href="/s/{k}">Section {k}</a></li>' for k in range(60)
        )
        teasers = "".join(
            f'<div class="teaser"><h3><a href="/t/{k}/x">A teaser of some length {k}</a></h3>'
            f"<p>Short words about it {k}.</p></div>" for k in range(40)
        )  # fmt: skip
        pages.append(
            f'<html lang="en"><head><title>{story.headline} {i}</title>'
            '<meta property="og:type" content="article"/>'
            f'<meta property="article:published_time" content="{story.at.isoformat()}"/>'
            f"<style>{'.a{color:red}' * 800}</style></head><body><nav><ul>{menu}</ul></nav>"
            f"<article><h1>{story.headline} {i}</h1><p>{story.standfirst}</p>{text}</article>"
            f'<aside class="more-stories">{teasers}</aside></body></html>'.encode()
        )
    return pages


def bench_pages(bench: Path, count: int) -> list[bytes]:
    """The real pages of the bench, over and over, each time in other words."""
    files = sorted((bench / "pages").glob("*.html.gz"))
    pages = [gzip.decompress(path.read_bytes()) for path in files]
    return [_other_page(pages[i % len(pages)], i // len(pages)) for i in range(count)]


# No letters beyond ASCII: a page's encoding does not matter then. No braces: those are scripts.
_LONGER = re.compile("[A-Za-z]{5,}")
_TEXT = re.compile(rb"(?<=>)[^<>{}]{40,}(?=<)")


def _other_words(text: str, key: str) -> str:
    """``text`` in another order, half of its longer words backwards; which ones, ``key`` says."""
    chance = random.Random(key)
    words = text.split()
    chance.shuffle(words)
    return _LONGER.sub(
        lambda word: word[0][::-1] if chance.random() < 0.5 else word[0], " ".join(words)
    )


def _other_page(page: bytes, turn: int) -> bytes:
    if turn == 0:
        return page
    return _TEXT.sub(
        lambda text: _other_words(text[0].decode("latin-1"), f"{turn} {text.start()}").encode(
            "latin-1"
        ),
        page,
    ).replace(b"</h1>", f" {turn}</h1>".encode(), 1)


def serve(pages: list[bytes], told: multiprocessing.Queue[int]) -> None:
    """Serve ``/p/N/some-words-of-a-headline`` and a sitemap; the process ends by being killed.

    Answers are packed and chunked as real ones are, each once: packing is the server's time.
    """
    variants = ResponseVariants()
    ready: dict[tuple[str, str], bytes] = {}

    def made(path: str, accepted: str, port: int) -> bytes:
        status, kind, body = _page(path, pages, port)
        headers, pieces = variants.next(accepted, int(status[:3]), [("Content-Type", kind)], body)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + b"".join(pieces)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                accepted = ""
                while (field := await reader.readline()).strip():
                    name, _, value = field.decode("latin-1").partition(":")
                    accepted = value.strip() if name.lower() == "accept-encoding" else accepted
                if (path, accepted) not in ready:
                    port = writer.get_extra_info("sockname")[1]
                    ready[path, accepted] = made(path, accepted, port)
                writer.write(ready[path, accepted])
                await writer.drain()
        except (ConnectionError, IndexError):
            pass
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def _page(path: str, pages: list[bytes], port: int) -> tuple[str, str, bytes]:
    if path.startswith("/p/"):
        return "200 OK", "text/html; charset=utf-8", pages[int(path.split("/")[2])]
    if path == "/sitemap.xml":
        locs = "".join(f"<url><loc>http://127.0.0.1:{port}{_path(i)}</loc></url>"
                       for i in range(len(pages)))  # fmt: skip
        return "200 OK", "application/xml", f"<urlset>{locs}</urlset>".encode()
    if path == "/":
        return "200 OK", "text/html", b"<html><title>Bench</title><p>Bench</p></html>"
    return "404 Not Found", "text/html", b"no"


def _path(i: int) -> str:
    return f"/p/{i}/some-words-of-a-headline"


BARE = """
import sys
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

class Bare(Spider):
    name = "bare"
    async def start(self):
        for i in range(int(sys.argv[2])):
            yield Request(f"http://127.0.0.1:{sys.argv[1]}/p/{i}/some-words-of-a-headline")
    def parse(self, response):
        pass

process = AsyncCrawlerProcess({"LOG_LEVEL": "ERROR", "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
                               "CONCURRENT_ITEMS": 4, "TELNETCONSOLE_ENABLED": False,
                               "TWISTED_REACTOR":
                               "twisted.internet.asyncioreactor.AsyncioSelectorReactor"})
process.crawl(Bare)
process.start()
"""


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Seconds by the clock and of CPU of a command and all that it starts, and its output.

    Workers are children of a fork server, which no ``getrusage`` counts: the CPU of everything in
    the command's session is read from /proc until it ends.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        running = subprocess.Popen(
            command, env=environment, stdout=out, stderr=err, start_new_session=True
        )
        used: dict[str, float] = {}
        while running.poll() is None:
            used.update(_cpu_of_session(running.pid))
            time.sleep(0.25)
        wall = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        if running.returncode not in (0, 3):
            sys.exit(f"{' '.join(command)}: {err.read().decode()}")
        return wall, sum(used.values()), out.read().decode()


def _cpu_of_session(session: int) -> dict[str, float]:
    ticks = os.sysconf("SC_CLK_TCK")
    used = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[3]) == session:
            used[folder.name] = (int(fields[11]) + int(fields[12])) / ticks
    return used


def main() -> None:
    """Measure both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=1500)
    parser.add_argument("--bench", type=Path)
    parser.add_argument("--depth", default="0")
    args = parser.parse_args()
    pages = bench_pages(args.bench, args.pages) if args.bench else made_pages(args.pages)
    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(pages, port), daemon=True)
    server.start()
    number = port.get(timeout=30)
    size = sum(map(len, pages)) / len(pages) / 1000
    print(f"{len(pages)} pages of {size:.0f} kB on average, {os.cpu_count()} cores")
    before = machine.trafilatura_ms()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATELINE_ALLOW_PRIVATE": "1", "DATELINE_ARCHIVE": folder,
                       "PYTHONPATH": str(ROOT)}  # fmt: skip
        bare = timed([sys.executable, "-c", BARE, str(number), str(len(pages))], environment)
        dateline = [sys.executable, "-m", "dateline"]
        timed([*dateline, "init", folder], environment)
        timed([*dateline, "add", f"http://127.0.0.1:{number}/", "--name", "bench"], environment)
        whole = timed(
            [*dateline, "crawl", "--limit", "0", "--depth", args.depth, "--media", "0", "--json"],
            environment,
        )
        summary = json.loads(whole[2])[0]
    done = summary["new"] + summary["duplicate"] + summary["skipped"]
    print(f"{'':14}{'pages/s':>10}{'CPU ms/page':>14}")
    for name, (wall, cpu, _) in (("bare Scrapy", bare), ("Dateline", whole)):
        print(f"{name:14}{len(pages) / wall:10.1f}{cpu / len(pages) * 1000:14.1f}")
    print(machine.told(before, machine.trafilatura_ms()))
    print(f"Dateline: {done} pages came through, {summary['new']} new, {summary['failed']} failed")
    server.kill()


if __name__ == "__main__":
    main()
