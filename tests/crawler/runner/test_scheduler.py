"""``dateline run``: what is due is crawled, once, whoever is killed or runs beside it."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from storage.archive import open_archive
from storage.clock import utc_now
from storage.models import Article, Base, CrawlRun, Endpoint, Lease
from tests.conftest import new_postgres_database
from tests.crawler.commands import Commands, children
from tests.pages import LocalSite, Reply, article_page, sentences, serving

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


ARTICLES = 12


def _publish(site: LocalSite, count: int = ARTICLES) -> None:
    items = []
    for n in range(count):
        path = f"/news/{n}/a-story-of-the-quay-{n}"
        site.set(path, article_page(f"Story {n} of the quay", sentences(n)))
        items.append(f"<item><title>Story {n}</title><link>{site.base}{path}</link></item>")
    site.set(
        "/feed.xml",
        f"<rss version='2.0'><channel><title>Q</title>{''.join(items)}</channel></rss>",
        "application/rss+xml",
    )
    site.set(
        "/",
        '<html lang="en"><head><title>Quay</title><link rel="alternate" '
        'type="application/rss+xml" href="/feed.xml"/></head><body></body></html>',
    )


def _followed(dateline: Commands, *sites: LocalSite) -> None:
    for number, site in enumerate(sites):
        _publish(site)
        added = dateline("add", f"{site.base}/", "--name", f"site{number}", "--delay", "0")
        assert added.code == 0, added.err


def _count(dateline: Commands, what: object) -> int:
    with (
        open_archive(
            str(dateline.folder), dateline.environment.get("DATELINE_DATABASE")
        ) as archive,
        archive.reading() as session,
    ):
        return session.scalar(select(func.count()).select_from(what)) or 0  # type: ignore[arg-type]


def _make_due(dateline: Commands) -> None:
    with open_archive(
        str(dateline.folder), dateline.environment.get("DATELINE_DATABASE")
    ) as archive:
        archive.write(lambda s: s.execute(update(Endpoint).values(next_due_at=utc_now())))


def test_once_crawls_what_is_due_and_then_nothing(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    with serving() as other:
        _followed(dateline, site, other)
        first = dateline("run", "--once")
        assert first.code == 0, first.err
        assert "site0: 12 new" in first.err
        assert "site1: 12 new" in first.err
        assert _count(dateline, Article) == 2 * ARTICLES
        asked = len(site.requests)
        again = dateline("run", "--once")
        assert again.code == 0
        assert "no source is due; next:" in again.err
        assert len(site.requests) == asked
        assert _count(dateline, CrawlRun) == 2
        assert _count(dateline, Lease) == 0
        _publish(other, ARTICLES + 3)
        _make_due(dateline)
        assert "site1: 3 new" in dateline("run", "--once").err


def test_two_at_once_crawl_each_source_once(dateline: Commands, site: LocalSite) -> None:
    with serving() as other:
        _followed(dateline, site, other)
        both = [dateline.start("run", "--once") for _ in range(2)]
        assert [one.wait(100) for one in both] == [0, 0]
        assert _count(dateline, Article) == 2 * ARTICLES
        assert _count(dateline, CrawlRun) == 2
        assert site.asked("/feed.xml") == 2  # once when it was added, once when it was crawled


def test_killed_and_started_again_it_completes_the_site(
    dateline: Commands, site: LocalSite
) -> None:
    _followed(dateline, site)
    gate = threading.Event()
    slow = Reply(article_page("Story 5 of the quay", sentences(5)).encode())

    def held(_: object) -> Reply:
        gate.wait(20)
        return slow

    site.pages["/news/5/a-story-of-the-quay-5"] = held
    running = dateline.start("run")
    while site.asked("/news/5/a-story-of-the-quay-5") == 0:
        time.sleep(0.05)
        assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.wait()
    gate.set()
    assert _count(dateline, Lease) == 1
    # Its process is no more, so that its lease is free; one of another machine's would not be.
    _make_due(dateline)
    assert dateline("run", "--once").code in (0, 3)
    assert _count(dateline, Article) == ARTICLES
    assert dateline("db", "check").code == 0


def test_it_stops_in_order(dateline_sqlite: Commands, site: LocalSite) -> None:
    _followed(dateline_sqlite, site)
    running = dateline_sqlite.start("run")
    while _count(dateline_sqlite, Article) < ARTICLES:
        time.sleep(0.2)
        assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 0
    assert _count(dateline_sqlite, Lease) == 0


def test_the_service_names_the_archive(dateline_sqlite: Commands) -> None:
    unit = dateline_sqlite("install-service", "--print").out
    assert f"DATELINE_ARCHIVE={dateline_sqlite.folder}" in unit
    assert "-m dateline run" in unit
    assert dateline_sqlite("run", "--once").code == 1


def test_looking_again_and_again_leaves_nothing_but_what_was_found(
    dateline_sqlite: Commands, site: LocalSite
) -> None:
    dateline = dateline_sqlite
    _followed(dateline, site)
    assert dateline("run", "--once").code == 0

    def held() -> tuple[dict[str, int], list[str]]:
        with open_archive(str(dateline.folder)) as archive, archive.reading() as session:
            tables = {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }
        files = sorted(
            str(path.relative_to(dateline.folder))
            for path in dateline.folder.rglob("*")
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        )
        return tables, files

    def days_pass(days: int) -> None:
        with open_archive(str(dateline.folder)) as archive:
            back = timedelta(days=days)

            def work(session: Session) -> None:
                for run in session.scalars(select(CrawlRun)):
                    run.started_at -= back
                session.execute(update(Endpoint).values(next_due_at=utc_now()))
                session.execute(update(Article).values(next_check_at=utc_now() + 30 * back))

            archive.write(work)

    # Nothing is due: nothing changes at all.
    before = held()
    for _ in range(3):
        assert dateline("run", "--once").code == 0
    assert held() == before
    days_pass(2)
    assert dateline("run", "--once").code == 0
    after_one = held()
    for _ in range(4):
        days_pass(2)
        assert dateline("run", "--once").code == 0
    assert held() == after_one
    assert after_one[1] == before[1]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to find processes in")
def test_a_worker_starts_what_was_killed_again_and_ends_in_order(
    tmp_path: Path, postgres_server: str, site: LocalSite
) -> None:
    dateline = Commands(tmp_path / "archive", new_postgres_database(postgres_server))
    assert dateline("init", str(dateline.folder)).code == 0
    _followed(dateline, site)
    running = dateline.start("worker", "--processes", "2")

    while len(first := children(running.pid)) < 2 or _count(dateline, Article) < ARTICLES:
        time.sleep(0.2)
        assert running.poll() is None
    os.kill(first[0], signal.SIGKILL)
    while len(set(children(running.pid)) - {first[0]}) < 2:
        time.sleep(0.2)
        assert running.poll() is None
    running.terminate()
    assert running.wait(60) == 0
    for child in first[1:]:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    # The killed one may have left a lease, which is free for whoever comes next.
    assert _count(dateline, Lease) <= 1


def test_a_worker_wants_a_database_for_many(dateline_sqlite: Commands) -> None:
    dateline = dateline_sqlite
    assert dateline("init", str(dateline.folder)).code == 0
    refused = dateline("worker")
    assert refused.code == 2
    assert "Use `dateline run`" in refused.err
