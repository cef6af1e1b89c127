"""A site on loopback and commands on an archive of each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
def dateline(tmp_path: Path, database: str | None) -> Commands:
    """Commands on a fresh archive, on each database."""
    commands = Commands(tmp_path / "archive", database)
    assert commands("init", str(commands.folder)).code == 0
    return commands


@pytest.fixture
def dateline_sqlite(tmp_path: Path) -> Commands:
    """Commands on a fresh archive on SQLite, for what has nothing to do with the database."""
    commands = Commands(tmp_path / "archive")
    assert commands("init", str(commands.folder)).code == 0
    return commands
