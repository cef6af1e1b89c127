"""Keys of addresses after a change of their rules: rows follow, items that met become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from storage.archive import open_archive
from storage.database import migrations
from storage.jobs.rekey import rekey, save_url_rules
from storage.jobs.upgrade import apply_current_rules
from storage.maintenance.integrity import check_archive
from storage.models import Address, Article, Candidate, Capture, Item, Revision
from storage.queries import items
from storage.text.url_rules import UrlRules
from storage.text.urls import set_url_rules, url_key
from storage.types.content import Link
from tests.storage.values import NOW, article, new_source, publish, stored, task_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.archive import Archive

HOME = "https://herald.example"


@pytest.fixture(autouse=True)
def _no_rules() -> Iterator[None]:
    yield
    set_url_rules({})


def test_a_sites_own_rules_are_kept_and_heard(archive: Archive) -> None:
    source = new_source(archive)
    archive.record(
        source,
        None,
        [stored(task_for(archive, source, f"{HOME}/story?id=1&tab=2"), article())],
        NOW,
    )
    task_for(archive, source, f"{HOME}/waiting?id=9&tab=3")
    assert archive.write(lambda s: save_url_rules(s, source, UrlRules(frozenset({"id"})))) > 0
    assert items.find_item(archive, f"{HOME}/story?id=1&tab=7&x=y") == 1
    with archive.reading() as session:
        assert {a.key for a in session.query(Address)} == {"herald.example/story?id=1"}
        keys = {c.key for c in session.query(Candidate)}
        assert "herald.example/waiting?id=9" in keys
    assert archive.write(lambda s: save_url_rules(s, source, UrlRules(frozenset({"id"})))) == 0
    set_url_rules({})
    with open_archive(str(archive.location.folder), archive.location.database_url):
        assert url_key(f"{HOME}/story?id=1&tab=7") == "herald.example/story?id=1"


def test_a_stub_at_the_other_spelling_becomes_part_of_its_item(archive: Archive) -> None:
    source = new_source(archive)
    link = Link(f"{HOME}/story?view=7", "related", "Story")
    one = stored(task_for(archive, source, f"{HOME}/first"), article("First", links=(link,)))
    two = stored(task_for(archive, source, f"{HOME}/story"), article("Story"))
    archive.record(source, None, [one, two], NOW)
    with archive.reading() as session:
        assert session.query(Item).count() == 3
    archive.write(lambda s: save_url_rules(s, source, UrlRules(dropped=frozenset({"view"}))))
    with archive.reading() as session:
        assert session.query(Item).count() == 2
    record = items.read_item(archive, items.find_item(archive, f"{HOME}/first"))
    assert record["links"][0]["item"] == items.find_item(archive, f"{HOME}/story")
    assert archive.write(lambda s: rekey(s.connection())) == 0


def test_an_upgrade_loses_no_row_and_signs_what_is_there(archive: Archive) -> None:
    """Down to the schema before and up again, with articles, revisions, links and captures."""
    source = new_source(archive)
    for n in range(4):
        link = Link(f"{HOME}/{n + 1}", "related", f"Story {n + 1}")
        words = " ".join(f"word{n}x{k}" for k in range(40))
        publish(archive, source, f"{HOME}/{n}", article(f"Story {n}", words, links=(link,)))

    def count(table: type) -> int:
        with archive.reading() as session:
            return session.query(table).count()

    tables = (Item, Article, Revision, Capture, Address)
    before = [count(table) for table in tables]
    migrations.downgrade(archive.engine, "0002")
    with archive.engine.begin() as connection:
        connection.execute(text("UPDATE addresses SET key = 'old.' || key"))
    migrations.upgrade(archive.engine, after=apply_current_rules())
    assert [count(table) for table in tables] == before
    assert items.find_item(archive, f"{HOME}/2") > 0
    problems = check_archive(archive)
    assert problems
    assert all("dateline db upgrade" in problem for problem in problems)
    assert list(archive.search("story")) == []
    from storage.jobs.reindex import complete_deferred_work

    assert complete_deferred_work(archive) == 4
    assert len(list(archive.search("story"))) == 4
    assert check_archive(archive) == []
