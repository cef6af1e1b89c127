"""A furnished room on each database, and one that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from dateline.web.app import create_app
from tests.conftest import new_postgres_database
from tests.dateline.web.rooms import Room, furnished, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive


@pytest.fixture(params=["sqlite", "postgresql"])
def room(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[TestClient, Archive, dict[str, int]]]:
    """A client of a room, its archive, the ids of what is in it."""
    url = None
    if request.param == "postgresql":
        url = new_postgres_database(request.getfixturevalue("postgres_server"))
    with furnished(tmp_path / "archive", url) as (archive, ids):
        yield client_of(archive), archive, ids


def client_of(archive: Archive) -> TestClient:
    """Asks a room in this process, as a browser on this machine would."""
    return TestClient(create_app(archive), base_url="http://127.0.0.1", follow_redirects=False)


@pytest.fixture
def served_room(tmp_path: Path) -> Iterator[Room]:
    """A room that listens."""
    with furnished(tmp_path / "archive") as (archive, ids), served(archive, ids) as room:
        yield room
