"""The schema: models and migrations agree, up, down and up again; versions that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, text

from storage import migrations
from storage.archive import open_archive
from storage.errors import DatabaseOutdated, DatabaseTooNew

if TYPE_CHECKING:
    from storage.archive import Archive


def _schema(archive: Archive) -> list[str]:
    found = MetaData()
    found.reflect(archive.engine)
    return sorted(
        f"{table.name}.{column.name} {column.type} {column.nullable}"
        for table in found.tables.values()
        for column in table.columns
    )


def test_models_and_migrations_agree(archive: Archive) -> None:
    assert migrations.differences(archive.engine) == []


def test_down_and_up_again_leaves_the_same_schema(archive: Archive) -> None:
    before = _schema(archive)
    migrations.downgrade(archive.engine, "base")
    assert len(_schema(archive)) <= 1
    migrations.upgrade(archive.engine)
    assert _schema(archive) == before


def test_the_head_named_in_the_code_is_the_newest_migration() -> None:
    files = Path(migrations.scripts_folder(), "versions").glob("[0-9]*.py")
    assert max(path.name.split("_")[0] for path in files) == migrations.HEAD


def _stamp(archive: Archive, version: str) -> None:
    with archive.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})


def test_a_database_of_a_newer_dateline_is_refused(archive: Archive) -> None:
    _stamp(archive, "9999")
    place = archive.location
    with pytest.raises(DatabaseTooNew, match="install the newer Dateline"):
        open_archive(str(place.folder), place.database_url)
    with pytest.raises(DatabaseTooNew):
        migrations.upgrade(archive.engine)


def test_a_database_of_an_older_dateline_asks_for_an_upgrade(archive: Archive) -> None:
    _stamp(archive, "0000")
    place = archive.location
    with pytest.raises(DatabaseOutdated, match="dateline db upgrade"):
        open_archive(str(place.folder), place.database_url)
