"""A disk that fills up in the middle of a crawl, and a database that somebody holds."""

from __future__ import annotations

import random
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from storage.archive import create_archive, open_archive
from storage.database import engine
from storage.errors import FolderNotWritable
from storage.maintenance.integrity import check_archive
from tests.crawler.commands import Commands
from tests.pages import article_page, sentences
from tests.storage.values import NOW, article, new_source, stored, task_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pages import LocalSite

PAGES = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1.5 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(folder)],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"needs the right to mount a small file system: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.crawl
def test_a_full_disk_stops_the_crawl_and_loses_nothing(small_disk: Path, site: LocalSite) -> None:
    chance = random.Random(3)
    items = ""
    for n in range(PAGES):
        # Noise does not shrink, so that the captures fill the disk.
        noise = f"<!-- {chance.randbytes(60_000).hex()} -->"
        path = f"/news/{n}/a-story-of-the-harbour-{n}"
        site.set(path, article_page(f"Story {n}", sentences(n), extra=noise))
        items += f"<item><title>Story {n}</title><link>{site.base}{path}</link></item>"
    site.set("/feed.xml", f"<rss version='2.0'><channel><title>H</title>{items}</channel></rss>",
             "application/rss+xml")  # fmt: skip
    site.set("/", '<html lang="en"><head><title>H</title><link rel="alternate" '
             'type="application/rss+xml" href="/feed.xml"/></head><body></body></html>')  # fmt: skip
    commands = Commands(small_disk / "archive")
    assert commands("init", str(commands.folder)).code == 0
    assert commands("add", f"{site.base}/", "--name", "h", "--delay", "0").code == 0
    first = commands("crawl", "h", "--json")
    assert first.code == 1
    failure = first.json[0]["failure"]
    assert "space" in failure or "full" in failure
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    with open_archive(str(commands.folder)) as archive:
        from storage.captures.care import repair

        repair.repair(archive)
        assert check_archive(archive) == []
    second = commands("crawl", "h", "--json")
    assert second.code == 0, second.err
    with open_archive(str(commands.folder)) as archive:
        assert check_archive(archive) == []
        assert len(list(archive.search("story", duplicates=True))) == PAGES


def test_a_database_that_is_held_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 150)
    with create_archive(str(tmp_path / "archive")) as archive:
        source = new_source(archive)
        task = task_for(archive, source, "https://herald.example/1")
        other = sqlite3.connect(tmp_path / "archive" / "dateline.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FolderNotWritable, match="locked"):
            archive.record(source, None, [stored(task, article())], NOW)
        other.execute("COMMIT")
        other.close()
        (done,) = archive.record(source, None, [stored(task, article())], NOW)
        assert done.verdict == "new"
