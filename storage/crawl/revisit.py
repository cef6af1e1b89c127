"""Schedules the next visits of endpoints and checks of articles. Pure."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from storage.crawl.rhythm import expected_news, next_visit_at

if TYPE_CHECKING:
    from storage.crawl.rhythm import Rhythm
    from storage.types.endpoints import PollingHints

# Articles are corrected within hours, rarely after a week: (age since first fetch, interval).
# An interval of zero means at every crawl run.
_ARTICLE_CHECKS = (
    (timedelta(days=1), timedelta(0)),
    (timedelta(days=7), timedelta(hours=12)),
    (timedelta(days=30), timedelta(days=5)),
    (timedelta(days=365), timedelta(days=60)),
)
# Default limits of the interval between two visits of an endpoint.
MIN_INTERVAL = timedelta(minutes=10)
MAX_INTERVAL = timedelta(days=1)
_FIRST_PAUSE = timedelta(minutes=30)
_SILENT_SHARE = 1 / 4
# The longest interval that a server can ask for: some ask for a day but publish hourly.
_MOST_GRANTED = timedelta(hours=4)
# A feed is visited before this share of its entries is expected to be new, so that none is missed.
_NEW_SHARE = 1 / 3
_FIRST_RETRY = timedelta(minutes=15)
_LONGEST_RETRY = timedelta(days=2)
# The share of an outage to wait until the next attempt.
_OUTAGE_SHARE = 4
_LONGEST_RETRY_AFTER = timedelta(days=7)
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class PollingBounds:
    """The limits that a source sets to the interval between two visits of an endpoint."""

    least: timedelta = MIN_INTERVAL
    most: timedelta = MAX_INTERVAL

    @classmethod
    def of_minutes(cls, least: int | None, most: int | None) -> PollingBounds:
        """Build from minutes; ``None`` for the default."""
        shortest = MIN_INTERVAL if least is None else timedelta(minutes=least)
        longest = MAX_INTERVAL if most is None else timedelta(minutes=most)
        return cls(shortest, max(shortest, longest))


def next_article_check(first_fetched_at: datetime, now: datetime) -> datetime | None:
    """Return when to check an article again; ``None`` a year after its first fetch."""
    age = now - first_fetched_at
    return next((now + pause for limit, pause in _ARTICLE_CHECKS if age < limit), None)


def next_visit(
    endpoint_id: int, now: datetime, rhythm: Rhythm, hints: PollingHints, bounds: PollingBounds
) -> datetime:
    """Return when to visit an endpoint again after a successful visit.

    The rhythm decides; no sooner than the server asks, no later than entries would drop out of the
    feed, always within ``bounds``, and not in hours and days that a feed says to skip.
    """
    most = bounds.most
    if not rhythm.is_learned:
        most = min(most, max(bounds.least, _unlearned(rhythm, hints)))
    if hints.entries:
        most = _before_overflow(rhythm, now, most, hints.entries * _NEW_SHARE)
    due = next_visit_at(rhythm, now, most)
    least = bounds.least
    if hints.least_minutes:
        asked = timedelta(minutes=hints.least_minutes)
        least = max(least, min(asked, _MOST_GRANTED, most))
    due = now + (due - now) * (1 + jitter(endpoint_id, now))
    due = min(max(due, now + least), now + max(bounds.most, least))
    return _past_skipped(due, hints)


def _unlearned(rhythm: Rhythm, hints: PollingHints) -> timedelta:
    """Return the interval of an endpoint with little news: its stated one, or a growing one."""
    if hints.usual_minutes:
        return timedelta(minutes=hints.usual_minutes)
    return max(_FIRST_PAUSE, rhythm.weeks * timedelta(weeks=1) * _SILENT_SHARE)


def _before_overflow(rhythm: Rhythm, now: datetime, most: timedelta, entries: float) -> timedelta:
    pause = most
    while pause > MIN_INTERVAL and expected_news(rhythm, now, pause) > entries:
        pause /= 2
    return pause


def _past_skipped(due: datetime, hints: PollingHints) -> datetime:
    """Return the first time from ``due`` on that the feed does not exclude (RSS 2.0, GMT)."""
    if len(hints.skip_hours) >= 24 or len(hints.skip_days) >= 7:
        return due
    at = due
    for _ in range(24 * 8):
        if at.hour not in hints.skip_hours and at.weekday() not in hints.skip_days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due


def next_attempt(
    endpoint_id: int,
    now: datetime,
    failures: int,
    last_read: datetime | None,
    retry_after: float | None = None,
) -> datetime:
    """Return when to retry an endpoint that failed ``failures`` times in a row.

    A quarter of the outage so far (so that the delay after its end is at most a quarter of the
    outage), or doubling from 15 minutes where that is unknown; at most two days, or a week where
    the server asks for it (``retry_after``, seconds).
    """
    if last_read is None:
        pause = _FIRST_RETRY * (1 << min(max(failures, 1) - 1, 10))
    else:
        pause = max(_FIRST_RETRY, (now - last_read) / _OUTAGE_SHARE)
    pause = min(pause, _LONGEST_RETRY) * (1 + jitter(endpoint_id, now))
    if retry_after is not None:
        pause = max(pause, min(timedelta(seconds=retry_after), _LONGEST_RETRY_AFTER))
    return now + pause


def jitter(endpoint_id: int, now: datetime) -> float:
    """Return a fixed offset between -0.1 and 0.1 per endpoint, so that visits spread out."""
    drawn = zlib.crc32(f"{endpoint_id}:{now.timestamp():.0f}".encode()) / 2**32
    return (2 * drawn - 1) * _JITTER
