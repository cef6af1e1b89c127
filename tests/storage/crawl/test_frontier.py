"""The frontier: what is announced, taken, woken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from storage.crawl.frontier import next_tasks, pending_count
from storage.types.endpoints import Announcement
from storage.types.pages import PageFailed, PageSkipped
from tests.storage.values import NOW, article, later, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive


def _urls(archive: Archive, source_id: int, **limits: object) -> list[str]:
    limits.setdefault("count", 50)
    with archive.reading() as session:
        return [t.url for t in next_tasks(session, source_id, NOW, **limits)]  # type: ignore[arg-type]


def _old_deep_and_new(archive: Archive) -> int:
    """A source with an old candidate, one two links away, and a new one; its id."""
    source_id = new_source(archive)
    said = [
        Announcement("https://herald.example/old", published=NOW - timedelta(days=9)),
        Announcement("https://herald.example/deep", depth=2),
        Announcement("https://herald.example/new", published=NOW),
    ]
    archive.add_announcements(source_id, said, NOW)
    return source_id


def test_an_address_is_taken_in_once_however_it_is_spelt(archive: Archive) -> None:
    source_id = new_source(archive)
    said = [Announcement("https://herald.example/a-b-c-d"),
            Announcement("http://www.herald.example/a-b-c-d/?utm_source=x#top")]  # fmt: skip
    assert archive.add_announcements(source_id, said, NOW) == 1
    assert archive.add_announcements(source_id, said, NOW) == 0


def test_the_newest_come_first_and_undated_last(archive: Archive) -> None:
    source_id = new_source(archive)
    said = [
        Announcement("https://herald.example/undated"),
        Announcement("https://herald.example/old", published=NOW - timedelta(days=9)),
        Announcement("https://herald.example/new", published=NOW),
    ]
    archive.add_announcements(source_id, said, NOW)
    names = [url.rpartition("/")[2] for url in _urls(archive, source_id)]
    assert names == ["new", "old", "undated"]


def test_since_depth_and_what_is_taken_are_left_out(archive: Archive) -> None:
    source_id = _old_deep_and_new(archive)
    with archive.reading() as session:
        first = next_tasks(session, source_id, NOW, count=1)[0]
    rest = _urls(archive, source_id, since=NOW - timedelta(days=1), taken={first.key})
    assert rest == []
    assert len(_urls(archive, source_id, depth=2)) == 3


def test_what_waits_is_counted_as_the_same_run_would_find_it(archive: Archive) -> None:
    source_id = _old_deep_and_new(archive)
    with archive.reading() as session:
        assert pending_count(session, source_id) == 3
        assert pending_count(session, source_id, depth=1) == 2
        assert pending_count(session, source_id, 1, NOW - timedelta(days=1)) == 1


def test_a_later_modification_makes_an_article_due(archive: Archive) -> None:
    source_id = new_source(archive)
    url = "https://herald.example/a-b-c-d"
    archive.record(source_id, None, [stored(task_for(archive, source_id, url), article())], NOW)
    soon = later(seconds=1)
    with archive.reading() as session:
        assert next_tasks(session, source_id, NOW - timedelta(seconds=1), count=5, rechecks=5) == []
    archive.add_announcements(
        source_id, [Announcement(url, modified=soon)], NOW - timedelta(days=1)
    )
    with archive.reading() as session:
        assert (
            len(next_tasks(session, source_id, NOW - timedelta(seconds=1), count=5, rechecks=5))
            == 1
        )


def test_what_was_skipped_is_tried_again_only_when_it_changed(archive: Archive) -> None:
    source_id = new_source(archive)
    url = "https://herald.example/section"
    task = task_for(archive, source_id, url, modified=NOW)
    archive.record(source_id, None, [PageSkipped(task, "listing")], NOW)
    archive.add_announcements(source_id, [Announcement(url, modified=NOW)], NOW)
    with archive.reading() as session:
        assert pending_count(session, source_id) == 0
    archive.add_announcements(source_id, [Announcement(url, modified=later(hours=1))], NOW)
    with archive.reading() as session:
        assert pending_count(session, source_id) == 1


def test_sixty_thousand_announcements_are_taken_in(archive: Archive) -> None:
    source_id = new_source(archive)
    said = [Announcement(f"https://herald.example/story-number-{i}-of-many") for i in range(60_000)]
    assert archive.add_announcements(source_id, said, NOW) == 60_000


def test_what_failed_for_now_waits_for_the_next_run(archive: Archive) -> None:
    source_id = new_source(archive)
    task = task_for(archive, source_id, "https://herald.example/a-b-c-d")
    archive.record(
        source_id, None, [PageFailed(task, "timeout", "it took too long")], later(hours=1)
    )
    with archive.reading() as session:
        assert next_tasks(session, source_id, NOW, count=5) == []
        assert next_tasks(session, source_id, later(hours=1), count=5) == []
        assert len(next_tasks(session, source_id, later(hours=2), count=5)) == 1
        assert pending_count(session, source_id) == 1


def test_a_run_may_have_taken_more_than_a_statement_takes_values(archive: Archive) -> None:
    source_id = new_source(archive)
    said = [Announcement(f"https://herald.example/{i}") for i in range(3)]
    archive.add_announcements(source_id, said, NOW)
    url = "https://herald.example/a-b-c-d"
    archive.record(source_id, None, [stored(task_for(archive, source_id, url), article())], NOW)
    with archive.reading() as session:
        first = next_tasks(session, source_id, NOW, count=1)[0]
        taken = {
            first.key,
            *((kind, 10_000 + i) for kind in ("candidate", "item") for i in range(70_000)),
        }
        found = next_tasks(session, source_id, later(days=40), count=9, taken=taken, rechecks=9)
    assert [task.url.rpartition("/")[2] for task in found] == ["1", "2", "a-b-c-d"]
