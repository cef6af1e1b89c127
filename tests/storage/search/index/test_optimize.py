"""Merging the search index after a run: fewer parts, the same answers, nobody held up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import text

from storage.archive import Archive, create_archive, open_archive
from storage.maintenance import integrity
from storage.search.index.optimize import merge_segments, optimize
from tests.pages import sentences
from tests.storage.values import NOW, article, new_source, stored, task_for

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from sqlalchemy.orm import Session


def filled(folder: Path, runs: int) -> Archive:
    """An archive whose index has a segment of each of so many transactions."""
    archive = create_archive(folder)
    source = new_source(archive)
    for number in range(runs):
        task = task_for(archive, source, f"https://herald.example/news/{number}/a-story")
        page = stored(task, article(f"Bells {number}", *sentences(number, 4), language="en"))
        archive.record(source, None, [page], NOW)
    return archive


def segments(archive: Archive) -> int:
    """How many segments the index has: the upper bits of its pages' numbers are theirs."""
    with archive.engine.connect() as connection:
        return int(connection.scalar(
            text("SELECT count(DISTINCT id >> 37) FROM search_index_data WHERE id >> 37 > 0")
        ) or 0)  # fmt: skip


def test_what_runs_wrote_is_merged_after_them(tmp_path: Path) -> None:
    with filled(tmp_path / "a", 13) as archive:
        before = segments(archive)
        found = [hit.id for hit in archive.search("bells")]
        optimize(archive)
        assert (before, segments(archive)) == (13, 1)
        assert [hit.id for hit in archive.search("bells")] == found
        assert merge_segments(archive.engine, 1.0)
        with archive.reading() as session:
            assert not list(integrity._index(session))


def test_merging_ends_with_its_time(tmp_path: Path) -> None:
    with filled(tmp_path / "a", 6) as archive:
        assert not merge_segments(archive.engine, 0)
        assert segments(archive) == 6


def test_merging_leaves_a_writer_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "a", 6).close()
    monkeypatch.setattr("storage.database.engine.BUSY_TIMEOUT_MS", 50)
    with open_archive(tmp_path / "a") as archive, open_archive(tmp_path / "a") as other:
        began = time.monotonic()

        def work(session: Session) -> None:
            session.execute(text("SELECT 1"))
            assert not merge_segments(other.engine, 60.0)

        archive.write(work)
        assert time.monotonic() - began < 30
        assert segments(archive) == 6
        assert merge_segments(other.engine, 60.0)
