"""A site on loopback and commands on an archive of each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.archive import open_archive
from storage.maintenance.integrity import check_archive
from tests.conftest import copied
from tests.crawler.commands import Commands
from tests.pages import LocalSite, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site() -> Iterator[LocalSite]:
    """A site on loopback."""
    with serving() as made:
        yield made


@pytest.fixture
def dateline(
    request: pytest.FixtureRequest, tmp_path: Path, database: str | None, new_archive: Path
) -> Iterator[Commands]:
    """Commands on a fresh archive, on each database; it is sound in the end."""
    commands = Commands(copied(new_archive, tmp_path, database), database)
    yield commands
    _prove(request, commands)


@pytest.fixture
def dateline_sqlite(
    request: pytest.FixtureRequest, tmp_path: Path, new_archive: Path
) -> Iterator[Commands]:
    """Commands on a fresh archive on SQLite, for what has nothing to do with the database."""
    commands = Commands(copied(new_archive, tmp_path))
    yield commands
    _prove(request, commands)


def _prove(request: pytest.FixtureRequest, commands: Commands) -> None:
    """What ``db check`` and ``captures verify`` do, on an archive that was crawled into."""
    if request.node.get_closest_marker("damages_archive") is not None:
        return
    if not any((commands.folder / "captures").glob("*.warc*")):
        return
    with open_archive(str(commands.folder), commands.database) as archive:
        assert check_archive(archive) == []
