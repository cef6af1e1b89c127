"""Column type and conditions for timestamps: aware, in UTC, on both databases.

Separate from the models, so that a search need not import them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Dialect, TypeDecorator, or_

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from storage.types.content import StatedTimestamp

# No check is scheduled later than this (storage.crawl.revisit).
MAX_DELAY = timedelta(days=62)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware timestamp, stored in UTC.

    It refuses naive values: a timestamp without zone would be wrong later. SQLite stores no zone,
    so the value is stored there as naive UTC and made aware on reading.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert ``value`` to UTC, without zone for SQLite."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"timestamp {value!r} has no time zone: add one")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return an aware timestamp in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def is_due(column: Any, now: datetime) -> ColumnElement[bool]:
    """Build the condition that the timestamp in ``column`` has passed."""
    return or_(*due_conditions(column, now))


def due_conditions(column: Any, now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Build the condition as two ranges of an index.

    Timestamps too far in the future were written while the clock was wrong: they are due too.
    """
    return column <= now, column > now + MAX_DELAY


def timestamp_columns(moment: StatedTimestamp | None) -> tuple[datetime | None, int | None]:
    """Return a publisher's timestamp as two columns: timestamp, UTC offset in minutes."""
    return (None, None) if moment is None else (moment.at, moment.wall_offset)
