"""The schema: models and migrations agree, up, down and up again; versions that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, text

from storage.archive import open_archive
from storage.database import migrations
from storage.errors import DatabaseOutdated, DatabaseTooNew
from storage.jobs.upgrade import apply_current_rules
from storage.maintenance import integrity
from storage.maintenance.integrity import check_archive
from tests.storage.values import NOW, article, new_source, stored, task_for

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
    assert integrity.schema_differences(archive.engine) == []


def test_down_and_up_again_leaves_the_same_schema(archive: Archive) -> None:
    before = _schema(archive)
    migrations.downgrade(archive.engine, "base")
    assert len(_schema(archive)) <= 1
    migrations.upgrade(archive.engine, after=apply_current_rules())
    assert _schema(archive) == before


def test_clusters_that_nothing_leads_are_led_again(archive: Archive) -> None:
    source = new_source(archive)
    ids = []
    for n in range(5):
        task = task_for(archive, source, f"https://herald.example/{n}")
        (done,) = archive.record(source, None, [stored(task, article(f"Of {n}"))], NOW)
        ids.append(done.item_id)
    migrations.downgrade(archive.engine, "0012")
    # The first three are led by the fourth, which left; the fifth is alone in its cluster.
    with archive.engine.begin() as connection:
        for item, cluster in zip(ids, (ids[3], ids[3], ids[3], None, ids[4]), strict=True):
            connection.execute(
                text("UPDATE articles SET cluster_id = :c, similarity = 0.9 WHERE item_id = :i"),
                {"c": cluster, "i": item},
            )
    migrations.upgrade(archive.engine, after=apply_current_rules())
    with archive.engine.connect() as connection:
        found = dict(connection.execute(text("SELECT item_id, cluster_id FROM articles")).all())
    assert found == dict(zip(ids, (ids[0], ids[0], ids[0], None, None), strict=True))
    assert not [line for line in check_archive(archive) if "cluster" in line or "schema" in line]


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
        migrations.upgrade(archive.engine, after=apply_current_rules())


def test_a_database_of_an_older_dateline_asks_for_an_upgrade(archive: Archive) -> None:
    _stamp(archive, "0000")
    place = archive.location
    with pytest.raises(DatabaseOutdated, match="dateline db upgrade"):
        open_archive(str(place.folder), place.database_url)
