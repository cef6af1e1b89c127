"""A batch of outcomes at once: pages that meet nothing known are written a table at a time.

On most days most pages are new articles that share no address, identity or text with anything
held, nor with one another. For those the questions of :mod:`storage.ingest.pages` have known
answers,
so one query asks them for the whole batch and each table is written in one statement. Everything
else goes the ordinary way, page by page; both ways write the same rows.
"""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from storage.crawl import frontier, tombstones
from storage.database.engine import insert_ignore_statement
from storage.ingest import identity, revisions
from storage.ingest import pages as recording
from storage.ingest.links import write_pointers
from storage.ingest.rows import article_values, sorted_by
from storage.ingest.stored_page import StoredPage
from storage.models import Address, Article, Candidate, Capture, Item, Link, Revision
from storage.search.index import store
from storage.text.urls import url_key
from storage.types.content import Article as ArticleContent
from storage.types.pages import PageStored, Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.ingest.batch import Writing
    from storage.types.pages import Outcome


# Fewer pages are quicker written one by one than asked about first.
_FEWEST = 3


def record_all(writing: Writing, outcomes: Sequence[Outcome]) -> list[Recorded]:
    """Write outcomes in the caller's transaction; what was made of each, in their order.

    The order counts: what one page links to or claims decides what the next one is.
    """
    pages = {
        i: StoredPage.of(outcome)
        for i, outcome in enumerate(outcomes)
        if isinstance(outcome, PageStored)
    }
    # Where anything was ever erased, each page is asked about on its own.
    alone = set() if tombstones.any_exist(writing.connection) else _alone(pages)
    done: list[Recorded] = []
    while len(done) < len(outcomes):
        run = list(takewhile(alone.__contains__, range(len(done), len(outcomes))))
        if len(run) >= _FEWEST:
            # What shares something now does so later too: it is not asked about again. What does
            # not may do so once those before it are written.
            alone -= _sharing(writing, {i: pages[i] for i in run})
            run = list(takewhile(alone.__contains__, run))
        if len(run) >= _FEWEST:
            done += _write_new(writing, [pages[i] for i in run])
        else:
            done.append(recording.record(writing, outcomes[len(done)]))
    writing.finish()
    return done


def _keys(page: StoredPage) -> set[str]:
    keys = {*identity.keys_of(page.urls), url_key(page.task.url)}
    return keys if page.guid is None else {*keys, page.guid}


def _alone(pages: dict[int, StoredPage]) -> set[int]:
    """The new articles that share no address, identity or text with others of the batch.

    What a browser drew has two captures, one of which refers to the other: it goes page by page.
    """
    uses: Counter[str] = Counter()
    names = {
        i: {*_keys(page), f"identity {page.identity}", f"text {page.made.derived.digest}"}
        for i, page in pages.items()
    }
    for used in names.values():
        uses.update(used)
    return {
        i
        for i, page in pages.items()
        if isinstance(page.outcome.content, ArticleContent)
        and page.task.item_id is None
        and page.outcome.rendered_from is None
        and not page.outcome.pages
        and all(uses[name] == 1 for name in names[i])
    }


def _sharing(writing: Writing, pages: dict[int, StoredPage]) -> set[int]:
    """Those of ``pages`` that share an address, identity or text with what is held."""
    connection, source_id = writing.connection, writing.source_id
    keys = sorted(set().union(*map(_keys, pages.values())))
    held = {key for key, _ in identity.items_at(connection, source_id, keys)}
    held |= set(connection.scalars(
        select(Item.identity).where(Item.source_id == source_id, Item.kind == "article",
                                    Item.identity.in_([p.identity for p in pages.values()]))
    ))  # fmt: skip
    digests = [page.made.derived.digest for page in pages.values()]
    held |= {found[0] for found in identity.same_texts(connection, source_id, digests)}
    return {
        i
        for i, page in pages.items()
        if not held.isdisjoint({page.identity, page.made.derived.digest, *_keys(page)})
    }


