"""A site on loopback and commands on an archive of each database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
def dateline(tmp_path: Path, database: str | None, new_archive: Path) -> Commands:
    """Commands on a fresh archive, on each database."""
    return Commands(copied(new_archive, tmp_path, database), database)


@pytest.fixture
def dateline_sqlite(tmp_path: Path, new_archive: Path) -> Commands:
    """Commands on a fresh archive on SQLite, for what has nothing to do with the database."""
    return Commands(copied(new_archive, tmp_path))
