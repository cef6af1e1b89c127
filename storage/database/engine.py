"""The database engine, and every difference between SQLite and PostgreSQL except search."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from storage.errors import DatabaseUnreachable, FolderNotWritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import URL
    from sqlalchemy.orm import DeclarativeBase, Session

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
# Variables of one statement: SQLite allows 32,766 since 3.32; PostgreSQL 65,535.
IN_CHUNK = 5_000


def make_engine(url: str) -> Engine:
    """Return an engine for ``url`` (a SQLAlchemy URL with driver).

    Raises:
        DatabaseUnreachable: the URL is malformed or names a driver that is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            raise DatabaseUnreachable(
                f"{parsed.get_backend_name()} is not supported", "use SQLite or PostgreSQL"
            )
        engine = create_engine(
            parsed,
            pool_pre_ping=parsed.get_backend_name() != "sqlite",
            **_read_only_arguments(parsed),
        )
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise DatabaseUnreachable(
            f"the database URL cannot be used: {error}",
            "write e.g. postgresql://user@host/name or sqlite:////path/to/dateline.db",
        ) from error
    except ModuleNotFoundError as error:
        raise DatabaseUnreachable(
            f"the driver {error.name} is not installed", f"run `pip install {error.name}`"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _read_only_arguments(url: URL) -> dict[str, Any]:
    """Return arguments for opening a SQLite file on a read-only disk.

    In WAL mode SQLite writes next to the file even for reading. Without a write-ahead log the file
    cannot change and is opened as immutable; with one, it is read without locks through an index of
    the log in memory (https://www.sqlite.org/wal.html, "Read-Only Databases" and "Use of WAL
    Without Shared-Memory").
    """
    if url.get_backend_name() != "sqlite" or not url.database:
        return {}
    path = Path(url.database)
    if not path.is_file() or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return {}
    log = path.with_name(f"{path.name}-wal")
    has_log = log.is_file() and log.stat().st_size > 0
    name = f"file:{quote(str(path.absolute()))}?" + (
        "mode=ro&vfs=unix-none" if has_log else "immutable=1"
    )

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(name, uri=True, check_same_thread=False)
        if has_log:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        return connection

    return {"creator": connect}


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy's "begin" event below opens transactions, so the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if "readonly" not in str(error):
            raise
    # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits on power loss, and what
    # was reported as stored must be there. Batches make it cheap.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA cache_size = -65536")
    # Debian's SQLite overwrites each freed page with zeros, an eighth of the cost of merging the
    # index. A takedown frees the pages itself (storage.maintenance.takedown).
    cursor.execute("PRAGMA secure_delete = FAST")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: a read that turns into a write can fail as "locked"
    # whatever the busy timeout.
    write = connection.get_execution_options().get("dateline_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def write_session(engine: Engine) -> Session:
    """Return a session whose transaction takes SQLite's write lock from its start."""
    from sqlalchemy.orm import Session

    return Session(engine.execution_options(dateline_write=True), expire_on_commit=False)


def read_session(engine: Engine) -> Session:
    """Return a session that reads one consistent state."""
    from sqlalchemy.orm import Session

    return Session(engine, expire_on_commit=False)


@contextmanager
def ignore_if_locked() -> Iterator[None]:
    """Skip work on SQLite while another process writes: the next run can do it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise


@contextmanager
def report_unreachable(engine: Engine) -> Iterator[None]:
    """Convert a lost connection to a one-line error.

    Raises:
        DatabaseUnreachable: the server was stopped, or the connection to it broke.
    """
    try:
        yield
    except OperationalError as error:
        if engine.dialect.name == "sqlite":
            raise
        raise DatabaseUnreachable(
            f"the database does not answer: {error_reason(error)}", "check that its server runs"
        ) from error


def lock_source(session: Session, source_id: int) -> None:
    """Allow one writer per source at a time, so that two crawls never deadlock.

    SQLite has one writer anyway; PostgreSQL gets an advisory lock for the transaction.
    """
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy import text

        session.execute(
            text("SELECT pg_advisory_xact_lock(:space, :id)"), {"space": 0xDA7E, "id": source_id}
        )


def insert_ignore(
    session: Session | Connection, table: type[DeclarativeBase], rows: Sequence[dict[str, Any]]
) -> None:
    """Insert ``rows`` in one statement, skipping those that violate a unique constraint."""
    if not rows:
        return
    dialect = session.get_bind() if hasattr(session, "get_bind") else session
    session.execute(insert_ignore_statement(dialect.dialect.name, table), rows)


@lru_cache(maxsize=64)
def insert_ignore_statement(
    dialect: str, table: type[DeclarativeBase], returning: Any = None
) -> Any:
    """Build an INSERT that skips rows that violate a unique constraint; cached.

    With ``returning`` it returns that column of the inserted rows.
    """
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        statement: Any = postgresql_insert(table.__table__).on_conflict_do_nothing()  # type: ignore[arg-type]
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        statement = sqlite_insert(table.__table__).on_conflict_do_nothing()  # type: ignore[arg-type]
    return statement if returning is None else statement.returning(returning)


def chunked(values: Sequence[T], size: int = IN_CHUNK) -> Iterator[Sequence[T]]:
    """Split ``values`` into slices: both databases limit the variables of a statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def error_reason(error: BaseException) -> str:
    """Return the first line of the database's error message."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0][:300] if said else type(error).__name__


def check_reachable(engine: Engine) -> None:
    """Connect once, so that problems are reported in one line before any work.

    Raises:
        DatabaseUnreachable: the server does not answer, or the file is not a database.
        FolderNotWritable: SQLite cannot create or open its file there.
    """
    try:
        with engine.connect():
            return
    except OperationalError as error:
        reason = error_reason(error)
        if isinstance(error.orig, sqlite3.OperationalError):
            folder = Path(engine.url.database or ".").parent
            raise FolderNotWritable(
                f"cannot open {engine.url.database}: {reason}",
                f"check that {folder} exists and is writable",
            ) from error
        raise DatabaseUnreachable(
            f"the database does not answer: {reason}", "check the URL and that the server runs"
        ) from error
    except sqlite3.DatabaseError as error:
        raise _not_a_database(engine, error) from error
    except Exception as error:  # of any kind: the caller gets it
        if isinstance(getattr(error, "orig", None), sqlite3.DatabaseError):
            raise _not_a_database(engine, error) from error
        raise


def _not_a_database(engine: Engine, error: Exception) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"{engine.url.database} is not a database: {getattr(error, 'orig', error)}",
        "restore it from a backup, or move it away and run `dateline init`",
    )
