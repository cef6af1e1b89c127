"""How moments are kept: aware, in UTC, on both databases. Apart from the models, so that searching
need not import them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Dialect, TypeDecorator, or_

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from storage.types.content import StatedTimestamp

# Nothing is ever to be done later than this (storage.crawl.revisit).
MAX_DELAY = timedelta(days=62)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC.

    A naive value is refused: a moment without zone in an archive is a wrong moment later.
    SQLite keeps no zone, so the value is stored there as naive UTC and made aware on reading.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn ``value`` into UTC; SQLite gets it without zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive moment {value!r}: give its zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give an aware moment in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def is_due(column: Any, now: datetime) -> ColumnElement[bool]:
    """Whether the moment of something to be done has come."""
    return or_(*due_conditions(column, now))


def due_conditions(column: Any, now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The moments that have come, in two spans of an index.

    Those that lie too far ahead were written by a clock that had jumped: they have come too.
    """
    return column <= now, column > now + MAX_DELAY


def timestamp_columns(moment: StatedTimestamp | None) -> tuple[datetime | None, int | None]:
    """A publisher's moment as two columns: the moment, its wall clock's offset in minutes."""
    return (None, None) if moment is None else (moment.at, moment.wall_offset)
