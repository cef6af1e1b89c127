"""When to look again: rhythms that are learned, wishes that are granted, attempts after failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.crawl.revisit import PollingBounds, jitter, next_attempt, next_visit
from storage.crawl.rhythm import Rhythm, expected_news, hour_of_week, initial_rhythm, next_visit_at
from storage.types.endpoints import PollingHints

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _office(weeks: int) -> Rhythm:
    """Two pieces of news an hour from eight to six on weekdays."""
    news = [
        MONDAY + timedelta(days=day, hours=hour, minutes=minute)
        for day in range(weeks * 7)
        if (MONDAY + timedelta(days=day)).weekday() < 5
        for hour in range(8, 18)
        for minute in (5, 35)
    ]
    return Rhythm(MONDAY).observed(MONDAY + timedelta(weeks=weeks), news)


def test_it_looks_often_when_news_comes_and_seldom_when_none_does() -> None:
    rhythm = _office(8)
    now = rhythm.at
    looks = []
    at = now
    while at < now + timedelta(weeks=1):
        at = next_visit_at(rhythm, at, DAY)
        looks.append(at)
    office = [one for one in looks if one.weekday() < 5 and 8 <= one.hour < 18]
    # 100 pieces of news a week: the mean time between two is 101 minutes, a quarter of it 25.
    assert 70 <= len(looks) <= 150
    assert len(office) > 0.7 * len(looks)
    pauses = [b - a for a, b in pairwise(office) if b - a < 3 * HOUR]
    assert sorted(pauses)[len(pauses) // 2] < timedelta(minutes=50)


def test_an_even_rhythm_is_looked_at_some_two_times_for_each_piece_of_news() -> None:
    news = [MONDAY + n * 2 * HOUR for n in range(12 * 7 * 6)]
    rhythm = Rhythm(MONDAY).observed(MONDAY + timedelta(weeks=6), news)
    pause = next_visit_at(rhythm, rhythm.at, DAY) - rhythm.at
    assert timedelta(minutes=45) < pause < timedelta(minutes=65)


def test_a_change_of_habits_is_learned() -> None:
    rhythm = _office(8)
    saturday = MONDAY + timedelta(weeks=8, days=5, hours=12)
    before = expected_news(rhythm, saturday, 4 * HOUR)
    at = rhythm.at
    for week in range(8, 20):
        day = MONDAY + timedelta(weeks=week, days=5)
        rhythm = rhythm.observed(day + DAY, [day + n * HOUR / 2 for n in range(16, 40)])
        at = rhythm.at
    assert expected_news(rhythm, saturday, 4 * HOUR) > 5 * before
    assert at == rhythm.at


def test_it_is_kept_and_read_again() -> None:
    rhythm = _office(2)
    again = Rhythm.from_stored(rhythm.to_stored())
    assert again is not None
    assert next_visit_at(again, rhythm.at, DAY) == pytest.approx(
        next_visit_at(rhythm, rhythm.at, DAY), abs=timedelta(minutes=1)
    )
    assert Rhythm.from_stored(None) is None


def test_the_first_answer_tells_a_rhythm_unless_its_dates_are_all_the_same() -> None:
    dated = [MONDAY - n * 3 * HOUR for n in range(1, 20)]
    assert initial_rhythm(MONDAY, dated).is_learned
    assert not initial_rhythm(MONDAY, [MONDAY - HOUR] * 500).is_learned
    assert not initial_rhythm(MONDAY, [MONDAY + DAY, MONDAY - 900 * DAY]).is_learned


def _next(
    hints: PollingHints, rhythm: Rhythm | None = None, bounds: PollingBounds | None = None
) -> timedelta:
    now = MONDAY + timedelta(weeks=8, hours=9)
    rhythm = _office(8).observed(now, ()) if rhythm is None else rhythm
    return next_visit(7, now, rhythm, hints, bounds or PollingBounds()) - now


def test_what_a_server_asks_is_granted_within_bounds() -> None:
    usual = _next(PollingHints())
    assert usual < HOUR
    assert _next(PollingHints(least_minutes=90)) >= 90 * timedelta(minutes=1)
    # A day is more than is granted: its news comes by the hour.
    assert _next(PollingHints(least_minutes=1440)) <= 4.1 * HOUR
    assert _next(PollingHints(), bounds=PollingBounds.of_minutes(120, 240)) >= 2 * HOUR
    assert _next(PollingHints(), Rhythm(MONDAY, 20.0), PollingBounds.of_minutes(None, 60)) <= HOUR


def test_a_short_feed_is_asked_before_its_entries_scroll_out() -> None:
    busy = [MONDAY + n * timedelta(minutes=1) for n in range(60 * 24 * 14)]
    rhythm = Rhythm(MONDAY).observed(MONDAY + timedelta(weeks=2), busy)
    asked = next_visit(
        1, rhythm.at, rhythm, PollingHints(least_minutes=240, entries=60), PollingBounds()
    )
    assert asked - rhythm.at <= timedelta(minutes=23)


def test_hours_and_days_to_skip_are_skipped() -> None:
    now = MONDAY + timedelta(weeks=8, hours=9)
    due = next_visit(
        7, now, _office(8), PollingHints(skip_hours=tuple(range(9, 15))), PollingBounds()
    )
    assert due.hour == 15
    due = next_visit(7, now, _office(8), PollingHints(skip_days=(0, 1)), PollingBounds())
    assert due.weekday() == 2
    everything = PollingHints(skip_hours=tuple(range(24)), skip_days=tuple(range(7)))
    assert next_visit(7, now, _office(8), everything, PollingBounds()) - now < HOUR


def test_an_endpoint_that_brings_nothing_is_asked_less_and_less() -> None:
    pauses = [
        next_visit(3, MONDAY + days * DAY, Rhythm(MONDAY).observed(MONDAY + days * DAY, ()),
                   PollingHints(), PollingBounds()) - (MONDAY + days * DAY)
        for days in (0, 1, 3, 30)
    ]  # fmt: skip
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(minutes=40)
    assert 0.85 * DAY < pauses[-1] <= DAY


def test_after_an_outage_it_is_back_within_a_quarter_of_it() -> None:
    read = MONDAY
    at, failures = MONDAY + HOUR, 0
    while at < MONDAY + 3 * DAY:
        failures += 1
        at = next_attempt(9, at, failures, read)
    assert at - (MONDAY + 3 * DAY) <= 0.28 * 3 * DAY
    assert failures < 25


def test_retry_after_is_obeyed_up_to_a_week() -> None:
    assert next_attempt(9, MONDAY, 1, MONDAY, 7200) == MONDAY + 2 * HOUR
    assert next_attempt(9, MONDAY, 1, MONDAY, 1e9) == MONDAY + 7 * DAY
    assert next_attempt(9, MONDAY, 3, None) - MONDAY < 1.2 * HOUR


@given(
    moments=st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), max_size=40),
    least=st.integers(1, 10**6), entries=st.integers(0, 10_000), failures=st.integers(0, 10_000),
)  # fmt: skip
def test_the_next_look_is_always_within_bounds(
    moments: list[datetime], least: int, entries: int, failures: int
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    rhythm = initial_rhythm(now, [one.replace(tzinfo=UTC) for one in moments])
    due = next_visit(
        1, now, rhythm, PollingHints(least_minutes=least, entries=entries), PollingBounds()
    )
    assert now + timedelta(minutes=9) <= due <= now + timedelta(days=1, minutes=1)
    assert now < next_attempt(1, now, failures, None) <= now + timedelta(days=2.3)
    assert -0.1 <= jitter(failures, now) <= 0.1
    assert 0 <= hour_of_week(now) < 168
