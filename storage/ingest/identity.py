"""Which item a page belongs to: one row an item, whatever address or order it comes by.

Statements here run for every page, so they are built once and run through Core: the ORM's unit of
work costs as much as the rest of the crawl together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from storage.database.engine import insert_ignore, insert_ignore_statement
from storage.models import Address, Article, Candidate, Item, Link, Mention
from storage.search.index import indexer
from storage.text.normalize import normalized_words
from storage.text.urls import url_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.types.content import Article as ArticleContent
    from storage.types.content import Entry
    from storage.types.endpoints import ItemKind
    from storage.types.pages import Task

# Shorter texts are alike by chance: "No comment." is no duplicate of "No comment.".
DUPLICATE_WORDS = 20
# A page that shares less than this of its words' sequence with the item that its canonical URL
# names, under another headline, is another article behind a careless template.
_SAME_ARTICLE = 0.2

ITEM_COLUMNS = (Item.id, Item.kind, Item.state, Item.identity, Item.url, Item.number, Item.title,
            Item.teaser, Item.first_seen_at)  # fmt: skip
_BY_IDENTITY = select(*ITEM_COLUMNS).where(
    Item.source_id == bindparam("source_id"),
    Item.kind == bindparam("kind"),
    Item.identity == bindparam("identity"),
)
_BY_ADDRESS = (
    select(Address.key, *ITEM_COLUMNS)
    .join(Item, Item.id == Address.item_id)
    .where(
        Address.source_id == bindparam("source_id"),
        Address.key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(Item.state == "stub", Item.id)
)
# The source is looked at here and not in SQL: without statistics SQLite would walk through all of
# its items rather than look up the few that are named.
_BY_TEXT = select(Article.text_digest, Article.item_id, Article.headline).where(
    Article.text_digest.in_(bindparam("digests", expanding=True))
)
_OWNERS = select(Item.id, Item.source_id, Item.number).where(
    Item.id.in_(bindparam("ids", expanding=True))
)
_STORED_TEXT = select(Article.headline, Article.text).where(Article.item_id == bindparam("item"))
_KNOWN_HERE = (
    select(Address.id)
    .where(Address.item_id == bindparam("item"), Address.key.in_(bindparam("keys", expanding=True)))
    .limit(1)
)
_SETTLE_KEYS = (
    update(Candidate)
    .where(
        Candidate.source_id == bindparam("b_source"),
        Candidate.key.in_(bindparam("keys", expanding=True)),
        Candidate.state == "pending",
    )
    .values(state="done", settled_at=bindparam("b_now"))
)
_JOIN_LINKS = (
    update(Link)
    .where(
        Link.key.in_(bindparam("keys", expanding=True)),
        Link.target_id.is_(None),
        Link.item_id != bindparam("b_item"),
    )
    .values(target_id=bindparam("b_item"))
)


@dataclass(slots=True)
class KnownItem:
    """An item as it stands in the database."""

    id: int
    kind: str
    state: str
    identity: str
    url: str
    number: str | None
    title: str | None
    teaser: str | None
    first_seen_at: datetime


def identity_of(content: ArticleContent | Entry, url: str) -> str:
    """The identity within source and kind: the site's own number, else the canonical URL's key."""
    if content.number:
        return f"number:{content.number}"
    return f"url:{url_key(content.canonical_url or url)}"


def keys_of(urls: Iterable[str]) -> list[str]:
    """The distinct keys of ``urls`` in their order."""
    return list(dict.fromkeys(url_key(url) for url in urls))


def guid_row(source_id: int, item_id: int, key: str, task: Task, now: datetime) -> dict[str, Any]:
    """The row by which a feed's id of an item leads to it."""
    return {"source_id": source_id, "key": key, "url": str(task.hints["guid"])[:2_000],
            "item_id": item_id, "first_seen_at": now}  # fmt: skip


def likeness(one: str, other: str) -> float:
    """Share of 3-word shingles that two texts have in common (Jaccard, 0 to 1)."""
    first, second = _shingles(one), _shingles(other)
    union = len(first | second)
    return len(first & second) / union if union else 1.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = normalized_words(text)
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set()


def items_at(
    connection: Connection, source_id: int, keys: Sequence[str]
) -> list[tuple[str, KnownItem]]:
    """(key, item) of those of ``keys`` that lead to an item; stubs come last."""
    rows = connection.execute(_BY_ADDRESS, {"source_id": source_id, "keys": list(keys)})
    return [(key, KnownItem(*columns)) for key, *columns in rows]


def find_item(
    connection: Connection, source_id: int, kind: ItemKind, identity: str, keys: Sequence[str]
) -> KnownItem | None:
    """The item under ``identity``, else the one of its kind, or stub, met at any of ``keys``."""
    row = connection.execute(
        _BY_IDENTITY, {"source_id": source_id, "kind": kind, "identity": identity}
    ).first()
    if row is not None:
        return KnownItem(*row)
    met = items_at(connection, source_id, keys)
    # A history goes on in one kind: articles have revisions of articles.
    return next((item for _, item in met if item.state == "stub" or item.kind == kind), None)


