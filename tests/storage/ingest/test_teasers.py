"""A teaser never replaces the full text: crawled, imported, read again, or from an older archive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, text

from storage.database import migrations
from storage.jobs import reextraction
from storage.jobs.reextraction import ReextractionResult
from storage.jobs.reindex import complete_deferred_work
from storage.jobs.upgrade import apply_current_rules
from storage.maintenance.integrity import check_archive
from storage.models import Article, Capture, Event, Revision
from storage.queries import items
from storage.text.json_delta import make_delta
from storage.types.content import to_json
from tests.storage.values import NOW, article, later, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.types.content import Article as Content

URL = "https://herald.example/ferry"
PARAGRAPHS = [
    f"Paragraph {n} tells of the ferry that crosses the sound, of zebra{n} and of its passengers."
    for n in range(8)
]
FULL = article("The ferry", *PARAGRAPHS)
TEASER = article("The ferry", PARAGRAPHS[0], access="teaser")
DOUBTFUL = article("The ferry", *PARAGRAPHS[:2], provenance={"access": "paid content"})


def _record(archive: Archive, source: int, content: Content, **fields: object) -> str:
    outcome = stored(task_for(archive, source, URL), content, **fields)
    (done,) = archive.record(source, None, [outcome], NOW)
    return f"{done.verdict} {done.cause}" if done.cause else done.verdict


def _again(archive: Archive, source: int, content: Content, days: int) -> str:
    """The page is looked at again."""
    with archive.reading() as session:
        (item,) = session.execute(select(Article.item_id)).scalars()
    task = replace(task_for(archive, source, f"{URL}?p={days}"), url=URL, item_id=item)
    outcome = stored(task, content, URL)
    at = later(days=days)
    outcome = replace(outcome, capture=replace(outcome.capture, fetched_at=at))
    (done,) = archive.record(source, None, [outcome], at)
    return f"{done.verdict} {done.cause}" if done.cause else done.verdict


def _history(archive: Archive) -> tuple[int, list[str]]:
    with archive.reading() as session:
        (item,) = session.execute(select(Article.item_id)).scalars()
    record = items.read_item(archive, item)
    return len(record["revisions"]), [event["kind"] for event in record["events"]]


def _is_whole(archive: Archive, word: str = "zebra7") -> None:
    (hit,) = archive.search(word)
    assert word in items.read_item(archive, hit.id)["text"]
    assert items.read_item(archive, hit.id)["access"] == "full"
    assert [
        line for line in check_archive(archive) if "not in it" in line or "schema" in line
    ] == []


@pytest.mark.parametrize("teaser", [TEASER, DOUBTFUL])
def test_a_teaser_is_an_event_and_the_full_text_stays(archive: Archive, teaser: Content) -> None:
    source = new_source(archive)
    assert _record(archive, source, FULL) == "new"
    assert _again(archive, source, teaser, 7) == "unchanged teaser"
    assert _again(archive, source, teaser, 8) == "unchanged teaser"
    assert _history(archive) == (1, ["teaser"])
    _is_whole(archive)
    # The full text is back, and has changed.
    assert (
        _again(archive, source, article("The ferry", *PARAGRAPHS, "And of zebra8."), 9) == "revised"
    )
    assert _history(archive) == (2, ["teaser", "full"])
    _is_whole(archive, "zebra8")


def test_a_publisher_who_shortens_a_page_makes_a_revision(archive: Archive) -> None:
    source = new_source(archive)
    _record(archive, source, FULL)
    assert _again(archive, source, article("The ferry", *PARAGRAPHS[:2]), 1) == "revised"
    # One paragraph less behind a wall that let the rest through is a correction too.
    fuller = replace(DOUBTFUL, blocks=FULL.blocks)
    assert _again(archive, source, fuller, 2) == "revised"
    shorter = replace(DOUBTFUL, blocks=FULL.blocks[:-1])
    assert _again(archive, source, shorter, 3) == "revised"
    other = article(
        "Quite another headline", "Nothing of what was told before it. " * 9, access="teaser"
    )
    assert _again(archive, source, other, 4) == "revised"


def test_of_two_teasers_the_longer_one_stays_and_the_whole_text_follows(archive: Archive) -> None:
    source = new_source(archive)
    _record(archive, source, article("The ferry", *PARAGRAPHS[:4], access="teaser"))
    assert _again(archive, source, TEASER, 1) == "unchanged teaser"
    assert _again(archive, source, FULL, 2) == "revised"
    _is_whole(archive)


def test_full_and_teaser_of_one_batch_are_taken_in_their_order(archive: Archive) -> None:
    source = new_source(archive)
    task = task_for(archive, source, URL)
    pages = [stored(task, FULL), stored(task, TEASER)]
    done = archive.record(source, None, pages, NOW)
    assert [(one.verdict, one.cause) for one in done] == [("new", None), ("unchanged", "teaser")]
    _is_whole(archive)


def test_an_older_import_gives_a_teaser_its_full_text(archive: Archive) -> None:
    source = new_source(archive)
    _record(archive, source, TEASER)
    outcome = stored(task_for(archive, source, URL + "?p=2"), FULL, URL, origin="import")
    old = replace(outcome, capture=replace(outcome.capture, fetched_at=later(days=-30)))
    (done,) = archive.record(source, None, [old], later(days=1))
    assert done.verdict == "revised"
    _is_whole(archive)
    teaser = stored(task_for(archive, source, URL + "?p=3"), TEASER, URL, origin="import")
    newer = replace(teaser, capture=replace(teaser.capture, fetched_at=later(days=9)))
    archive.record(source, None, [newer], later(days=9))
    _is_whole(archive)


def test_reading_again_takes_the_capture_of_the_full_text(archive: Archive) -> None:
    source = new_source(archive)
    _record(archive, source, FULL)
    _again(archive, source, TEASER, 1)
    (wanted,) = reextraction.next_tasks(archive, "new-2", None, None, older=True, after=0, limit=9)
    with archive.reading() as session:
        captures = list(session.scalars(select(Capture.id).order_by(Capture.id)))
    assert wanted.capture.id == captures[0]
    read = ReextractionResult(wanted.item_id, captures[1], TEASER, NOW)
    assert reextraction.write_results(archive, source, [read], "new-2", NOW) == [[]]
    _is_whole(archive)


def _over(archive: Archive, number: int, old: Content, new: Content) -> None:
    """A revision as older versions made it: the teaser replaced the text."""
    before, after = to_json(old), to_json(new)

    def work(session: object) -> None:
        session.execute(delete(Event))  # type: ignore[attr-defined]
        held = session.execute(select(Article.item_id, Article.capture_id)).one()  # type: ignore[attr-defined]
        session.add(Revision(  # type: ignore[attr-defined]
            item_id=held.item_id, number=number, capture_id=held.capture_id, seen_at=later(days=number),
            extractor="old", digest="0" * 64, content=None, delta=make_delta(before, after),
            changed=["text", "access"], origin="crawl", silent=False,
        ))  # fmt: skip
        article = session.get_one(Article, held.item_id)  # type: ignore[attr-defined]
        article.text, article.access, article.revision = new.text, new.access, number
        article.search_key = None
        session.execute(text("DELETE FROM search_index"))  # type: ignore[attr-defined]

    archive.write(work)


def test_an_upgrade_gives_older_archives_their_full_texts_back(archive: Archive) -> None:
    source = new_source(archive)
    _record(archive, source, FULL)
    _over(archive, 2, FULL, TEASER)
    _over(archive, 3, TEASER, replace(TEASER, headline="The ferry (for subscribers)"))
    complete_deferred_work(archive)
    assert list(archive.search("zebra7")) == []
    migrations.downgrade(archive.engine, "0016")
    with archive.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0015'"))
    said: list[str] = []
    migrations.upgrade(archive.engine, after=apply_current_rules(said.append))
    complete_deferred_work(archive)
    assert any("full text" in line for line in said)
    assert _history(archive) == (1, ["teaser"])
    _is_whole(archive)
