"""``who:`` finds what names an entry, whatever becomes of the entry after the article was indexed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from storage.database import migrations
from storage.errors import BadQuery
from storage.jobs.name_mentions import link_names
from storage.jobs.upgrade import apply_current_rules
from storage.maintenance import takedown
from storage.models import Article as Row
from storage.queries import items
from storage.queries.directory import find_entries
from storage.search.index import indexer, store
from storage.types.content import Article, Block, Entry, Link, Mention
from storage.types.pages import PageStored
from tests.storage.values import NOW, article, new_source, real_capture, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example"
STORY = f"{HOME}/news/1/a-story"
OLD, NEW = f"{HOME}/people/a-morel", f"{HOME}/directory/31/anne-morel"


def _put(archive: Archive, source: int, content: Article | Entry, *urls: str) -> None:
    kind = "entry" if isinstance(content, Entry) else "article"
    task = task_for(archive, source, urls[0], kind=kind)
    kept = real_capture(archive, urls[-1], b"<html></html>")
    archive.record(source, None, [PageStored(task, urls, kept, content, "test-1")], NOW)


def _found(archive: Archive, query: str) -> list[str]:
    with archive.reading() as session:
        ids = list(session.scalars(select(Row.item_id)))
        assert list(indexer.index_faults(session.connection(), ids)) == []
        assert store.stray_keys(session.connection()) == []
    return sorted(hit.headline for hit in archive.search(query))


def _anne(number: str | None = None) -> Entry:
    return Entry("Anne Morel", "person", number=number, blocks=(Block("paragraph", "Known."),))


def _mentioning(headline: str, url: str) -> Article:
    text = f"Anne Morel spoke of {headline} at the quay, and what she said was heard."
    return article(headline, text, mentions=(Mention("Anne Morel", 0, 0, 10, url, None, "person"),))


def test_mentions_and_listed_links_are_found_and_counted(archive: Archive) -> None:
    source = new_source(archive)
    _put(archive, source, _mentioning("Boats", OLD), STORY)
    listed = article("Nets", links=(Link(OLD, "entry", "Anne Morel"),))
    _put(archive, source, listed, f"{HOME}/news/2/nets")
    _put(archive, source, article("Ropes"), f"{HOME}/news/3/ropes")
    assert _found(archive, 'who:"Anne Morel"') == ["Boats", "Nets"]
    assert _found(archive, 'NOT who:"Anne Morel"') == ["Ropes"]
    assert archive.search('who:"Anne Morel"').total() == 2
    (day,) = archive.search('who:"Anne Morel"').over_time("day")
    assert day[1] == 2
    with pytest.raises(BadQuery):
        _found(archive, "who:Nobody")


def test_an_entry_that_moved_keeps_what_named_it_where_it_was(archive: Archive) -> None:
    source = new_source(archive)
    _put(archive, source, _mentioning("Boats", OLD), STORY)
    _put(archive, source, _anne("31"), NEW)
    before = len(find_entries(archive, "Anne Morel"))
    # The page of the old address leads to the new one: two items become one.
    _put(archive, source, _anne("31"), OLD, NEW)
    assert (before, len(find_entries(archive, "Anne Morel"))) == (2, 1)
    assert _found(archive, 'who:"Anne Morel"') == ["Boats"]


def test_a_name_without_a_link_is_found_once_it_is_joined(archive: Archive) -> None:
    source = new_source(archive)
    _put(archive, source, article("Boats", "Yesterday Anne Morel opened the quay again."), STORY)
    _put(archive, source, _anne(), OLD)
    assert _found(archive, 'who:"Anne Morel"') == []
    assert link_names(archive, source, NOW, 0) == (1, 0)
    assert _found(archive, 'who:"Anne Morel"') == ["Boats"]
    assert [a["title"] for a in find_entries(archive, "Anne Morel")[0]["articles"]] == ["Boats"]


def test_an_entry_that_was_erased_is_named_no_more(archive: Archive) -> None:
    source = new_source(archive)
    _put(archive, source, _mentioning("Boats", OLD), STORY)
    _put(archive, source, _anne(), OLD)
    number = items.find_item(archive, OLD)
    takedown.erase_items(archive, [number], "asked for", NOW)
    assert _found(archive, "quay") == ["Boats"]
    # Its number may be given to another item.
    _put(archive, source, Entry("Paul Roux", "person"), f"{HOME}/people/roux")
    assert _found(archive, 'who:"Paul Roux"') == []


def test_an_older_archive_learns_it_when_it_is_upgraded(archive: Archive) -> None:
    source = new_source(archive)
    _put(archive, source, _mentioning("Boats", OLD), STORY)
    _put(archive, source, article("Ropes"), f"{HOME}/news/3/ropes")
    migrations.downgrade(archive.engine, "0008")
    migrations.upgrade(archive.engine, after=apply_current_rules())
    assert indexer.index_missing(archive) == 1
    assert _found(archive, 'who:"Anne Morel"') == ["Boats"]
