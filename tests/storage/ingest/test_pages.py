"""What the archive makes of pages: new, unchanged, revised, duplicate, gone; one row an item."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from storage.crawl.frontier import next_tasks, pending_count
from storage.models import Address, Article, Candidate, Capture, Item, Revision
from storage.models import Link as LinkRow
from storage.queries import items
from storage.types.content import Block, Entry, Link, Media, Mention, StatedTimestamp
from storage.types.endpoints import Announcement
from storage.types.pages import PageFailed, PageSkipped, PageUnchanged, Task
from tests.storage.values import NOW, article, capture, later, new_source, stored, task_for

if TYPE_CHECKING:
    from storage.archive import Archive

HOME = "https://herald.example"
URL = "https://herald.example/2026/03/09/a-story-of-the-harbour"


def _count(archive: Archive, table: type) -> int:
    with archive.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _verdicts(archive: Archive, source_id: int, *outcomes: object) -> list[str]:
    return [r.verdict for r in archive.record(source_id, None, outcomes, NOW)]  # type: ignore[arg-type]


def _recheck(archive: Archive, source_id: int) -> Task:
    with archive.reading() as session:
        return next_tasks(session, source_id, later(days=40), count=5, rechecks=5)[0]


def test_a_new_article_is_stored_with_one_revision(archive: Archive) -> None:
    source_id = new_source(archive)
    task = task_for(archive, source_id, URL)
    assert _verdicts(archive, source_id, stored(task, article())) == ["new"]
    record = items.read_item(archive, items.find_item(archive, URL))
    assert record["headline"] == "A headline"
    assert record["published"] == "2026-03-09T08:00:00+00:00"
    assert [r["number"] for r in record["revisions"]] == [1]
    with archive.reading() as session:
        assert pending_count(session, source_id) == 0


def test_the_same_page_again_is_unchanged(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    again = _recheck(archive, source_id)
    assert again.item_id is not None
    assert _verdicts(archive, source_id, stored(again, article())) == ["unchanged"]
    assert _count(archive, Revision) == 1


def test_a_changed_paragraph_makes_a_second_revision_that_says_so(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    edited = article("A headline", "Another text altogether, after a correction was sent in.")
    assert _verdicts(archive, source_id, stored(_recheck(archive, source_id), edited)) == [
        "revised"
    ]
    record = items.read_item(archive, items.find_item(archive, URL))
    assert [r["changed"] for r in record["revisions"]] == [[], ["text"]]
    assert "correction" in record["text"]
    first = items.read_item(archive, items.find_item(archive, URL), revision=1)
    assert "correction" not in first["text"]


def test_a_moved_modification_alone_is_no_revision(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    touched = article(modified=article().published)
    again = _recheck(archive, source_id)
    assert _verdicts(archive, source_id, stored(again, touched)) == ["unchanged"]


def test_one_article_at_three_addresses_is_one_item(archive: Archive) -> None:
    source_id = new_source(archive)
    content = article(canonical_url=URL)
    others = [
        f"{URL}?utm_source=feed",
        "https://herald.example/a/17",
        "https://m.herald.example/17",
    ]
    archive.add_announcements(source_id, [Announcement(u) for u in others], NOW)
    with archive.reading() as session:
        tasks = next_tasks(session, source_id, NOW, count=10)
    verdicts = _verdicts(archive, source_id, *(stored(task, content) for task in tasks))
    assert sorted(verdicts) == ["duplicate", "duplicate", "new"]
    assert _count(archive, Article) == 1
    assert {items.find_item(archive, u) for u in [*others, URL]} == {items.find_item(archive, URL)}


def test_the_same_words_at_an_address_without_canonical_join_the_first(archive: Archive) -> None:
    source_id = new_source(archive)
    text = " ".join(f"word{i}" for i in range(60))
    one = task_for(archive, source_id, URL)
    two = task_for(archive, source_id, "https://herald.example/print/17")
    verdicts = _verdicts(
        archive, source_id, stored(one, article("Same", text)), stored(two, article("Same", text))
    )
    assert verdicts == ["new", "duplicate"]


def test_another_article_under_a_careless_canonical_stays_apart(archive: Archive) -> None:
    source_id = new_source(archive)
    shared_url = "https://herald.example/news/latest"
    one = task_for(archive, source_id, URL)
    two = task_for(archive, source_id, "https://herald.example/2026/03/09/quite-another-one")
    first = article("Ferry bell returns", "It rang on Sunday.", canonical_url=shared_url)
    second = article("Eel count doubles", "Twice as many came.", canonical_url=shared_url)
    assert _verdicts(archive, source_id, stored(one, first), stored(two, second)) == ["new", "new"]
    assert _count(archive, Article) == 2


def test_a_redirect_joins_both_addresses(archive: Archive) -> None:
    source_id = new_source(archive)
    old = "https://herald.example/old/17"
    task = task_for(archive, source_id, old)
    archive.record(source_id, None, [stored(task, article(), old, URL)], NOW)
    assert items.find_item(archive, old) == items.find_item(archive, URL)


def test_a_related_article_is_a_stub_until_its_page_fills_it(archive: Archive) -> None:
    source_id = new_source(archive)
    other = "https://herald.example/2026/03/01/the-story-before"
    link = Link(other, "related", "The story before", "It began in March…")
    task = task_for(archive, source_id, URL)
    page = stored(task, article(links=(link,)), follow=(Announcement(other, depth=1),))
    archive.record(source_id, None, [page], NOW)
    stub = items.read_item(archive, items.find_item(archive, other))
    assert (stub["state"], stub["title"]) == ("stub", "The story before")
    with archive.reading() as session:
        follow = next_tasks(session, source_id, NOW, count=5, depth=1)[0]
    assert follow.url == other
    assert _verdicts(archive, source_id, stored(follow, article("The story before"))) == ["new"]
    assert _count(archive, Item) == 2
    record = items.read_item(archive, items.find_item(archive, URL))
    assert record["links"][0]["state"] == "stored"
    assert record["links"][0]["item"] == stub["id"]


def test_a_page_before_the_link_to_it_is_joined_too(archive: Archive) -> None:
    source_id = new_source(archive)
    other = "https://herald.example/2026/03/01/the-story-before"
    archive.record(
        source_id, None, [stored(task_for(archive, source_id, other), article("B"))], NOW
    )
    link = Link(other, "further", "before")
    task = task_for(archive, source_id, URL)
    archive.record(source_id, None, [stored(task, article(links=(link,)))], NOW)
    record = items.read_item(archive, items.find_item(archive, URL))
    assert record["links"][0]["item"] == items.find_item(archive, other)
    assert items.read_item(archive, items.find_item(archive, other))["linked_from"]


def test_a_stub_by_url_and_a_page_by_number_are_one_item(archive: Archive) -> None:
    source_id = new_source(archive)
    address = "https://herald.example/directory/31/a-person"
    mention = Mention("A Person", 0, 0, 8, address, "A. Person", "person")
    task = task_for(archive, source_id, URL)
    archive.record(source_id, None, [stored(task, article(mentions=(mention,)))], NOW)
    entry_task = task_for(archive, source_id, address, kind="entry")
    entry = Entry("A. Person", "person", number="31", blocks=(Block("paragraph", "Known."),))
    assert _verdicts(archive, source_id, stored(entry_task, entry)) == ["new"]
    found = items.read_item(archive, items.find_item(archive, address))
    assert found["number"] == "31"
    assert found["named_in"][0]["item"] == items.find_item(archive, URL)
    assert _count(archive, Item) == 2


def test_304_counts_as_unchanged_and_touches_nothing(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    assert _verdicts(archive, source_id, PageUnchanged(_recheck(archive, source_id))) == [
        "unchanged"
    ]
    assert _count(archive, Revision) == 1


def test_what_stands_in_an_articles_place_leaves_the_article(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    listing = PageSkipped(_recheck(archive, source_id), "listing", "it links to 40 pages")
    assert _verdicts(archive, source_id, listing) == ["skipped"]
    assert items.read_item(archive, items.find_item(archive, URL))["state"] == "stored"
    lost = PageSkipped(_recheck(archive, source_id), "error", "it says: not found")
    assert _verdicts(archive, source_id, lost) == ["gone"]
    record = items.read_item(archive, items.find_item(archive, URL))
    assert (record["state"], record["headline"]) == ("gone", "A headline")
    assert [(e["kind"], e["detail"]) for e in record["events"]] == [
        ("gone", "soft 404: it says: not found")
    ]


def test_an_article_that_comes_back_has_a_history(archive: Archive) -> None:
    """Gone twice in a row is gone once; a return and a move are said."""
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    for _ in range(2):
        failed = PageFailed(_recheck(archive, source_id), "http-404", "not there", final=True)
        assert _verdicts(archive, source_id, failed) == ["gone"]
    assert _verdicts(archive, source_id, PageUnchanged(_recheck(archive, source_id))) == [
        "unchanged"
    ]
    moved = stored(_recheck(archive, source_id), article(), URL, f"{URL}-moved")
    assert _verdicts(archive, source_id, moved) == ["unchanged"]
    record = items.read_item(archive, items.find_item(archive, URL))
    assert [e["kind"] for e in record["events"]] == ["gone", "returned", "moved"]
    assert (record["state"], record["url"]) == ("stored", f"{URL}-moved")


def test_a_history_keeps_each_change_and_only_that(archive: Archive) -> None:
    """Every revision comes back whole; a change of a paragraph costs about a paragraph."""
    source_id = new_source(archive)
    task = task_for(archive, source_id, URL)
    paragraphs = [
        f"Paragraph {n} says what it says, again and again, at length." for n in range(60)
    ]
    modified = StatedTimestamp(NOW)
    told = [article("One", *paragraphs, modified=modified)]
    for n in range(5):
        paragraphs[10 + n] += " And this was added."
        told.append(article("One", *paragraphs, modified=modified))
    archive.record(source_id, None, [stored(task, told[0])], NOW)
    for content in told[1:]:
        done = _verdicts(archive, source_id, stored(_recheck(archive, source_id), content))
        assert done == ["revised"]
    item = items.find_item(archive, URL)
    for number, content in enumerate(told, 1):
        assert items.read_item(archive, item, number)["text"] == content.text
    with archive.reading() as session:
        rows = session.query(Revision).order_by(Revision.number).all()
    assert [(r.changed, r.silent) for r in rows[1:]] == [(["text"], True)] * 5
    whole = len(json.dumps(rows[0].content))
    assert all(len(json.dumps(row.delta)) < whole / 20 for row in rows[1:])


def test_a_deleted_page_is_gone_and_its_article_kept(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    failed = PageFailed(_recheck(archive, source_id), "http-410", "gone", final=True)
    assert _verdicts(archive, source_id, failed) == ["gone"]
    record = items.read_item(archive, items.find_item(archive, URL))
    assert (record["state"], record["headline"]) == ("gone", "A headline")


def test_a_passing_failure_is_tried_three_times(archive: Archive) -> None:
    source_id = new_source(archive)
    task = task_for(archive, source_id, URL)
    for _ in range(3):
        with archive.reading() as session:
            assert pending_count(session, source_id) == 1
        archive.record(source_id, None, [PageFailed(task, "timeout", "took long")], NOW)
    with archive.reading() as session:
        row = session.scalars(select(Candidate)).one()
    assert (row.state, row.attempts, row.cause) == ("failed", 3, "timeout")


def test_pictures_keep_caption_and_credit(archive: Archive) -> None:
    source_id = new_source(archive)
    picture = Media("https://herald.example/a.jpg", "picture", "A quay", "© A. Person", "quay")
    task = task_for(archive, source_id, URL)
    archive.record(source_id, None, [stored(task, article(media=(picture,)))], NOW)
    record = items.read_item(archive, items.find_item(archive, URL))
    (shown,) = record["media"]
    said = {"url": picture.url, "caption": "A quay", "credit": "© A. Person",
            "alternative_text": "quay", "kind": "picture", "state": "known"}  # fmt: skip
    assert {name: shown[name] for name in said} == said


def test_a_batch_with_a_failure_inside_writes_nothing(archive: Archive) -> None:
    source_id = new_source(archive)
    good = stored(task_for(archive, source_id, URL), article())
    broken = dataclasses.replace(good, urls=("not a url",), capture=capture(URL))
    with pytest.raises(ValueError, match="no web address"):
        archive.record(source_id, None, [good, broken], NOW)
    assert _count(archive, Item) == 0
    assert _count(archive, Address) == 0


def test_two_sources_may_hold_the_same_url(archive: Archive) -> None:
    one = new_source(archive)
    two = new_source(archive, "other", "https://other.example/")
    for source_id in (one, two):
        task = task_for(archive, source_id, URL)
        assert _verdicts(archive, source_id, stored(task, article())) == ["new"]
    assert _count(archive, Article) == 2
    assert _count(archive, LinkRow) == 0


def test_a_feeds_id_joins_an_article_that_moved(archive: Archive) -> None:
    """Its headline or text must agree: feeds use one id for several articles too."""
    source_id = new_source(archive)
    hints = {"guid": "tag:herald.example,2026:77"}
    first = task_for(archive, source_id, URL, hints=hints)
    assert _verdicts(archive, source_id, stored(first, article())) == ["new"]
    moved = task_for(archive, source_id, f"{URL}-with-a-better-name", hints=hints)
    told = article("A headline", "It was told anew, in other words than before, for the archive.")
    assert _verdicts(archive, source_id, stored(moved, told)) == ["revised"]
    record = items.read_item(archive, items.find_item(archive, URL))
    assert record["url"] == f"{URL}-with-a-better-name"
    assert [event["kind"] for event in record["events"]] == ["moved"]
    assert len(record["addresses"]) == 2
    other = task_for(archive, source_id, "https://herald.example/another-thing", hints=hints)
    content = article(
        "Of something else", "Nothing in it is like the first one, not a single word of it."
    )
    assert _verdicts(archive, source_id, stored(other, content)) == ["new"]
    assert _count(archive, Article) == 2


def test_a_batch_of_new_articles_keeps_their_feeds_ids(archive: Archive) -> None:
    source_id = new_source(archive)
    tasks = [task_for(archive, source_id, f"{URL}-{n}", hints={"guid": f"g{n}"}) for n in range(5)]
    pages = [stored(task, article(f"Headline {n}")) for n, task in enumerate(tasks)]
    assert _verdicts(archive, source_id, *pages) == ["new"] * 5
    moved = task_for(archive, source_id, "https://herald.example/elsewhere", hints={"guid": "g3"})
    assert _verdicts(archive, source_id, stored(moved, article("Headline 3"))) == ["unchanged"]
    assert _count(archive, Article) == 5


def test_what_reads_as_another_kind_now_leaves_what_is_held(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    again = _recheck(archive, source_id)
    entry = Entry("Anne Morel", "person", number="7")
    (made,) = archive.record(source_id, None, [stored(again, entry)], NOW)
    assert (made.verdict, made.cause) == ("skipped", "other-kind")
    record = items.read_item(archive, items.find_item(archive, URL))
    assert record["headline"] == "A headline"
    assert _count(archive, Capture) == 2


def test_an_entry_that_names_an_article_as_its_canonical_is_an_entry(archive: Archive) -> None:
    source_id = new_source(archive)
    numbered = article(number="7")
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), numbered)], NOW)
    other = "https://herald.example/people/anne-morel"
    for number in ("7", None):
        entry = Entry("Anne Morel", "person", number=number, canonical_url=URL)
        page = stored(task_for(archive, source_id, f"{other}-{number}"), entry)
        assert _verdicts(archive, source_id, page) == ["new"]
    assert _count(archive, Article) == 1
    assert _count(archive, Item) == 3


def test_an_article_at_an_entrys_address_stays_its_own(archive: Archive) -> None:
    source_id = new_source(archive)
    archive.record(source_id, None, [stored(task_for(archive, source_id, URL), article())], NOW)
    own = "https://herald.example/people/anne-morel"
    held = stored(task_for(archive, source_id, own), Entry("Anne Morel", "person"))
    assert _verdicts(archive, source_id, held) == ["new"]
    # It redirects to the entry's address, and its template names another article.
    other = article("Tolls rise", "The bridge costs more from May on, the council said.",
                    canonical_url=URL)  # fmt: skip
    for number, verdict in ((1, "new"), (2, "duplicate")):
        asked = task_for(archive, source_id, f"https://herald.example/tolls-{number}")
        page = stored(asked, other, asked.url, own)
        assert _verdicts(archive, source_id, page) == [verdict]
    with archive.reading() as session:
        kinds = session.execute(
            select(Item.kind, Item.title, func.count(Revision.id))
            .join(Revision, Revision.item_id == Item.id)
            .group_by(Item.id)
            .order_by(Item.id)
        ).all()
    assert [tuple(row) for row in kinds] == [
        ("article", "A headline", 1), ("entry", "Anne Morel", 1), ("article", "Tolls rise", 1)
    ]  # fmt: skip


@pytest.mark.parametrize("relation", ["further", "outside", "embedded"])
def test_a_link_before_its_stub_leads_to_it(archive: Archive, relation: Any) -> None:
    """On the same page, and on one that was stored before."""
    source = new_source(archive)
    far, near = f"{HOME}/far", f"{HOME}/near"
    early = article("Early", links=(Link(near, relation, "near"),))
    both = article("Both", "Of both. " * 30, links=(
        Link(far, relation, "far"), Link(far, "related", "Far"), Link(near, "related", "Near"),
    ))  # fmt: skip
    for name, content in (("early", early), ("both", both)):
        archive.record(source, None, [stored(task_for(archive, source, f"{HOME}/{name}"), content)],
                       NOW)  # fmt: skip
    with archive.reading() as session:
        links = session.execute(select(LinkRow.relation, LinkRow.target_id)).all()
    assert len(links) == 4
    assert all(target is not None for _, target in links)
