"""The handle on an open archive: its place on disk, its engine, reading and writing transactions.

Every layer of ``storage`` takes this handle; :class:`storage.archive.Archive` adds the operations
that join the layers.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, TypeVar

from storage.database.engine import error_reason, read_session, report_unreachable, write_session
from storage.errors import ArchiveError, DataRejected, FolderNotWritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from storage.config import Location

T = TypeVar("T")

# PostgreSQL's answers to two writers that met (its manual, appendix A): serialization failure,
# deadlock, and a row that the other one inserted or deleted meanwhile. Run the transaction again.
_RETRYABLE_STATES = frozenset({"40001", "40P01", "23505", "23503"})
_MAX_ATTEMPTS = 6
# Classes of PostgreSQL's errors (its manual, appendix A) that speak of what was given to it: data
# exceptions, broken constraints, program limits.
_DATA_ERROR_CLASSES = ("22", "23", "54")


class Database:
    """An open archive's database and folder. Close it, or use it as a context manager."""

    def __init__(self, location: Location, engine: Engine) -> None:
        self.location = location
        self.engine = engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one consistent state.

        Raises:
            DatabaseUnreachable: the server was stopped, or its connection broke.
        """
        with report_unreachable(self.engine), read_session(self.engine) as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in one transaction, again where another writer got in its way.

        Raises:
            NotStorable: the database refuses some of the values to be written.
            ArchiveError: the database stays locked, is full, or cannot be written.
        """
        from sqlalchemy.exc import StatementError

        for attempt in range(_MAX_ATTEMPTS):
            try:
                with write_session(self.engine) as session, session.begin():
                    return work(session)
            except (StatementError, UnicodeError, OverflowError) as error:
                state = getattr(getattr(error, "orig", None), "sqlstate", None)
                if state in _RETRYABLE_STATES and attempt + 1 < _MAX_ATTEMPTS:
                    time.sleep(0.05 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
                    continue
                if is_data_error(error):
                    raise DataRejected(
                        f"the database refused what was to be written: {error_reason(error)}",
                        "nothing of it was stored; this is a fault of Dateline's, please report it",
                    ) from error
                raise FolderNotWritable(
                    f"the database cannot be written: {error_reason(error)}",
                    "check space, rights and other users of the database; "
                    "what was reported stored is safe",
                ) from error
        raise ArchiveError("the database stayed busy", "try again")


def is_data_error(error: BaseException) -> bool:
    """Whether ``error`` speaks of what was to be written, and not of the database's state."""
    from sqlalchemy.exc import (
        DataError,
        DBAPIError,
        IntegrityError,
        ProgrammingError,
        StatementError,
    )

    if isinstance(error, UnicodeError | OverflowError):
        return True
    if not isinstance(error, StatementError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in _DATA_ERROR_CLASSES
    # A driver that cannot pass a value on, and SQLite, tell it by the kind of error.
    return isinstance(error, DataError | IntegrityError | ProgrammingError) or not isinstance(
        error, DBAPIError
    )
