"""When an endpoint brings news, learned from what it brought, and when to look next. Pure.

News comes by the clock: a trade agency publishes on weekdays from eight to six. The rate of news is
kept for each hour of the week (UTC), decaying, so that a change of habits is learned in weeks. The
number of looks per hour that gives the shortest delay for its cost grows with the square root of
the rate (K. C. Sia, J. Cho and H.-K. Cho, "Efficient monitoring algorithm for fast news alerts",
IEEE TKDE 19(7), 2007); their number as a whole is such that the mean delay is the wanted share of
the mean time between two pieces of news.
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
# What was seen so long ago counts half.
_HALF_LIFE = timedelta(weeks=10)
# The mean delay that is aimed at, as a share of the mean time between two pieces of news.
DELAY = 0.22
# Weeks of observation that the product of hours and days counts as, beside an hour's own.
_PRIOR_WEEKS = 4.0
# Pieces of news that an even spread over hours and over days counts as.
_EVEN = 6.0
# Nothing is ever taken to be quieter than this share of the mean.
_LEAST = 0.02
_BEGINNING = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday
# An endpoint that brought nothing yet is taken to bring something in so many weeks.
_FIRST_WEEKS = 1.0
# Pieces of news from which on they tell more than what is claimed.
_LEARNED = 3.0
# What is looked at of the first answer of an endpoint.
_REACH = timedelta(days=60)


@dataclass
class Rhythm:
    """News per hour of the week; ``weeks`` of observation, both as decayed at ``at``."""

    at: datetime
    weeks: float = 0.0
    cells: dict[int, float] = field(default_factory=dict)

    @classmethod
    def from_stored(cls, stored: dict[str, Any] | None) -> Rhythm | None:
        """Read what :meth:`to_stored` gave."""
        if not stored:
            return None
        cells = {int(hour): float(weight) for hour, weight in stored["cells"].items()}
        return cls(datetime.fromisoformat(stored["at"]), float(stored["weeks"]), cells)

    def to_stored(self) -> dict[str, Any]:
        """JSON-ready; hours that hardly count any more are left out."""
        cells = {str(h): round(w, 3) for h, w in sorted(self.cells.items()) if w >= 0.01}
        return {"at": self.at.isoformat(), "weeks": round(self.weeks, 4), "cells": cells}

    @property
    def is_learned(self) -> bool:
        """Whether enough was seen to tell how often something comes."""
        return sum(self.cells.values()) >= _LEARNED

    def observed(self, now: datetime, news: Iterable[datetime]) -> Rhythm:
        """With what came since ``at``: the moments of publication of each piece of news."""
        elapsed = max(timedelta(0), now - self.at)
        decay = 0.5 ** (elapsed / _HALF_LIFE)
        cells = {hour: weight * decay for hour, weight in self.cells.items()}
        for moment in news:
            hour = hour_of_week(moment)
            cells[hour] = cells.get(hour, 0.0) + 1.0
        return Rhythm(now, self.weeks * decay + elapsed / _WEEK, cells)

    def rates(self) -> list[float]:
        """Pieces of news per hour, for each hour of the week."""
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


def first_seen(now: datetime, news: Sequence[datetime]) -> Rhythm:
    """The rhythm of an endpoint's first answer, from the dates that its entries have."""
    dated = sorted(moment for moment in news if now - _REACH <= moment <= now)
    # Dates that are all of one moment are those of the file, not of the news.
    if len(dated) < 2 or dated[-1] - dated[0] < _HOUR:
        return Rhythm(now)
    return Rhythm(dated[0]).observed(now, dated[1:])


def next_look(rhythm: Rhythm, now: datetime, most: timedelta) -> datetime:
    """When to look again, at most ``most`` from now."""
    rates = rhythm.rates()
    root = [math.sqrt(rate) for rate in rates]
    # Looks per hour: pace * root(rate). The mean delay is then mean(root) / (2 * pace * mean rate).
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


def expected(rhythm: Rhythm, now: datetime, pause: timedelta) -> float:
    """How many pieces of news to expect within ``pause``."""
    rates = rhythm.rates()
    at, end, found = now, now + pause, 0.0
    while at < end:
        hour_end = min(end, _hour_start(at) + _HOUR)
        found += rates[hour_of_week(at)] * ((hour_end - at) / _HOUR)
        at = hour_end
    return found


def hour_of_week(moment: datetime) -> int:
    """0 for Monday from midnight to one, UTC, to 167."""
    return int((moment - _BEGINNING) // _HOUR) % HOURS


def _hour_start(moment: datetime) -> datetime:
    return _BEGINNING + ((moment - _BEGINNING) // _HOUR) * _HOUR


def _smoothed(counts: Sequence[float]) -> list[float]:
    """Half of each hour's count, a quarter given to each neighbour."""
    return [
        counts[hour - 1] / 4 + counts[hour] / 2 + counts[(hour + 1) % HOURS] / 4
        for hour in range(HOURS)
    ]
