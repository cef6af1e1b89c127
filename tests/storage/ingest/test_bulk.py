"""A batch written a table at a time leaves the very rows that page by page leaves."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from storage.archive import Archive, open_archive
from storage.ingest.batch import write_batch
from storage.ingest.change import IngestBatch
from storage.ingest.derived import derive
from storage.models import (
    Address,
    Article,
    ArticleMedia,
    Candidate,
    Capture,
    Item,
    Revision,
    Signature,
)
from storage.models import Link as LinkRow
from storage.types.content import Link, Media
from storage.types.endpoints import Announcement
from storage.types.pages import PageSkipped
from tests.conftest import copied
from tests.pages import sentences
from tests.profiles import examples
from tests.storage.values import NOW, article, capture, new_source, stored, task_for

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.types.pages import Outcome

HOME = "https://herald.example"


def url(number: int) -> str:
    return f"{HOME}/news/{number}/a-story-of-some-kind"


def outcomes(
    archive: Archive, source_id: int, plan: list[tuple[int, int, int, int]]
) -> list[Outcome]:
    """Pages by (address, text, canonical address, linked address); a text of 9 is no article."""
    made: list[Outcome] = []
    for address, text, canonical, linked in plan:
        try:
            task = task_for(archive, source_id, url(address))
        except StopIteration:
            continue  # the page at this address is held already
        if text == 9:
            made.append(PageSkipped(task, "empty", "no text", capture(task.url)))
            continue
        content = article(
            f"Headline {text}", *sentences(text, 4),
            canonical_url=url(canonical) if canonical < 8 else None,
            links=(Link(url(linked), "related", "Another story", None), Link("https://x.example/", "outside")),
            media=(Media(f"{HOME}/p/{text}.jpg"),),
            number=str(address) if canonical == 9 else None,
        )  # fmt: skip
        follow = (Announcement(url(linked), depth=1),) if linked < 4 else ()
        made.append(stored(task, content, follow=follow))
    return made


def rows(archive: Archive) -> dict[str, Any]:
    """What the archive holds, without the ids that only order of writing decides."""

    def item_names(session: Session) -> dict[int, str]:
        return {i: f"{kind} {name}" for i, kind, name in
                session.execute(select(Item.id, Item.kind, Item.identity))}  # fmt: skip

    with archive.reading() as session:
        names = item_names(session)

        def of(*columns: Any) -> list[tuple[Any, ...]]:
            found = [tuple(row) for row in session.execute(select(*columns))]
            return sorted(found, key=repr)

        return {
            "items": of(Item.kind, Item.identity, Item.url, Item.state, Item.number, Item.title, Item.teaser),
            "addresses": sorted((key, names[i]) for key, i in of(Address.key, Address.item_id)),
            "articles": sorted((names[i], h, t, d, r) for i, h, t, d, r in of(
                Article.item_id, Article.headline, Article.text, Article.text_digest, Article.revision)),
            "revisions": sorted((names[i], n, str(c), d) for i, n, c, d in of(
                Revision.item_id, Revision.number, Revision.content, Revision.digest)),
            "links": sorted((names[i], p, r, k, names.get(t)) for i, p, r, k, t in of(
                LinkRow.item_id, LinkRow.position, LinkRow.relation, LinkRow.key, LinkRow.target_id)),
            "media": sorted((names[i], p) for i, p in of(ArticleMedia.item_id, ArticleMedia.position)),
            # What is held already needs no candidate; only what is still to fetch must agree.
            "candidates": [row for row in of(Candidate.key, Candidate.state, Candidate.cause)
                           if row[1] != "done"],
            "captures": len(of(Capture.id)),
            "clusters": clusters(session, names),
            "found": sorted(found.headline for found in archive.search("story", duplicates=True)),
        }  # fmt: skip


def clusters(session: Session, names: dict[int, str]) -> list[tuple[Any, ...]]:
    """(what the leading article is led by, the members) of each cluster, lone articles among them.

    Of two that are as early, as full and as long the one with the lesser id leads: that is the
    order of writing again.
    """
    found = session.execute(
        select(
            Article.item_id, Article.cluster_id, Article.access, Article.sort_at, Article.word_count
        )
    ).all()
    ranks = {row.item_id: tuple(row)[2:] for row in found}
    members: dict[int, list[str]] = {}
    for item_id, cluster, *_ in found:
        members.setdefault(cluster or -item_id, []).append(names[item_id])
    return sorted(
        (sorted(held), ranks.get(leading)) for leading, held in members.items()
    )  # fmt: skip


PLANS = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 9), st.integers(0, 12), st.integers(0, 7)),
    max_size=12, unique_by=lambda plan: plan[0],
)  # fmt: skip


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=PLANS, plan=PLANS)
def test_a_batch_leaves_what_page_by_page_leaves(
    tmp_path_factory: pytest.TempPathFactory,
    new_archive: Path,
    before: list[tuple[int, int, int, int]],
    plan: list[tuple[int, int, int, int]],
) -> None:
    def held(at_once: bool) -> dict[str, Any]:
        archive = open_archive(copied(new_archive, tmp_path_factory.mktemp("bulk")))
        source = new_source(archive)
        for batch in (before, plan):
            pages = outcomes(archive, source, batch)

            def work(session: Session, pages: list[Outcome] = pages) -> None:
                batches = [pages] if at_once else [[page] for page in pages]
                for one in batches:
                    write_batch(session.connection(), IngestBatch(source, None, NOW), one)

            archive.write(work)
        found = rows(archive)
        archive.close()
        return found

    one, other = held(at_once=True), held(at_once=False)
    for table, content in one.items():
        assert content == other[table], table


@pytest.mark.parametrize("count", [10, 40])
def test_statements_do_not_grow_with_a_batch(archive: Archive, count: int) -> None:
    source = new_source(archive)
    pages = outcomes(archive, source, [(i, i + 10, 12, 100 + i) for i in range(count)])
    said: list[str] = []

    @event.listens_for(archive.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    done = archive.record(source, None, pages, NOW)
    assert [one.verdict for one in done] == ["new"] * count
    # Of near-duplicates each is read and placed by itself.
    asked = [one for one in said if "cluster" not in one and "SELECT articles.text" not in one]
    assert len(asked) < 45


def test_what_was_derived_before_is_written_as_what_is_derived_here(archive: Archive) -> None:
    source = new_source(archive)
    rows = []
    for number in range(2):
        content = article(
            f"Bells {number}", *sentences(5, 4), language="en", standfirst="They rang"
        )
        page = stored(task_for(archive, source, url(number)), content)
        if number:
            page = dataclasses.replace(page, derived=derive(content))
        (done,) = archive.record(source, None, [page], NOW)
        with archive.reading() as session:
            row = session.execute(
                select(Article.word_count, Article.text_digest, Signature.signature)
                .join(Signature, Signature.item_id == Article.item_id)
                .where(Article.item_id == done.item_id)
            ).one()
        rows.append(tuple(row))
        found = archive.search(f"bells {number} rang", duplicates=True)
        assert done.item_id in [hit.id for hit in found]
    assert rows[0] == rows[1]
