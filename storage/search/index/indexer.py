"""Writes articles from the tables to the index, and verifies the index with the same reader."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import bindparam, select, text, update

from storage.database.engine import chunked
from storage.models import Article, ArticleMedia, Item, Link, Media, Mention, Source
from storage.search.index import keys, store
from storage.search.index.documents import IndexedArticle, TokenizedText, document_of
from storage.types.rights import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from storage.database.handle import Database
    from storage.search.index.keys import Calendar

_MISSING_BATCH = 200
# Larger than a crawl's batch, so that each batch becomes one segment of FTS5.
_WRITE_BATCH = 500
_IDS: Any = bindparam("ids", expanding=True)
_ARTICLES = (
    select(
        Article.item_id,
        Article.search_key,
        Item.source_id,
        Item.url,
        Article.headline,
        Article.standfirst,
        Article.text,
        Article.byline,
        Article.section,
        Article.tags,
        Article.kind,
        Item.number,
        Article.language,
        Article.access,
        Article.revision,
        Article.rights,
    )
    .join(Item, Item.id == Article.item_id)
    .where(Article.item_id.in_(_IDS))
)
_MEDIA = (
    select(ArticleMedia.item_id, Media.kind, Media.text)
    .join(Media, Media.id == ArticleMedia.media_id)
    .where(ArticleMedia.item_id.in_(_IDS))
    .order_by(ArticleMedia.item_id, ArticleMedia.position)
)
_LINKS = select(Link.item_id, Link.relation, Link.target_id).where(
    Link.item_id.in_(_IDS), Link.relation.in_(["attachment", "entry"])
)
_MENTIONS = select(Mention.item_id, Mention.entry_id).where(Mention.item_id.in_(_IDS))


def indexed_articles(
    connection: Connection, ids: Sequence[int], made: Mapping[int, TokenizedText] | None = None
) -> Iterator[tuple[int, int | None, IndexedArticle | None]]:
    """Yield (item, search key, indexed content; ``None`` if hidden) of the articles among ``ids``.

    ``made`` are the tokens and stems of their texts, where they are known already.
    """
    said: dict[int, list[str]] = {}
    shown: dict[int, set[str]] = {}
    for item_id, kind, words in connection.execute(_MEDIA, {"ids": ids}):
        shown.setdefault(item_id, set()).add(kind)
        if words:
            said.setdefault(item_id, []).append(words)
    attached: set[int] = set()
    entries: dict[int, set[int]] = {}
    for item_id, relation, target_id in connection.execute(_LINKS, {"ids": ids}):
        if relation == "attachment":
            attached.add(item_id)
        elif target_id is not None:
            entries.setdefault(item_id, set()).add(target_id)
    for item_id, entry_id in connection.execute(_MENTIONS, {"ids": ids}):
        if entry_id is not None:
            entries.setdefault(item_id, set()).add(entry_id)
    for row in connection.execute(_ARTICLES, {"ids": ids}):
        if HIDDEN in row.rights:
            yield row.item_id, row.search_key, None
            continue
        kinds = shown.get(row.item_id, set())
        body = "\n".join([row.text, *said.get(row.item_id, ())])
        yield (
            row.item_id,
            row.search_key,
            IndexedArticle(
                source_id=row.source_id,
                url=row.url,
                headline=row.headline,
                standfirst=row.standfirst or "",
                body=body,
                byline=row.byline,
                section=row.section,
                tags=row.tags,
                kind=row.kind,
                number=row.number,
                language=row.language,
                access=row.access,
                revision=row.revision,
                has_attachment="attachment" in kinds or row.item_id in attached,
                has_picture="picture" in kinds,
                entries=sorted(entries.get(row.item_id, ())),
                texts=None if row.item_id in said else (made or {}).get(row.item_id),
            ),
        )


def index_articles(
    connection: Connection,
    ids: Sequence[int],
    made: Mapping[int, TokenizedText] | None = None,
    without: Sequence[int] = (),
) -> None:
    """Index articles as they are in the tables, under the search keys that they have there.

    ``without`` are former search keys to remove.
    """
    if without:
        store.write_documents(connection, (), without)
    # In batches: tens of thousands of articles may mention one entry.
    for some in chunked(ids, _WRITE_BATCH):
        documents, left = [], []
        for _, key, article in indexed_articles(connection, some, made):
            if article is not None and key is not None:
                documents.append(document_of(key, article))
            elif key is not None:
                left.append(key)
        store.write_documents(connection, documents, left)


def calendar_of(sort_at: datetime, published_at: datetime | None, offset: int | None) -> Calendar:
    """Return the calendar in which the day of an article is counted."""
    if published_at is None:
        return keys.UNDATED
    # An article dated in the future is sorted by its first capture, whose calendar is UTC.
    return offset if published_at == sort_at else None


def index_missing(database: Database, reached: Callable[[int], None] = lambda _: None) -> int:
    """Index articles without a search key; return their number. May be interrupted at any time.

    ``reached`` is called with the number so far. This rebuilds the index after a migration or from
    a restored snapshot.
    """
    done, last = 0, 0
    while True:

        def work(session: Session, after: int = last) -> tuple[int, int]:
            return _index_batch(session, after)

        count, last = database.write(work)
        if last == 0:
            return done
        done += count
        reached(done)


def _index_batch(session: Session, after: int) -> tuple[int, int]:
    connection = session.connection()
    rows = connection.execute(
        select(
            Article.item_id,
            Article.sort_at,
            Article.published_at,
            Article.published_offset,
            Article.published_zoned,
            Article.modified_at,
            Article.modified_offset,
            Article.rights,
            Source.timezone,
        )
        .join(Item, Item.id == Article.item_id)
        .join(Source, Source.id == Item.source_id)
        .where(Article.search_key.is_(None), Article.item_id > after)
        .order_by(Article.item_id)
        .limit(_MISSING_BATCH)
    ).all()
    if not rows:
        return 0, 0
    found = [row for row in rows if HIDDEN not in row.rights]
    offsets = [_offset(row.published_at, row.published_offset, row.timezone) for row in found]
    moments = [
        (row.sort_at, calendar_of(row.sort_at, row.published_at, offset))
        for row, offset in zip(found, offsets, strict=True)
    ]
    new = store.allocate_keys(connection, moments)
    for row, offset, key in zip(found, offsets, new, strict=True):
        connection.execute(
            update(Article)
            .where(Article.item_id == row.item_id)
            .values(
                search_key=key,
                published_offset=offset,
                modified_offset=_offset(row.modified_at, row.modified_offset, row.timezone),
            )
        )
    index_articles(connection, [row.item_id for row in found])
    return len(found), rows[-1].item_id


def _offset(at: datetime | None, offset: int | None, zone: str | None) -> int | None:
    """Return the UTC offset of a timestamp; older archives stored none where the page gave none."""
    if at is None or offset is not None or zone is None:
        return offset
    try:
        there = at.astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return None if there is None else round(there.total_seconds() / 60)


def index_faults(connection: Connection, ids: Sequence[int]) -> Iterator[str]:
    """Describe each difference between the index and the tables."""
    wanted: dict[int, Any] = {}
    for item_id, key, article in indexed_articles(connection, ids):
        if article is None:
            if key is not None:
                yield f"article {item_id} is hidden, but the index contains it"
        elif key is None:
            yield f"article {item_id} is not in the index; run `dateline db upgrade`"
        else:
            wanted[item_id] = document_of(key, article)
    held = store.read_documents(connection, [one.key for one in wanted.values()])
    for item_id, one in wanted.items():
        found = held.get(one.key)
        if found is None:
            yield f"article {item_id} is not in the index; run `dateline db upgrade`"
        elif found != one:
            differing = [
                f.name for f in fields(one) if getattr(found, f.name) != getattr(one, f.name)
            ]
            yield f"article {item_id} differs from its index entry ({', '.join(differing)})"


def clear_index(connection: Connection) -> None:
    """Delete the whole index; :func:`index_missing` rebuilds it."""
    connection.execute(text("DELETE FROM search_index"))
    connection.execute(update(Article).values(search_key=None))
