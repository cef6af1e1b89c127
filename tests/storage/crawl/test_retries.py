"""What could not be had is tried three times, and again when there is a reason to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from storage.crawl.frontier import next_tasks
from storage.types.endpoints import Announcement
from storage.types.pages import PageFailed, PageSkipped
from tests.storage.values import NOW, article, later, new_source, stored, task_for

if TYPE_CHECKING:
    from datetime import datetime

    from storage.archive import Archive
    from storage.types.pages import Task

# On SQLite alone: nothing of it depends on the database.
pytestmark = pytest.mark.parametrize("database", [None])
URL = "https://herald.example/a-b-c-d"


def _waits(archive: Archive, source_id: int, at: datetime, *, patient: bool = False) -> bool:
    with archive.reading() as session:
        return bool(next_tasks(session, source_id, at, count=5, patient=patient))


def _failed(task: Task, cause: str) -> PageFailed | PageSkipped:
    if cause == "error":
        return PageSkipped(task, cause, "it says: not found")
    return PageFailed(task, cause, "not there", final=cause.startswith("http-4"))


@pytest.mark.parametrize("cause", ["http-404", "error", "http-500"])
def test_three_tries_over_growing_time(archive: Archive, cause: str) -> None:
    source_id = new_source(archive)
    task = task_for(archive, source_id, URL)
    for hours in (0, 10):
        archive.record(source_id, None, [_failed(task, cause)], later(hours=hours))
        assert _waits(archive, source_id, later(hours=hours, minutes=1))
        assert not _waits(archive, source_id, later(hours=hours, minutes=1), patient=True)
        assert _waits(archive, source_id, later(hours=hours + 7), patient=True)
    archive.record(source_id, None, [_failed(task, cause)], later(hours=20))
    assert not _waits(archive, source_id, later(days=20))


def _given_up(archive: Archive, cause: str = "http-404", **said: Any) -> int:
    source_id = new_source(archive)
    task = task_for(archive, source_id, URL, published=NOW, hints={"headline": "Old"}, **said)
    for hours in range(3):
        archive.record(source_id, None, [_failed(task, cause)], later(hours=hours))
    assert not _waits(archive, source_id, later(days=9))
    return source_id


@pytest.mark.parametrize(
    "said",
    [{"modified": later(hours=1)}, {"published": later(hours=1)}, {"hints": {"headline": "New"}}],
)
@pytest.mark.parametrize("cause", ["http-404", "http-410", "error", "listing"])
def test_what_is_announced_anew_is_tried_again(
    archive: Archive, said: dict[str, Any], cause: str
) -> None:
    source_id = _given_up(archive, cause)
    same: dict[str, Any] = {"published": NOW, "hints": {"headline": "Old"}}
    archive.add_announcements(source_id, [Announcement(URL, **same)], later(days=1))
    assert not _waits(archive, source_id, later(days=9))
    for _ in range(2):
        archive.add_announcements(source_id, [Announcement(URL, **{**same, **said})], later(days=2))
    assert _waits(archive, source_id, later(days=9))


def test_what_is_still_announced_a_month_later_is_tried_once_more(
    archive: Archive,
) -> None:
    source_id = _given_up(archive)
    archive.add_announcements(source_id, [Announcement(URL)], later(days=40))
    with archive.reading() as session:
        (task,) = next_tasks(session, source_id, later(days=40), count=5)
    archive.record(source_id, None, [_failed(task, "http-404")], later(days=40))
    assert not _waits(archive, source_id, later(days=60))


@pytest.mark.parametrize("cause", ["http-404", "http-410", "robots", "not-html"])
def test_who_asks_for_a_page_gets_it_tried_at_once(archive: Archive, cause: str) -> None:
    source_id = _given_up(archive, cause)
    archive.request_urls(source_id, [URL], later(hours=3))
    assert _waits(archive, source_id, later(hours=3), patient=True)


def test_who_asks_for_an_article_that_is_held_has_it_looked_at_again(
    archive: Archive,
) -> None:
    source_id = new_source(archive)
    task = task_for(archive, source_id, URL)
    archive.record(source_id, None, [stored(task, article())], NOW)
    archive.request_urls(source_id, [URL], later(days=2))
    with archive.reading() as session:
        assert len(next_tasks(session, source_id, later(days=2), count=5, rechecks=1)) == 1
