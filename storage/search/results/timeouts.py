"""A time limit per search, so that no query blocks a user or a server."""

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

DEFAULT_SECONDS = 15.0
# Steps of SQLite's virtual machine between two checks: less than a millisecond.
_PROGRESS_STEPS = 20_000
_QUERY_CANCELED = "57014"  # PostgreSQL's query_canceled


@contextmanager
def time_limited(engine: Engine, seconds: float = DEFAULT_SECONDS) -> Iterator[Connection]:
    """Yield a connection whose queries together may take ``seconds``.

    Raises:
        QueryTooSlow: they took longer.
    """
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        sqlite = connection.dialect.name == "sqlite"
        end = time.monotonic() + seconds
        if sqlite:
            raw.set_progress_handler(lambda: int(time.monotonic() > end), _PROGRESS_STEPS)
        else:
            connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
        try:
            yield connection
        except DBAPIError as error:
            interrupted = sqlite and "interrupted" in str(error.orig)
            if interrupted or getattr(error.orig, "sqlstate", None) == _QUERY_CANCELED:
                raise QueryTooSlow(
                    f"the search took longer than {seconds:.0f} s",
                    "narrow it: add a date range or a source, or write more letters before *",
                ) from error
            raise
        finally:
            if sqlite:
                raw.set_progress_handler(None, 0)
