"""Signals: a slow crawl ends soon, in order, and says that it was interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crawler.commands import children
from tests.pages import Reply, article_page, sentences

if TYPE_CHECKING:
    from tests.crawler.commands import Commands
    from tests.pages import LocalSite

pytestmark = pytest.mark.crawl


def _feed(site: LocalSite, count: int) -> None:
    items = ""
    for i in range(count):
        site.set(f"/news/{i}", article_page(f"Story {i} of the quay", sentences(i)))
        items += f"<item><title>Story {i} of the quay</title><link>/news/{i}</link></item>"
    feed = f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>"
    site.set("/rss", feed, "text/xml")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_slow_crawl_ends_with_what_is_in_flight(
    dateline_sqlite: Commands, site: LocalSite, number: int
) -> None:
    _feed(site, 40)
    assert dateline_sqlite("add", f"{site.base}/rss", "--name", "x").code == 0
    running = subprocess.Popen(
        [sys.executable, "-m", "dateline", "crawl", "x", "--delay", "30"],
        env=dateline_sqlite.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not any(site.asked(f"/news/{i}") for i in range(40)):
        time.sleep(0.05)
        assert running.poll() is None
    asked = len(site.requests)
    running.send_signal(number)
    out, err = running.communicate(timeout=25)
    assert running.returncode == 130
    assert b"interrupted" in out
    assert b"Traceback" not in err
    assert len(site.requests) <= asked + 1
    # Nothing of it counts as a try.
    assert dateline_sqlite("crawl", "x", "--delay", "0", "--json").json[0]["waiting"] == 0


def test_a_second_signal_ends_it_at_once_and_leaves_no_worker(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    _feed(site, 3)
    assert dateline_sqlite("add", f"{site.base}/rss", "--name", "x").code == 0
    gate = threading.Event()

    def held(_: object) -> Reply:
        gate.wait(60)
        return Reply(b"late")

    site.pages["/news/1"] = held
    running = dateline_sqlite.start("crawl", "x")
    while not site.asked("/news/1"):
        time.sleep(0.05)
        assert running.poll() is None
    started = [pid for child in children(running.pid) for pid in (child, *children(child))]
    for _ in range(2):
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
    assert running.wait(10) == 130
    gate.set()
    for _ in range(50):
        if not any(_is_alive(pid) for pid in started):
            return
        time.sleep(0.1)
    raise AssertionError("workers were left")


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        return stat.rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
