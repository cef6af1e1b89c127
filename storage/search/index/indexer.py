"""Brings articles into the index as the tables have them: one reader, to write and to prove it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import bindparam, select, text, update

from storage.database.engine import chunked
from storage.models import Article, ArticleMedia, Item, Link, Media, Mention, Source
from storage.search.index import keys, store
from storage.search.index.documents import Searchable, Texts, document
from storage.types.rights import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from storage.database.handle import Database
    from storage.search.index.keys import Calendar

_TOGETHER = 200
# More than a crawl writes together: its batches are one part, and so one segment of FTS5.
_AT_ONCE = 500
_IDS: Any = bindparam("ids", expanding=True)
_ARTICLES = (
    select(
        Article.item_id, Article.search_key, Item.source_id, Item.url, Article.headline,
        Article.standfirst, Article.text, Article.byline, Article.section, Article.tags,
        Article.kind, Item.number, Article.language, Article.access, Article.revision,
        Article.rights,
    )
    .join(Item, Item.id == Article.item_id)
    .where(Article.item_id.in_(_IDS))
)  # fmt: skip
_MEDIA = (
    select(ArticleMedia.item_id, Media.kind, Media.text)
    .join(Media, Media.id == ArticleMedia.media_id)
    .where(ArticleMedia.item_id.in_(_IDS))
    .order_by(ArticleMedia.item_id, ArticleMedia.position)
)
_LINKS = select(Link.item_id, Link.relation, Link.target_id).where(
    Link.item_id.in_(_IDS), Link.relation.in_(["attachment", "entry"])
)
_NAMED = select(Mention.item_id, Mention.entry_id).where(Mention.item_id.in_(_IDS))


def searchables(
    connection: Connection, ids: Sequence[int], made: Mapping[int, Texts] | None = None
) -> Iterator[tuple[int, int | None, Searchable | None]]:
    """(item, search key, what may be found of it or ``None``) of the articles among ``ids``.

    ``made`` are their texts' tokens and stems, where they were made already.
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
    for item_id, entry_id in connection.execute(_NAMED, {"ids": ids}):
        if entry_id is not None:
            entries.setdefault(item_id, set()).add(entry_id)
    for row in connection.execute(_ARTICLES, {"ids": ids}):
        if HIDDEN in row.rights:
            yield row.item_id, row.search_key, None
            continue
        kinds = shown.get(row.item_id, set())
        body = "\n".join([row.text, *said.get(row.item_id, ())])
        yield row.item_id, row.search_key, Searchable(
            source_id=row.source_id, url=row.url, headline=row.headline,
            standfirst=row.standfirst or "", body=body, byline=row.byline, section=row.section,
            tags=row.tags, kind=row.kind, number=row.number, language=row.language,
            access=row.access, revision=row.revision,
            has_attachment="attachment" in kinds or row.item_id in attached,
            has_picture="picture" in kinds, entries=sorted(entries.get(row.item_id, ())),
            texts=None if row.item_id in said else (made or {}).get(row.item_id),
        )  # fmt: skip


def fill(
    connection: Connection, ids: Sequence[int], made: Mapping[int, Texts] | None = None,
    without: Sequence[int] = (),
) -> None:  # fmt: skip
    """Index articles as they are in the tables, under the keys that they have there.

    ``without`` are keys that articles had and have no more.
    """
    if without:
        store.put(connection, (), without)
    # A part at a time: an entry may be named in tens of thousands.
    for some in chunked(ids, _AT_ONCE):
        documents, left = [], []
        for _, key, article in searchables(connection, some, made):
            if article is not None and key is not None:
                documents.append(document(key, article))
            elif key is not None:
                left.append(key)
        store.put(connection, documents, left)


def key_of(connection: Connection, held: int | None, sort_at: datetime, calendar: Calendar) -> int:
    """The search key of an article that has ``held``: that, unless its moment is another now."""
    if held is not None and keys.base_of_key(held) == keys.base_of(sort_at, calendar):
        return held
    return store.new_keys(connection, [(sort_at, calendar)])[0]


def calendar_of(sort_at: datetime, published_at: datetime | None, offset: int | None) -> Calendar:
    """The calendar in which the day of an article is counted."""
    if published_at is None:
        return keys.UNDATED
    # What claims a moment in the future is sorted by its first capture, whose day is that of UTC.
    return offset if published_at == sort_at else None


def fill_missing(database: Database, reached: Callable[[int], None] = lambda _: None) -> int:
    """Index what has no search key yet; returns how many articles. Can be stopped at any moment.

    ``reached`` is told how many there are so far.

    This is how an index is made anew after a migration or a restored snapshot.
    """
    done, last = 0, 0
    while True:

        def work(session: Session, after: int = last) -> tuple[int, int]:
            return _fill_some(session, after)

        count, last = database.write(work)
        if last == 0:
            return done
        done += count
        reached(done)


def _fill_some(session: Session, after: int) -> tuple[int, int]:
    connection = session.connection()
    rows = connection.execute(
        select(
            Article.item_id, Article.sort_at, Article.published_at, Article.published_offset,
            Article.published_zoned, Article.modified_at, Article.modified_offset,
            Article.rights, Source.timezone,
        )
        .join(Item, Item.id == Article.item_id)
        .join(Source, Source.id == Item.source_id)
        .where(Article.search_key.is_(None), Article.item_id > after)
        .order_by(Article.item_id)
        .limit(_TOGETHER)
    ).all()  # fmt: skip
    if not rows:
        return 0, 0
    found = [row for row in rows if HIDDEN not in row.rights]
    offsets = [_offset(row.published_at, row.published_offset, row.timezone) for row in found]
    moments = [
        (row.sort_at, calendar_of(row.sort_at, row.published_at, offset))
        for row, offset in zip(found, offsets, strict=True)
    ]
    new = store.new_keys(connection, moments)
    for row, offset, key in zip(found, offsets, new, strict=True):
        connection.execute(
            update(Article)
            .where(Article.item_id == row.item_id)
            .values(
                search_key=key, published_offset=offset,
                modified_offset=_offset(row.modified_at, row.modified_offset, row.timezone),
            )
        )  # fmt: skip
    fill(connection, [row.item_id for row in found])
    return len(found), rows[-1].item_id


def _offset(at: datetime | None, offset: int | None, zone: str | None) -> int | None:
    """The offset of a moment's wall clock; older archives kept none where the page gave none."""
    if at is None or offset is not None or zone is None:
        return offset
    try:
        there = at.astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return None if there is None else round(there.total_seconds() / 60)


def faults(connection: Connection, ids: Sequence[int]) -> Iterator[str]:
    """What the index holds of articles other than it should, in words."""
    wanted: dict[int, Any] = {}
    for item_id, key, article in searchables(connection, ids):
        if article is None:
            if key is not None:
                yield f"article {item_id} may not be found, and can be"
        elif key is None:
            yield f"article {item_id} is not in it; run `dateline db upgrade`"
        else:
            wanted[item_id] = document(key, article)
    held = store.documents(connection, [one.key for one in wanted.values()])
    for item_id, one in wanted.items():
        found = held.get(one.key)
        if found is None:
            yield f"article {item_id} is not in it; run `dateline db upgrade`"
        elif found != one:
            differing = [
                f.name for f in fields(one) if getattr(found, f.name) != getattr(one, f.name)
            ]
            yield f"article {item_id} is not in it as it reads ({', '.join(differing)})"


def reset(connection: Connection) -> None:
    """Forget the whole index; :func:`fill_missing` makes it anew."""
    connection.execute(text("DELETE FROM search_index"))
    connection.execute(update(Article).values(search_key=None))
