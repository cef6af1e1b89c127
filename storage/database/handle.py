"""The database handle: folder, engine, and transactions for reading and writing.

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

# PostgreSQL's error codes for concurrent writers (its manual, appendix A): serialization failure,
# deadlock, and a row that another writer inserted or deleted meanwhile. Retry the transaction.
_RETRYABLE_STATES = frozenset({"40001", "40P01", "23505", "23503"})
_MAX_ATTEMPTS = 6
# Classes of PostgreSQL's errors about values (its manual, appendix A): data exceptions, constraint
# violations, program limits.
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
        """Yield a session that reads one consistent state.

        Raises:
            DatabaseUnreachable: the server was stopped, or its connection broke.
        """
        with report_unreachable(self.engine), read_session(self.engine) as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in one transaction; retry where another writer interfered.

        Raises:
            DataRejected: the database rejects a value.
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
                        f"the database rejected a value: {error_reason(error)}",
                        "nothing was stored; please report this bug of Dateline",
                    ) from error
                raise FolderNotWritable(
                    f"cannot write to the database: {error_reason(error)}",
                    "check disk space, permissions and other users of the database; "
                    "everything stored so far is safe",
                ) from error
        raise ArchiveError(
            "the database stayed locked", "stop other writers of this archive, or try again later"
        )


def is_data_error(error: BaseException) -> bool:
    """Return whether ``error`` is about the written values, not the state of the database."""
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
    # SQLite, and drivers that cannot convert a value, report it by the type of the error.
    return isinstance(error, DataError | IntegrityError | ProgrammingError) or not isinstance(
        error, DBAPIError
    )
