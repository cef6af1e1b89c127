"""Visits to endpoints: what was missed, where feeds moved, what is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storage.crawl.backfills import (
    DiscoveredPage,
    add_pages,
    close_backfill,
    list_backfills,
    mark_page_read,
    open_backfills,
    open_gap,
    pending_pages,
    request_backfill,
)
from storage.crawl.endpoints import add_endpoints, due_endpoints, find_gap
from storage.models import Endpoint
from storage.types.endpoints import (
    Announcement,
    EndpointFailed,
    EndpointRead,
    FoundEndpoint,
    PollingHints,
)
from tests.storage.values import NOW, later, new_source

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.types.endpoints import EndpointResult

FEED = "https://herald.example/feed"


def _entry(hour: float) -> Announcement:
    """The entry that was published so many hours after ``NOW``."""
    return Announcement(f"https://herald.example/news/{hour}", published=later(hours=hour))


class _Feed:
    def __init__(self, archive: Archive, *more: str) -> None:
        self.archive = archive
        self.source = new_source(archive)
        found = [FoundEndpoint(url, "feed") for url in (FEED, *more)]
        archive.write(lambda s: add_endpoints(s, self.source, found, NOW))
        self.id = self.row().id

    def row(self, url: str = FEED) -> Endpoint:
        with self.archive.reading() as session:
            return session.scalars(select(Endpoint).where(Endpoint.url == url)).one()

    def read(self, at: float, *hours: float, **fields: Any) -> EndpointResult:
        said = tuple(_entry(hour) for hour in hours)
        fields.setdefault("digest", f"{hours}"[:60])
        return self.archive.record_endpoint(
            self.source,
            EndpointRead(self.id, 200, announcements=said, polling_hints=PollingHints(entries=len(said)), **fields),
            later(hours=at),
        )  # fmt: skip

    def fail(self, at: float, status: int, **fields: Any) -> EndpointResult:
        return self.archive.record_endpoint(
            self.source, EndpointFailed(self.id, f"http-{status}", "no", status, **fields),
            later(hours=at),
        )  # fmt: skip

    def due(self, at: float) -> list[str]:
        with self.archive.reading() as session:
            return [one.url for one in due_endpoints(session, self.source, later(hours=at))]


def test_entries_that_left_a_feed_unseen_are_a_gap(archive: Archive) -> None:
    feed = _Feed(archive)
    assert feed.read(0, -3, -2, -1).gap is None
    assert feed.read(3, -1, 1, 2).gap is None
    result = feed.read(20, 15, 16, 17, 18)
    assert result.gap == (later(hours=2), later(hours=15))
    with archive.reading() as session:
        stretches = open_backfills(session, feed.source)
    assert [(s.reason, s.since, s.until) for s in stretches] == [
        ("gap", later(hours=2), later(hours=15))
    ]
    # A further gap before anybody looked widens the first.
    feed.read(40, 33, 34, 35, 36)
    with archive.reading() as session:
        assert [s.until for s in open_backfills(session, feed.source)] == [later(hours=33)]


def test_an_entry_pinned_on_top_hides_no_gap() -> None:
    pinned = _entry(-90)
    fresh = [_entry(hour) for hour in (15, 16, 17, 18, 19, 20)]
    gap = find_gap([pinned, *fresh], fresh, later(hours=2), NOW, later(hours=20))
    assert gap == (later(hours=2), later(hours=15))
    known = [_entry(1), _entry(2)]
    assert find_gap([*known, *fresh], fresh, later(hours=2), NOW, later(hours=20)) == gap
    assert find_gap([*known, _entry(0), *fresh[:3]], fresh[:3], later(hours=2), NOW, NOW) is None


def test_a_feed_without_dates_has_a_gap_where_nothing_of_it_is_known() -> None:
    undated = [Announcement(f"https://herald.example/{n}") for n in range(5)]
    assert find_gap(undated, undated, None, NOW, later(hours=9)) == (NOW, later(hours=9))
    assert find_gap(undated, undated[:3], None, NOW, later(hours=9)) is None
    assert find_gap([], [], None, NOW, later(hours=9)) is None


def test_a_feed_that_moved_for_good_is_followed(archive: Archive) -> None:
    feed = _Feed(archive)
    result = feed.read(0, -1, moved_to="https://herald.example/rss", etag='"x"')
    assert result.message is not None
    assert "moved permanently" in result.message
    row = feed.row("https://herald.example/rss")
    assert row.id == feed.id
    assert row.closed_at is None
    assert feed.read(1, -1).message is None


def test_one_that_moved_to_another_that_is_followed_is_closed(archive: Archive) -> None:
    feed = _Feed(archive, "https://herald.example/rss")
    result = feed.read(0, -1, moved_to="https://herald.example/rss")
    assert result.message is not None
    assert "closed" in result.message
    assert feed.due(24 * 30) == ["https://herald.example/rss"]


def test_one_that_is_gone_is_closed_and_one_that_fails_is_tried_again(archive: Archive) -> None:
    feed = _Feed(archive)
    feed.read(0, -1)
    assert feed.fail(1, 404).message is None
    assert feed.due(1.1) == []
    assert feed.due(2) == [FEED]
    feed.fail(2, 429, retry_after=3 * 3600.0)
    assert feed.due(4.9) == []
    assert feed.due(5) == [FEED]
    result = feed.fail(6, 410)
    assert result.message is not None
    assert feed.due(24 * 400) == []


def test_a_rhythm_is_learned_over_visits(archive: Archive) -> None:
    feed = _Feed(archive)
    feed.read(0, *[-n / 2 for n in range(1, 21)])
    row = feed.row()
    assert row.next_due_at is not None
    # Two an hour: the bound of the source is the longer pause.
    assert later(minutes=9) < row.next_due_at < later(minutes=40)
    assert row.rhythm is not None
    assert sum(row.rhythm["cells"].values()) > 15


def test_a_stretch_is_walked_page_by_page_and_closed(archive: Archive) -> None:
    source = new_source(archive)
    number = request_backfill(archive, "herald", NOW, later(days=30), later(days=31))
    assert request_backfill(archive, "herald", NOW, later(days=30), later(days=32)) == number
    with archive.reading() as session:
        (stretch,) = open_backfills(session, source)
    first = [DiscoveredPage("https://herald.example/a", "sitemap"),
             DiscoveredPage("https://herald.example/b", "listing")]  # fmt: skip
    assert archive.write(lambda s: add_pages(s, number, first)) == 2
    assert archive.write(lambda s: add_pages(s, number, first)) == 0
    with archive.reading() as session:
        pages = pending_pages(session, stretch, 10)
    assert [page.kind for page in pages] == ["sitemap", "listing"]
    archive.write(lambda s: mark_page_read(s, pages[0], announced=5, fresh=4))
    archive.write(lambda s: mark_page_read(s, pages[1], cause="timeout"))
    done = archive.write(lambda s: close_backfill(s, number, later(days=31)))
    assert (done.state, done.announced, done.fresh, done.pages) == ("done", 5, 4, 2)
    assert done.detail == "1 of 2 pages could not be read"
    with archive.reading() as session:
        assert open_backfills(session, source) == []
        assert [one.id for one in list_backfills(session, "herald")] == [number]
    gap = archive.write(lambda s: open_gap(s, source, (NOW, later(hours=1)), NOW))
    assert archive.write(lambda s: close_backfill(s, gap, NOW)).state == "failed"


def test_narrower_bounds_hold_from_now_on(archive: Archive) -> None:
    from storage.crawl.sources import set_bounds

    feed = _Feed(archive)
    feed.read(0, *[-24.0 * n for n in range(1, 9)])
    assert feed.due(4) == []
    archive.write(lambda s: set_bounds(s, "herald", 60, 180, later(hours=1)))
    assert feed.due(4) == [FEED]
