"""Links articles to directory entries by names in their plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from storage.database.engine import chunked, lock_source
from storage.models import Article, DirectoryEntry, EntryName, Item, Mention, Revision
from storage.search.index import indexer
from storage.search.query.ast import Phrase
from storage.search.query.dialects import compile_query
from storage.text.phrase_trie import KnownName, NameTrie, resolve_entry
from storage.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from storage.database.handle import Database

# The newest articles in which a new name is searched.
_MOST = 1_000
_TOGETHER = 200


def last_name_id(session: Session) -> int:
    """Return the number of the newest name; names with a higher number are new."""
    return session.scalar(select(func.max(EntryName.id))) or 0


def link_names(
    database: Database, source_id: int, since: datetime, newer_than: int
) -> tuple[int, int]:
    """Find known names in the articles of a run, and the run's new names in earlier articles.

    ``since`` is the start of the run, ``newer_than`` the result of :func:`last_name_id` then.
    Returns the numbers of added mentions and of ambiguous names.
    """
    with database.reading() as session:
        names = NameTrie(known_names(session))
        if not names.count:
            return 0, 0
        ids = set(
            session.scalars(
                select(Item.id)
                .join(Revision, Revision.item_id == Item.id)
                .where(
                    Item.source_id == source_id, Item.kind == "article", Revision.seen_at >= since
                )
            )
        )
        fresh = session.scalars(select(EntryName.name).where(EntryName.id > newer_than)).all()
        for name in fresh:
            ids |= _articles_with(session.connection(), name)
        by_source: dict[int, list[int]] = {}
        for some in chunked(sorted(ids)):
            owners = session.execute(select(Item.source_id, Item.id).where(Item.id.in_(some)))
            for owner, item_id in owners:
                by_source.setdefault(owner, []).append(item_id)
    added = unclear = 0
    for owner, items in by_source.items():
        for some in chunked(items, _TOGETHER):

            def work(
                session: Session, owner: int = owner, some: Sequence[int] = some
            ) -> tuple[int, int]:
                # The crawl of that source also writes mentions.
                lock_source(session, owner)
                return _join(session.connection(), some, names)

            done = database.write(work)
            added, unclear = added + done[0], unclear + done[1]
    return added, unclear


def known_names(session: Session) -> Iterable[KnownName]:
    """Return all names of the directory."""
    rows = session.execute(
        select(EntryName.item_id, Item.source_id, EntryName.name, DirectoryEntry.kind)
        .join(Item, Item.id == EntryName.item_id)
        .outerjoin(DirectoryEntry, DirectoryEntry.item_id == EntryName.item_id)
    )
    return [KnownName(i, source, name, kind or "unknown") for i, source, name, kind in rows]


def _articles_with(connection: Connection, name: str) -> set[int]:
    words = tuple(tokenize(name))
    if not words:
        return set()
    keys = compile_query(connection, Phrase(words)).keys(connection, _MOST)
    found: set[int] = set()
    for some in chunked(keys):
        found |= set(
            connection.scalars(select(Article.item_id).where(Article.search_key.in_(some)))
        )
    return found


def _join(connection: Connection, ids: Sequence[int], names: NameTrie) -> tuple[int, int]:
    held: dict[int, tuple[set[int], int]] = {}
    for item_id, entry_id, position in connection.execute(
        select(Mention.item_id, Mention.entry_id, Mention.position).where(Mention.item_id.in_(ids))
    ):
        entries, last = held.get(item_id, (set(), -1))
        if entry_id is not None:
            entries.add(entry_id)
        held[item_id] = (entries, max(last, position))
    rows: list[dict[str, Any]] = []
    unclear = 0
    for item_id, source_id, blocks in connection.execute(
        select(Article.item_id, Item.source_id, Article.blocks)
        .join(Item, Item.id == Article.item_id)
        .where(Article.item_id.in_(ids))
    ):
        entries, last = held.get(item_id, (set(), -1))
        found, several = _named_in(blocks, source_id, names, entries)
        unclear += several
        rows += [
            {**row, "item_id": item_id, "position": last + 1 + i} for i, row in enumerate(found)
        ]
    if rows:
        connection.execute(insert(Mention.__table__), rows)  # type: ignore[arg-type]
        indexer.index_articles(connection, sorted({row["item_id"] for row in rows}))
    return len(rows), unclear


def _named_in(
    blocks: Sequence[dict[str, Any]], source_id: int, names: NameTrie, held: set[int]
) -> tuple[list[dict[str, Any]], int]:
    """Return a row per mentioned entry that is not ``held``, and the ambiguous names."""
    found: dict[int, dict[str, Any]] = {}
    unclear = 0
    for number, block in enumerate(blocks):
        if block["kind"] == "figure":
            continue
        for hit in names.find(block["text"]):
            known = resolve_entry(hit, source_id)
            if known is None:
                unclear += 1
            elif known.item_id not in held and known.item_id not in found:
                found[known.item_id] = {
                    "entry_id": known.item_id,
                    "anchor": block["text"][hit.start : hit.end],
                    "full_name": known.name,
                    "expansion": None,
                    "kind": known.kind,
                    "url": None,
                    "block": number,
                    "start": hit.start,
                    "end": hit.end,
                }
    return list(found.values()), unclear
