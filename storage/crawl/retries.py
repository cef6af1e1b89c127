"""When what could not be fetched is fetched again: three tries, with growing pauses between."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

MAX_ATTEMPTS = 3
# After the first failed try and after the second, where nobody asks for it sooner.
_PAUSES = (timedelta(minutes=20), timedelta(hours=6))
# What failed three times is tried once more where it is still announced so long after.
STILL_ANNOUNCED = timedelta(days=30)
# Answers that are definite for a server and not for an archive: a feed often announces a page a
# moment before it is published.
_PASSING = frozenset({"http-404"})


def is_final(cause: str | None, *, final: bool) -> bool:
    """Whether a failure leaves nothing to try again."""
    return final and cause not in _PASSING


def may_try(attempts: Any, tried_at: Any, began: datetime, *, patient: bool) -> ColumnElement[bool]:
    """The rows that a run which ``began`` then may try, by their columns.

    A ``patient`` run, one that nobody asked for, keeps the pauses. Every run leaves alone what
    was tried since it began.
    """
    ready = [tried_at.is_(None), and_(attempts == 0, tried_at < began)]
    for number, pause in enumerate(_PAUSES, 1):
        last = number == len(_PAUSES)
        tried = attempts >= number if last else attempts == number
        ready.append(and_(tried, tried_at < began - (pause if patient else timedelta(0))))
    return or_(*ready)
