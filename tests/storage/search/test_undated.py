"""Articles whose publisher gives no date: of no day and no span of time, sorted by first capture."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from storage.database import migrations
from storage.search.index import indexer, keys
from storage.types.content import StatedTimestamp
from storage.types.pages import Task
from storage.users import dossiers
from tests.storage.values import NOW, article, later, new_source, publish

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example"
BEFORE = StatedTimestamp(datetime(2026, 3, 9, 8, 0, tzinfo=UTC))


@pytest.fixture
def held(archive: Archive) -> Archive:
    """Three articles: one of the day before the crawl, one without a date, one of 2020."""
    source = new_source(archive)
    publish(archive, source, f"{HOME}/dated", article("Dated lantern", published=BEFORE))
    publish(archive, source, f"{HOME}/bare", article("Bare lantern", published=None))
    old = StatedTimestamp(datetime(2020, 1, 5, tzinfo=UTC), day_only=True)
    publish(archive, source, f"{HOME}/old", article("Old lantern", published=old))
    return archive


def _found(archive: Archive, query: str, **limits: object) -> list[str]:
    hits = archive.search(query, sort="newest", **limits)  # type: ignore[arg-type]
    return [hit.headline.split()[0] for hit in hits]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("lantern", ["Bare", "Dated", "Old"]),
        ("date:2026", ["Dated"]),
        ("lantern date:2026-03-10", []),
        ("since:2026-03-01", ["Dated"]),
        ("until:2026", ["Dated", "Old"]),
        ("lantern -date:2026", ["Bare", "Old"]),
        ("is:undated", ["Bare"]),
        ("lantern est:sansdate", ["Bare"]),
        ("lantern NOT is:undated", ["Dated", "Old"]),
        ("is:undated OR date:2020", ["Bare", "Old"]),
    ],
)
def test_which_days_an_article_without_a_date_is_of(
    held: Archive, query: str, found: list[str]
) -> None:
    assert _found(held, query) == found


def test_limits_of_time_leave_it_out(held: Archive) -> None:
    assert _found(held, "lantern", since=date(2026, 3, 1)) == ["Dated"]
    assert _found(held, "", until=date(2026, 12, 31)) == ["Dated", "Old"]


def test_it_is_counted_apart(held: Archive) -> None:
    answer = held.search("lantern")
    assert answer.over_time("year") == [(date(2020, 1, 1), 1), (date(2026, 1, 1), 1)]
    assert (answer.undated(), answer.total()) == (1, 3)
    assert held.search("lantern", since=date(2019, 1, 1)).undated() == 0


def test_a_date_that_comes_later_counts(held: Archive) -> None:
    (hit,) = held.search("is:undated")
    task = Task(f"{HOME}/bare", "article", 0, item_id=hit.id)
    content = article("Bare lantern", "Now it says when it was written.", published=BEFORE)
    publish(held, 1, f"{HOME}/bare", content, later(days=1), task=task)
    assert sorted(_found(held, "date:2026-03-09")) == ["Bare", "Dated"]
    assert held.search("lantern").undated() == 0


def test_a_dossier_shows_no_capture_as_a_date(held: Archive) -> None:
    number = dossiers.add_dossier(held, "Lanterns", NOW)
    ids = [hit.id for hit in held.search("lantern", sort="newest")]
    dossiers.add_articles(held, number, ids, NOW)
    said = {one.headline: one.published for one in dossiers.dossier_entries(held, number)}
    assert said["Bare lantern"] is None
    assert said["Dated lantern"] == BEFORE


def test_archives_of_before_are_mended(held: Archive) -> None:
    migrations.downgrade(held.engine, "0013")
    # As it was: under a key of the day of the capture.
    with held.engine.begin() as connection:
        connection.execute(
            text("UPDATE articles SET search_key = :key WHERE published_at IS NULL"),
            {"key": keys.first_key_of(NOW, None)},
        )
        connection.execute(text("UPDATE sources SET rights = 'obey'"))
        connection.execute(
            text("UPDATE candidates SET state = 'skipped', cause = 'noarchive' WHERE url = :url"),
            {"url": f"{HOME}/old"},
        )
    migrations.upgrade(held.engine)
    indexer.index_missing(held)
    assert _found(held, "date:2026") == ["Dated"]
    assert _found(held, "is:undated") == ["Bare"]
    with held.engine.connect() as connection:
        assert connection.scalar(text("SELECT rights FROM sources")) == "reserve"
        waiting = "SELECT url FROM candidates WHERE state = 'pending'"
        assert connection.scalars(text(waiting)).all() == [f"{HOME}/old"]
        assert connection.scalar(text("SELECT count(*) FROM articles")) == 3


def test_no_day_of_any_calendar_is_a_key_without_one() -> None:
    for offset in (None, -720, 0, 840):
        assert keys.calendar_of_key(keys.first_key_of(NOW, offset)) < 3
    bare = keys.first_key_of(NOW, keys.UNDATED)
    assert keys.calendar_of_key(bare) == 3
    assert keys.first_key_of(NOW, 0) < bare < keys.first_key_of(NOW + timedelta(seconds=1), 0)
