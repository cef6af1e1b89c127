"""A batch of outcomes at once: pages that meet nothing known are written a table at a time.

On most days most pages are new articles that share no address, identity or text with anything
held, nor with one another. For those the questions of :mod:`storage.recording` have known answers,
so one query asks them for the whole batch and each table is written in one statement. Everything
else goes the ordinary way, page by page; both ways write the same rows.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from storage import frontier, identity, recording
from storage.addresses import url_key
from storage.content import Article as ArticleContent
from storage.database import ignoring_insert, insert_ignore
from storage.linking import write_pointers
from storage.models import Address, Article, Candidate, Capture, Item, Link, Revision
from storage.records import PageStored, Recorded
from storage.search import index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.recording import StoredPage, Writing
    from storage.records import Outcome


def record_all(writing: Writing, outcomes: Sequence[Outcome]) -> list[Recorded]:
    """Write outcomes in the caller's transaction; what was made of each, in their order."""
    stored = {i: o for i, o in enumerate(outcomes) if isinstance(o, PageStored)}
    pages = {i: recording.StoredPage.of(outcome) for i, outcome in stored.items()}
    done: dict[int, Recorded] = {}
    plain = _wholly_new(writing, pages)
    if len(plain) > 1:
        done = _write_new(writing, plain)
    return [
        done[i] if i in done else recording.record(writing, outcome)
        for i, outcome in enumerate(outcomes)
    ]


def _keys(page: StoredPage) -> set[str]:
    return {*identity.keys_of(page.urls), url_key(page.task.url)}


def _wholly_new(writing: Writing, pages: dict[int, StoredPage]) -> dict[int, StoredPage]:
    """The articles that share nothing with what is held, nor with others of the batch."""
    uses: Counter[str] = Counter()
    for page in pages.values():
        uses.update(_keys(page))
        uses[f"identity {page.identity}"] += 1
        uses[f"text {page.digest}"] += 1
    alone = {
        i: page
        for i, page in pages.items()
        if isinstance(page.outcome.content, ArticleContent)
        and page.task.item_id is None
        and uses[f"identity {page.identity}"] == 1
        and uses[f"text {page.digest}"] == 1
        and all(uses[key] == 1 for key in _keys(page))
    }
    if len(alone) < 2:
        return {}
    connection, source_id = writing.connection, writing.source_id
    keys = sorted(set().union(*(_keys(page) for page in alone.values())))
    named = sorted(page.identity for page in alone.values())
    digests = sorted(page.digest for page in alone.values())
    held = {key for key, _ in identity.items_at(connection, source_id, keys)}
    held |= set(connection.scalars(
        select(Item.identity).where(Item.source_id == source_id, Item.kind == "article",
                                    Item.identity.in_(named))
    ))  # fmt: skip
    held |= set(connection.scalars(
        select(Article.text_digest).join(Item, Item.id == Article.item_id)
        .where(Item.source_id == source_id, Article.text_digest.in_(digests))
    ))  # fmt: skip
    return {
        i: page
        for i, page in alone.items()
        if page.identity not in held and page.digest not in held and held.isdisjoint(_keys(page))
    }


def _write_new(writing: Writing, pages: dict[int, StoredPage]) -> dict[int, Recorded]:
    connection, now = writing.connection, writing.now
    ids = _insert_items(writing, list(pages.values()))
    pages = {i: page for i, page in pages.items() if page.identity in ids}
    rows = list(pages.values())
    captures = _insert_captures(writing, rows)
    _insert_addresses(writing, rows, ids)
    frontier.settle_all(connection, [page.task for page in rows], "done", now)
    connection.execute(
        insert(Revision.__table__),  # type: ignore[arg-type]
        [
            recording.revision_row(page, ids[page.identity], capture, now)
            for page, capture in zip(rows, captures, strict=True)
        ],
    )
    connection.execute(
        insert(Article.__table__),  # type: ignore[arg-type]
        [
            {"item_id": ids[page.identity],
             **recording.article_values(page, capture, 1, page.outcome.capture.fetched_at, now)}
            for page, capture in zip(rows, captures, strict=True)
        ],
    )  # fmt: skip
    index.put_new(
        connection,
        [
            (ids[page.identity], page.article.headline, page.article.standfirst or "",
             page.article.text)
            for page in rows
        ],
    )  # fmt: skip
    done = {}
    for i, page in pages.items():
        item_id = ids[page.identity]
        write_pointers(connection, writing.source_id, item_id, page.article, now, fresh=True)
        announced = 0
        if page.outcome.follow:
            announced = frontier.offer(connection, writing.source_id, page.outcome.follow, now)
        done[i] = Recorded("new", item_id=item_id, announced=announced)
    return done


def _insert_items(writing: Writing, pages: Sequence[StoredPage]) -> dict[str, int]:
    """The ids of the items made, by identity; one that another writer made first is left out."""
    rows = [
        {
            "source_id": writing.source_id, "kind": page.kind, "identity": page.identity,
            "url": page.article.canonical_url or page.address, "state": "stored",
            "number": page.article.number, "title": page.article.headline,
            "first_seen_at": writing.now, "last_seen_at": writing.now,
        }
        for page in pages
    ]  # fmt: skip
    connection = writing.connection
    insert_ignore(connection, Item, rows)
    found = connection.execute(
        select(Item.identity, Item.id, Item.first_seen_at).where(
            Item.source_id == writing.source_id, Item.kind == "article",
            Item.identity.in_([page.identity for page in pages]), Item.state == "stored",
        )
    )  # fmt: skip
    return {name: number for name, number, seen in found if seen == writing.now}


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
    connection.execute(ignoring_insert(connection.dialect.name, Address), rows)
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