def _write_new(writing: Writing, pages: Sequence[StoredPage]) -> list[Recorded]:
    connection, now = writing.connection, writing.now
    ids = _insert_items(writing, pages)
    captures = _insert_captures(writing, pages)
    _insert_addresses(writing, pages, ids)
    frontier.settle_tasks(connection, [page.task for page in pages], "done", now)
    connection.execute(
        insert(Revision.__table__),  # type: ignore[arg-type]
        [
            revisions.first_revision(page.made, ids[page.identity], capture, now)
            for page, capture in zip(pages, captures, strict=True)
        ],
    )
    _insert_articles(writing, pages, ids, captures)
    articles = {ids[page.identity]: page.made.article for page in pages}
    write_pointers(connection, writing.source_id, articles, now, fresh=True)
    followed = [said for page in pages for said in page.outcome.follow]
    fresh = (
        frontier.store_announcements(connection, writing.source_id, followed, now)
        if followed
        else set()
    )
    done = []
    for page in pages:
        said = {url_key(one.url) for one in page.outcome.follow} & fresh
        announced = len(said)
        fresh -= said
        done.append(Recorded("new", item_id=ids[page.identity], announced=announced))
    writing.new.update((ids[page.identity], page.made) for page in pages)
    return done


def _insert_articles(
    writing: Writing, pages: Sequence[StoredPage], ids: dict[str, int], captures: Sequence[int]
) -> None:
    connection = writing.connection
    rows: list[dict[str, Any]] = [
        {"item_id": ids[page.identity], "search_key": None,
         **article_values(page.made, capture, 1, page.outcome.capture.fetched_at,
                                   writing.now)}
        for page, capture in zip(pages, captures, strict=True)
    ]  # fmt: skip
    found = [row for row, page in zip(rows, pages, strict=True) if page.made.is_searchable]
    keys = store.allocate_keys(connection, [sorted_by(row) for row in found])
    for row, key in zip(found, keys, strict=True):
        row["search_key"] = key
    connection.execute(insert(Article.__table__), rows)  # type: ignore[arg-type]


def _insert_items(writing: Writing, pages: Sequence[StoredPage]) -> dict[str, int]:
    """The ids of the items made, by identity. The source is locked: nobody else makes them."""
    rows = [
        {
            "source_id": writing.source_id, "kind": page.kind, "identity": page.identity,
            "url": page.made.article.canonical_url or page.address, "state": "stored",
            "number": page.made.article.number, "title": page.made.article.headline,
            "first_seen_at": writing.now, "last_seen_at": writing.now,
        }
        for page in pages
    ]  # fmt: skip
    statement: Any = insert(Item).returning(Item.identity, Item.id)
    return {name: number for name, number in writing.connection.execute(statement, rows)}  # noqa: C416


def _insert_captures(writing: Writing, pages: Sequence[StoredPage]) -> list[int]:
    rows = [recording.capture_row(writing, page.outcome.capture) for page in pages]
    statement: Any = insert(Capture).returning(Capture.id, sort_by_parameter_order=True)
    return list(writing.connection.scalars(statement, rows))


def _insert_addresses(writing: Writing, pages: Sequence[StoredPage], ids: dict[str, int]) -> None:
    """Let every address of each page lead to its item, and links that named one of them."""
    connection, now = writing.connection, writing.now
    target: dict[str, int] = {}
    rows = []
    waiting = []
    for page in pages:
        own = url_key(page.task.url)
        for url in page.urls:
            key = url_key(url)
            if key in target:
                continue
            target[key] = ids[page.identity]
            rows.append({"source_id": writing.source_id, "key": key, "url": url,
                         "item_id": ids[page.identity], "first_seen_at": now})  # fmt: skip
            if key != own:
                waiting.append(key)
        if page.guid is not None:
            rows.append(identity.guid_row(writing.source_id, ids[page.identity], page.guid,
                                          page.task, now))  # fmt: skip
    connection.execute(insert_ignore_statement(connection.dialect.name, Address), rows)
    if waiting:
        connection.execute(
            update(Candidate)
            .where(Candidate.source_id == writing.source_id, Candidate.key.in_(waiting),
                   Candidate.state == "pending")
            .values(state="done", settled_at=now)
        )  # fmt: skip
    dangling = connection.execute(
        select(Link.id, Link.key).where(Link.key.in_(list(target)), Link.target_id.is_(None))
    ).all()
    for number, key in dangling:
        connection.execute(
            update(Link).where(Link.id == number, Link.item_id != target[key])
            .values(target_id=target[key])
        )  # fmt: skip
