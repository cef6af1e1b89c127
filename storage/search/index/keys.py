"""Search keys: numbers that order articles by their moment and tell their day. Pure.

A key holds, from the highest bit: the seconds since the year 1 in UTC of the moment that the
article is sorted by; whether the publisher's calendar is a day behind (0), on (1) or ahead of (2)
the one of UTC, or whether no date is claimed at all (3); and a number among the articles of that
second. It is the row's number in SQLite's index, so that the newest matches are the first that FTS5
gives, and a span of days is a range of rows.

An article without a date is sorted by the moment of its first capture, and is of no day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection

# Where the publisher's calendar stands: its offset from UTC in minutes (``None``: unknown), or that
# the publisher gave no date.
Undated: TypeAlias = Literal["undated"]
UNDATED: Final[Undated] = "undated"
Calendar: TypeAlias = int | Undated | None

_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_DAY = 86_400
SLOTS = 256
SECOND = 10  # bits below the seconds
_SHIFT = 8  # bits below the calendar's shift
_NO_DATE = 3


def base_of(at: datetime, calendar: Calendar) -> int:
    """The first key of an article sorted by ``at``, in a calendar so far from UTC."""
    seconds = (at - _FIRST) // timedelta(seconds=1)
    if calendar == UNDATED:
        return (seconds << SECOND) | _NO_DATE << _SHIFT
    local = (seconds + (calendar or 0) * 60) // _DAY
    shift = max(-1, min(1, local - seconds // _DAY))
    return (seconds << SECOND) | (shift + 1) << _SHIFT


def free_key(base: int, taken: Collection[int]) -> int:
    """The first key from ``base`` on that is not ``taken``.

    Past the last one of its second it is one of the next second, in the same calendar.
    """
    key = base
    while key in taken:
        key += 1
        if key % SLOTS == 0:
            key += (1 << SECOND) - SLOTS
    return key


def shift_of(key: int) -> int:
    """The calendar of a key: 0, 1 or 2; 3 for no date."""
    return (key >> _SHIFT) & 3


def base_of_key(key: int) -> int:
    """The first key of the second and calendar of ``key``."""
    return key - key % SLOTS


def sql_day(column: str) -> str:
    """SQL for a key's days from the first day of the year 1, in the publisher's calendar."""
    return f"(({column} >> {SECOND}) / {_DAY} + (({column} >> {_SHIFT}) & 3) - 1)"


def sql_dated(column: str) -> str:
    """SQL for whether the publisher gave the article of a key a date."""
    return f"(({column} >> {_SHIFT}) & 3) <> {_NO_DATE}"


def number_of(day: date) -> int:
    """The number of a day, as :func:`sql_day` counts."""
    return day.toordinal() - 1


def range_of_days(first: date | None, last: date | None) -> tuple[int | None, int | None]:
    """Keys (the first in it, the first after it) around days, a day wider on each side."""
    low = None if first is None else max(0, number_of(first) - 1) * _DAY << SECOND
    high = None if last is None else (number_of(last) + 2) * _DAY << SECOND
    return low, high


def first_key_at(moment: datetime) -> int:
    """The lowest key of articles at ``moment`` or later."""
    return -((_FIRST - moment) // timedelta(seconds=1)) << SECOND
