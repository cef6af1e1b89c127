"""Learns when an endpoint publishes, and computes the best time of the next visit. Pure.

Publication follows the clock: a trade agency publishes on weekdays from eight to six. The rate of
news is kept per hour of the week (UTC) with exponential decay, so that a change of habits is
learned within weeks. The number of visits per hour with the shortest delay for its cost grows with
the square root of the rate (K. C. Sia, J. Cho and H.-K. Cho, "Efficient monitoring algorithm for
fast news alerts", IEEE TKDE 19(7), 2007). Their total number is set so that the mean delay is the
wanted share of the mean time between two pieces of news.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HOURS = 168
_WEEK = timedelta(weeks=1)
_HOUR = timedelta(hours=1)
# Half-life of an observation.
_HALF_LIFE = timedelta(weeks=10)
# Target mean delay, as a share of the mean time between two pieces of news.
DELAY = 0.22
# Weeks of observation that the product of hours and days counts as, beside an hour's own.
_PRIOR_WEEKS = 4.0
# Pieces of news that an even spread over hours and over days counts as.
_EVEN = 6.0
# Minimum rate of an hour, as a share of the mean.
_LEAST = 0.02
_BEGINNING = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday
# Assumed weeks until the first news of an endpoint without any.
_FIRST_WEEKS = 1.0
# From this many news items on, the learned rate replaces the stated interval.
_LEARNED = 3.0
# How far back the first response of an endpoint counts.
_REACH = timedelta(days=60)


@dataclass
class Rhythm:
    """News per hour of the week, and weeks of observation, both decayed to ``at``."""

    at: datetime
    weeks: float = 0.0
    cells: dict[int, float] = field(default_factory=dict)

    @classmethod
    def from_stored(cls, stored: dict[str, Any] | None) -> Rhythm | None:
        """Rebuild from the output of :meth:`to_stored`."""
        if not stored:
            return None
        cells = {int(hour): float(weight) for hour, weight in stored["cells"].items()}
        return cls(datetime.fromisoformat(stored["at"]), float(stored["weeks"]), cells)

    def to_stored(self) -> dict[str, Any]:
        """Return JSON-ready data without hours of negligible weight."""
        cells = {str(h): round(w, 3) for h, w in sorted(self.cells.items()) if w >= 0.01}
        return {"at": self.at.isoformat(), "weeks": round(self.weeks, 4), "cells": cells}

    @property
    def is_learned(self) -> bool:
        """Return whether enough news was seen to know the rate."""
        return sum(self.cells.values()) >= _LEARNED

    def observed(self, now: datetime, news: Iterable[datetime]) -> Rhythm:
        """Return the rhythm updated with the publication times of news since ``at``."""
        elapsed = max(timedelta(0), now - self.at)
        decay = 0.5 ** (elapsed / _HALF_LIFE)
        cells = {hour: weight * decay for hour, weight in self.cells.items()}
        for moment in news:
            hour = hour_of_week(moment)
            cells[hour] = cells.get(hour, 0.0) + 1.0
        return Rhythm(now, self.weeks * decay + elapsed / _WEEK, cells)

    def rates(self) -> list[float]:
        """Return news per hour, for each hour of the week."""
        total = sum(self.cells.values())
        weeks = max(self.weeks, 1 / 7)
        mean = max(total, 0.5) / (max(weeks, _FIRST_WEEKS) if total < 1 else weeks) / HOURS
        smooth = _smoothed([self.cells.get(hour, 0.0) for hour in range(HOURS)])
        of_hour = [
            (sum(smooth[day * 24 + hour] for day in range(7)) + _EVEN / 24) / (total + _EVEN)
            for hour in range(24)
        ]
        of_day = [
            (sum(smooth[day * 24 : day * 24 + 24]) + _EVEN / 7) / (total + _EVEN)
            for day in range(7)
        ]
        found = []
        for hour in range(HOURS):
            expected = mean * HOURS * of_hour[hour % 24] * of_day[hour // 24]
            rate = (smooth[hour] + _PRIOR_WEEKS * expected) / (weeks + _PRIOR_WEEKS)
            found.append(max(rate, _LEAST * mean))
        return found


def initial_rhythm(now: datetime, news: Sequence[datetime]) -> Rhythm:
    """Return the rhythm of an endpoint's first response, from the dates of its entries."""
    dated = sorted(moment for moment in news if now - _REACH <= moment <= now)
    # Identical dates are the date of the file, not of the news.
    if len(dated) < 2 or dated[-1] - dated[0] < _HOUR:
        return Rhythm(now)
    return Rhythm(dated[0]).observed(now, dated[1:])


def next_visit_at(rhythm: Rhythm, now: datetime, most: timedelta) -> datetime:
    """Return when to visit next, at most ``most`` from now."""
    rates = rhythm.rates()
    root = [math.sqrt(rate) for rate in rates]
    # Visits/h: pace * root(rate). The mean delay is then mean(root) / (2 * pace * mean rate).
    pace = sum(root) / HOURS / (2 * DELAY)
    wanted = 1.0
    at, end = now, now + most
    while at < end:
        hour_end = min(end, _hour_start(at) + _HOUR)
        looks = pace * root[hour_of_week(at)] * ((hour_end - at) / _HOUR)
        if looks >= wanted:
            return at + (hour_end - at) * (wanted / looks)
        wanted -= looks
        at = hour_end
    return end


def expected_news(rhythm: Rhythm, now: datetime, pause: timedelta) -> float:
    """Return the expected number of news items within ``pause``."""
    rates = rhythm.rates()
    at, end, found = now, now + pause, 0.0
    while at < end:
        hour_end = min(end, _hour_start(at) + _HOUR)
        found += rates[hour_of_week(at)] * ((hour_end - at) / _HOUR)
        at = hour_end
    return found


def hour_of_week(moment: datetime) -> int:
    """Return the hour of the week in UTC: 0 for Monday 00:00, up to 167."""
    return int((moment - _BEGINNING) // _HOUR) % HOURS


def _hour_start(moment: datetime) -> datetime:
    return _BEGINNING + ((moment - _BEGINNING) // _HOUR) * _HOUR


def _smoothed(counts: Sequence[float]) -> list[float]:
    """Smooth counts: half of each hour's count, a quarter of each neighbour's."""
    return [
        counts[hour - 1] / 4 + counts[hour] / 2 + counts[(hour + 1) % HOURS] / 4
        for hour in range(HOURS)
    ]
