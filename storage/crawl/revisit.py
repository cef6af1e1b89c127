"""When to look at something again. Pure rules over moments."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from storage.crawl.rhythm import expected, next_look

if TYPE_CHECKING:
    from storage.crawl.rhythm import Rhythm
    from storage.types.endpoints import PollingHints

# News is corrected within hours, seldom after a week: (age since the first fetch, interval).
# An interval of zero means at every crawl run.
_ARTICLE_CHECKS = (
    (timedelta(days=1), timedelta(0)),
    (timedelta(days=7), timedelta(hours=12)),
    (timedelta(days=30), timedelta(days=5)),
    (timedelta(days=365), timedelta(days=60)),
)
# The bounds of the pause between two looks at an endpoint, where its source sets none.
LEAST_PAUSE = timedelta(minutes=10)
MOST_PAUSE = timedelta(days=1)
_FIRST_PAUSE = timedelta(minutes=30)
_SILENT_SHARE = 1 / 4
# What a server asks for is granted up to this: some say a day, and publish by the hour.
_MOST_GRANTED = timedelta(hours=4)
# A feed is asked before this share of its entries is expected to be new, so that none scrolls out.
_NEW_SHARE = 1 / 3
_FIRST_RETRY = timedelta(minutes=15)
_LONGEST_RETRY = timedelta(days=2)
# After an outage a source waits for its next look a quarter of the time it was away.
_OUTAGE_SHARE = 4
_LONGEST_RETRY_AFTER = timedelta(days=7)
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds that a source sets to the pause between two looks at one of its endpoints."""

    least: timedelta = LEAST_PAUSE
    most: timedelta = MOST_PAUSE

    @classmethod
    def of_minutes(cls, least: int | None, most: int | None) -> Bounds:
        """From minutes, ``None`` for the usual."""
        shortest = LEAST_PAUSE if least is None else timedelta(minutes=least)
        longest = MOST_PAUSE if most is None else timedelta(minutes=most)
        return cls(shortest, max(shortest, longest))


def next_article_check(first_fetched_at: datetime, now: datetime) -> datetime | None:
    """When to look at an article again; ``None`` once it is over a year in the archive."""
    age = now - first_fetched_at
    return next((now + pause for limit, pause in _ARTICLE_CHECKS if age < limit), None)


def next_visit(
    endpoint_id: int, now: datetime, rhythm: Rhythm, hints: PollingHints, bounds: Bounds
) -> datetime:
    """When an endpoint that was read is due again.

    By its rhythm; no sooner than its server asks, no later than its entries would scroll out, and
    in any case within ``bounds``; not in the hours and days that a feed says to skip.
    """
    most = bounds.most
    if not rhythm.is_learned:
        most = min(most, max(bounds.least, _unlearned(rhythm, hints)))
    if hints.entries:
        most = _before_overflow(rhythm, now, most, hints.entries * _NEW_SHARE)
    due = next_look(rhythm, now, most)
    least = bounds.least
    if hints.least_minutes:
        asked = timedelta(minutes=hints.least_minutes)
        least = max(least, min(asked, _MOST_GRANTED, most))
    due = now + (due - now) * (1 + jitter(endpoint_id, now))
    due = min(max(due, now + least), now + max(bounds.most, least))
    return _past_skipped(due, hints)


def _unlearned(rhythm: Rhythm, hints: PollingHints) -> timedelta:
    """The pause of an endpoint that brought little yet: what it claims, or longer each time."""
    if hints.usual_minutes:
        return timedelta(minutes=hints.usual_minutes)
    return max(_FIRST_PAUSE, rhythm.weeks * timedelta(weeks=1) * _SILENT_SHARE)


def _before_overflow(rhythm: Rhythm, now: datetime, most: timedelta, entries: float) -> timedelta:
    pause = most
    while pause > LEAST_PAUSE and expected(rhythm, now, pause) > entries:
        pause /= 2
    return pause


def _past_skipped(due: datetime, hints: PollingHints) -> datetime:
    """The first moment from ``due`` on that the feed does not say to skip (RSS 2.0, GMT)."""
    if len(hints.skip_hours) >= 24 or len(hints.skip_days) >= 7:
        return due
    at = due
    for _ in range(24 * 8):
        if at.hour not in hints.skip_hours and at.weekday() not in hints.skip_days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due


def next_attempt(
    endpoint_id: int, now: datetime, failures: int, last_read: datetime | None,
    retry_after: float | None = None,
) -> datetime:  # fmt: skip
    """When to try an endpoint again that failed ``failures`` times in a row.

    A quarter of the time that it has been away (so that it is back a quarter of its outage later
    at most), doubling from a quarter of an hour where that is unknown; two days at most, a week
    where the server says so (``retry_after``, seconds).
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
    """Between -0.1 and 0.1, the same for the same: what was read together drifts apart."""
    drawn = zlib.crc32(f"{endpoint_id}:{now.timestamp():.0f}".encode()) / 2**32
    return (2 * drawn - 1) * _JITTER
