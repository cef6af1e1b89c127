"""Retries of failed pages: three attempts with growing pauses."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

MAX_ATTEMPTS = 3
# Pauses after the first and second failed attempt, unless a user asks sooner.
_PAUSES = (timedelta(minutes=20), timedelta(hours=6))
# One more attempt for pages that are still announced this long after the third.
STILL_ANNOUNCED = timedelta(days=30)
# Statuses that are final for a server but not for an archive: feeds often announce a page shortly
# before it is published.
_PASSING = frozenset({"http-404"})


def is_final(cause: str | None, *, final: bool) -> bool:
    """Return whether a retry cannot succeed."""
    return final and cause not in _PASSING


def retry_condition(
    attempts: Any, tried_at: Any, began: datetime, *, patient: bool
) -> ColumnElement[bool]:
    """Return the SQL condition for rows that a run that ``began`` then may try.

    A ``patient`` run (one that no user started) keeps the pauses. No run retries what was tried
    since it began.
    """
    ready = [tried_at.is_(None), and_(attempts == 0, tried_at < began)]
    for number, pause in enumerate(_PAUSES, 1):
        last = number == len(_PAUSES)
        tried = attempts >= number if last else attempts == number
        ready.append(and_(tried, tried_at < began - (pause if patient else timedelta(0))))
    return or_(*ready)