def find_same_text(
    connection: Connection, source_id: int, headline: str, count: int, digest: str
) -> tuple[int, str | None] | None:
    """(id, number) of the source's article with the very same words under the same headline.

    ``count`` is how many words there are, ``digest`` theirs.
    """
    if count < DUPLICATE_WORDS:
        return None
    wanted = normalized_words(headline)
    found = same_texts(connection, source_id, [digest])
    return next(
        ((i, number) for _, i, number, stored in found if normalized_words(stored) == wanted), None
    )


def same_texts(
    connection: Connection, source_id: int, digests: Sequence[str]
) -> list[tuple[str, int, str | None, str]]:
    """(digest, item, number, headline) of the source's articles that have one of ``digests``."""
    rows = connection.execute(_BY_TEXT, {"digests": list(digests)}).all()
    if not rows:
        return []
    owners = connection.execute(_OWNERS, {"ids": [row.item_id for row in rows]})
    numbers = {i: number for i, owner, number in owners if owner == source_id}
    return sorted(
        ((row.text_digest, row.item_id, numbers[row.item_id], row.headline)
         for row in rows if row.item_id in numbers),
        key=lambda found: found[1],
    )  # fmt: skip


def is_other_article(
    connection: Connection, item: KnownItem, content: ArticleContent, keys: Sequence[str]
) -> bool:
    """Whether ``content`` cannot be a revision of ``item``: other address, headline and text."""
    stored = connection.execute(_STORED_TEXT, {"item": item.id}).first()
    if stored is None or normalized_words(stored[0]) == normalized_words(content.headline):
        return False
    met_here = connection.execute(_KNOWN_HERE, {"item": item.id, "keys": list(keys)}).first()
    return met_here is None and likeness(stored[1], content.text) < _SAME_ARTICLE


def create_item(
    connection: Connection, source_id: int, kind: ItemKind, identity: str, url: str,
    now: datetime, stored: Mapping[str, Any] | None = None,
) -> tuple[KnownItem, bool]:  # fmt: skip
    """The item under ``identity``, and whether it was made now: no other writer was faster.

    Made as a stub, or with the columns in ``stored`` as a stored one.
    """
    row: dict[str, Any] = {
        "source_id": source_id, "kind": kind, "identity": identity, "url": url, "state": "stub",
        "number": None, "title": None, "first_seen_at": now, "last_seen_at": now,
        **(stored or {}),
    }  # fmt: skip
    made = connection.execute(
        insert_ignore_statement(connection.dialect.name, Item, Item.id), row
    ).scalar()
    if made is not None:
        item = KnownItem(made, kind, row["state"], identity, url, row["number"], row["title"],
                         None, now)  # fmt: skip
        return item, True
    found = connection.execute(
        _BY_IDENTITY, {"source_id": source_id, "kind": kind, "identity": identity}
    ).one()
    return KnownItem(*found), False


def add_addresses(
    connection: Connection, source_id: int, item: KnownItem, urls: Iterable[str], now: datetime,
    *, settled: str | None = None,
) -> None:  # fmt: skip
    """Let every one of ``urls`` lead to ``item``; stubs that lay there become part of it.

    Candidates at these addresses are done, for their page is held; ``settled`` is the key of the
    one that the caller settles itself.
    """
    by_key: dict[str, str] = {}
    for url in urls:
        by_key.setdefault(url_key(url), url)
    keys = list(by_key)
    known = dict(items_at(connection, source_id, keys))
    for other in known.values():
        if other.id != item.id and other.state == "stub":
            absorb(connection, item, other)
    rows: list[dict[str, Any]] = [
        {"source_id": source_id, "key": key, "url": url, "item_id": item.id, "first_seen_at": now}
        for key, url in by_key.items()
        if key not in known
    ]
    insert_ignore(connection, Address, rows)
    if item.state == "stub":
        return
    waiting = [key for key in keys if key != settled]
    if waiting:
        connection.execute(_SETTLE_KEYS, {"b_source": source_id, "keys": waiting, "b_now": now})
    if rows:
        connection.execute(_JOIN_LINKS, {"keys": keys, "b_item": item.id})


def item(connection: Connection, item_id: int) -> KnownItem:
    """The item ``item_id``."""
    return KnownItem(*connection.execute(select(*ITEM_COLUMNS).where(Item.id == item_id)).one())


def absorb(connection: Connection, item: KnownItem, stub: KnownItem) -> None:
    """Make a stub part of ``item``: what named it names that now."""
    naming = set(connection.scalars(select(Mention.item_id).where(Mention.entry_id == stub.id)))
    naming |= set(connection.scalars(
        select(Link.item_id).where(Link.target_id == stub.id, Link.relation == "entry")
    ))  # fmt: skip
    of_stub = {Link: Link.target_id, Mention: Mention.entry_id, Address: Address.item_id}
    for table, column in of_stub.items():
        connection.execute(update(table).where(column == stub.id).values({column.key: item.id}))
    item.teaser = item.teaser or stub.teaser
    item.first_seen_at = min(item.first_seen_at, stub.first_seen_at)
    connection.execute(
        update(Item)
        .where(Item.id == item.id)
        .values(teaser=item.teaser, first_seen_at=item.first_seen_at)
    )
    connection.execute(delete(Item).where(Item.id == stub.id))
    indexer.index_articles(connection, sorted(naming))
