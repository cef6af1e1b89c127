"""A bound on the time of one question, so that no query keeps a reader or a server waiting."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.errors import QueryTooSlow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

SECONDS = 15.0
# SQLite asks after so many steps of its machine whether to go on: some tenths of a millisecond.
_STEPS = 20_000
_CANCELLED = "57014"  # PostgreSQL's query_canceled


@contextmanager
def bounded(engine: Engine, seconds: float = SECONDS) -> Iterator[Connection]:
    """A connection whose questions end after ``seconds`` together.

    Raises:
        QueryTooSlow: they did not.
    """
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        sqlite = connection.dialect.name == "sqlite"
        end = time.monotonic() + seconds
        if sqlite:
            raw.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
        else:
            connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
        try:
            yield connection
        except DBAPIError as error:
            interrupted = sqlite and "interrupted" in str(error.orig)
            if interrupted or getattr(error.orig, "sqlstate", None) == _CANCELLED:
                raise QueryTooSlow(
                    f"the search took longer than {seconds:.0f} s",
                    "narrow it: a span of days, a source, longer beginnings before *",
                ) from error
            raise
        finally:
            if sqlite:
                raw.set_progress_handler(None, 0)
