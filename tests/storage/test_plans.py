"""No question that each crawl asks reads a whole table: what SQLite plans, and what refers to what.

Such a question is quick in every test and takes seconds in an archive of a million articles.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint, event

from storage.archive import open_archive
from storage.crawl import frontier, runs, sources
from storage.maintenance import takedown
from storage.models.base import Base
from storage.queries import items
from storage.types.content import Link
from storage.types.endpoints import Announcement
from tests.conftest import copied
from tests.storage.values import NOW, article, later, new_source, stored, task_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.archive import Archive

URL = "https://herald.example/news"
# Tables that grow with the archive.
_LARGE = (
    "addresses|article_media|articles|candidates|captures|directory_entries|entry_names|events"
    "|items|links|media|mentions|revisions|search_index_content|signature_bands|signatures"
)
# A whole table, or all that a source has.
_WHOLE = re.compile(rf"SCAN ({_LARGE})\b|ix_items_source_id_state \(source_id=\?\)$")
# Deleting an endpoint looks through the candidates once.
_UNINDEXED = {("candidates", "endpoint_id")}


@pytest.fixture
def archive(tmp_path: Path, new_archive: Path) -> Iterator[Archive]:
    """An empty one on SQLite, whose plans do not depend on how much there is."""
    with open_archive(str(copied(new_archive, tmp_path))) as made:
        yield made


@contextmanager
def _planned(archive: Archive) -> Iterator[list[str]]:
    """What is planned for each statement in the block, with the statement."""
    plans: list[str] = []

    def note(
        connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
    ) -> None:
        if many or not statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        raw = connection.connection.driver_connection
        for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values):
            plans.append(f"{' '.join(statement.split())}\n  {row[3]}")

    event.listen(archive.engine, "after_cursor_execute", note)
    try:
        yield plans
    finally:
        event.remove(archive.engine, "after_cursor_execute", note)


def _end(session: Session, run: int) -> None:
    runs.end_run(session, run, NOW, state="finished", reason="finished", counts={}, causes={})


def test_every_reference_has_an_index() -> None:
    """Else each row that is deleted makes the database look through all that may refer to it."""
    without = set()
    for table in Base.metadata.sorted_tables:
        first = {next(iter(one.columns)).name for one in table.indexes}
        first |= {
            next(iter(one.columns)).name
            for one in table.constraints
            if isinstance(one, PrimaryKeyConstraint | UniqueConstraint) and len(one.columns)
        }
        without |= {
            (table.name, key.parent.name)
            for key in table.foreign_keys
            if key.parent.name not in first
        }
    assert without == _UNINDEXED


def test_what_a_crawl_asks_reads_no_whole_table(archive: Archive) -> None:
    source = new_source(archive)
    links = (Link(f"{URL}/1", "further", "one"), Link("https://elsewhere.example/", "outside"))
    pages = [
        stored(task_for(archive, source, f"{URL}/{n}"), article(f"Story {n}", links=links))
        for n in range(8)
    ]
    with _planned(archive) as plans:
        run = archive.write(lambda s: runs.begin_run(s, source, NOW).id)
        archive.record(source, run, pages, NOW)
        changed = [
            stored(page.task, article(f"Story {n} again", links=links))
            for n, page in enumerate(pages)
        ]
        archive.record(source, run, changed, later(hours=1))
        archive.add_announcements(source, [Announcement(f"{URL}/{n}/next") for n in range(5)], NOW)
        with archive.reading() as session:
            frontier.next_tasks(session, source, later(days=40), count=50, rechecks=20)
            sources.list_sources(session, source)
        items.find_item(archive, f"{URL}/3")
        archive.write(lambda s: _end(s, run))
        archive.write(lambda s: _end(s, runs.begin_run(s, source, later(days=1)).id))
        # The first run's counts are empty: it goes.
        archive.write(lambda s: runs.delete_empty_runs(s, source, later(days=9)))
    assert any(plan.startswith("DELETE FROM crawl_runs") for plan in plans)
    assert [plan for plan in plans if _WHOLE.search(plan)] == []


def test_erasing_an_article_reads_no_whole_table(archive: Archive) -> None:
    source = new_source(archive)
    pages = [
        stored(task_for(archive, source, f"{URL}/{n}"), article(f"Story {n}")) for n in range(4)
    ]
    archive.record(source, None, pages, NOW)
    item = items.find_item(archive, f"{URL}/2")
    with _planned(archive) as plans, archive.engine.begin() as connection:
        # As a takedown does: the rows go, and all that refers to them is told.
        for table, column in (("items", "id"), ("captures", "id"), ("crawl_runs", "id")):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} = {item}")  # noqa: S608
    assert [plan for plan in plans if _WHOLE.search(plan)] == []
    assert takedown.list_takedowns(archive) == []
