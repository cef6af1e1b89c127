"""Search keys: integers that sort articles by timestamp and hold their day. Pure.

A key holds, from the highest bit: the seconds since the year 1 in UTC of the article's sort
timestamp; whether the publisher's calendar is a day behind UTC (0), equal (1) or a day ahead (2),
or whether the article has no date (3); and a number among the articles of that second. The key is
the rowid of SQLite's index, so FTS5 returns the newest matches first, and a date range is a range
of rows.

An article without a date is sorted by its first capture, and belongs to no day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection

# The publisher's calendar: its offset from UTC in minutes (``None``: unknown), or UNDATED.
Undated: TypeAlias = Literal["undated"]
UNDATED: Final[Undated] = "undated"
Calendar: TypeAlias = int | Undated | None

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_DAY = 86_400
SLOTS = 256
SECOND = 10  # bits below the seconds
_SHIFT = 8  # bits below the calendar's shift
_NO_DATE = 3


def first_key_of(at: datetime, calendar: Calendar) -> int:
    """Return the first key of articles with this sort timestamp, in this calendar."""
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    if calendar == UNDATED:
        return (seconds << SECOND) | _NO_DATE << _SHIFT
    local = (seconds + (calendar or 0) * 60) // _DAY
    shift = max(-1, min(1, local - seconds // _DAY))
    return (seconds << SECOND) | (shift + 1) << _SHIFT


def free_key(base: int, taken: Collection[int]) -> int:
    """Return the first key from ``base`` on that is not ``taken``.

    After the last key of a second it is a key of the next second, in the same calendar.
    """
    key = base
    while key in taken:
        key += 1
        if key % SLOTS == 0:
            key += (1 << SECOND) - SLOTS
    return key


def calendar_of_key(key: int) -> int:
    """Return the calendar of a key: 0, 1 or 2; 3 for no date."""
    return (key >> _SHIFT) & 3


def first_key_of_second(key: int) -> int:
    """Return the first key of the second and calendar of ``key``."""
    return key - key % SLOTS


def sql_day(column: str) -> str:
    """Return SQL for the day number of a key, in the publisher's calendar."""
    return f"(({column} >> {SECOND}) / {_DAY} + (({column} >> {_SHIFT}) & 3) - 1)"


def sql_dated(column: str) -> str:
    """Return SQL that tests whether the publisher dated the article of a key."""
    return f"(({column} >> {_SHIFT}) & 3) <> {_NO_DATE}"


def day_number(day: date) -> int:
    """Return the number of a day, as :func:`sql_day` counts."""
    return day.toordinal() - 1


def range_of_days(first: date | None, last: date | None) -> tuple[int | None, int | None]:
    """Return a range of keys (first, first after) that covers the days, plus a day per side."""
    low = None if first is None else max(0, day_number(first) - 1) * _DAY << SECOND
    high = None if last is None else (day_number(last) + 2) * _DAY << SECOND
    return low, high


def first_key_at(moment: datetime) -> int:
    """Return the lowest key of articles at ``moment`` or later."""
    return -((_EPOCH - moment) // timedelta(seconds=1)) << SECOND
