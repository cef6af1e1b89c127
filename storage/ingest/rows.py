"""Writes an item's current row: its article or directory entry, and what is derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from storage.crawl.revisit import next_article_check
from storage.database.types import timestamp_columns
from storage.ingest import links
from storage.ingest.links import write_pointers
from storage.models import Article, DirectoryEntry
from storage.search.index import indexer
from storage.text.normalize import name_key
from storage.types.content import Entry, to_json

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.ingest.batch import Made, Writing
    from storage.search.index.keys import Calendar


_HELD = select(Article.first_fetched_at, Article.search_key).where(
    Article.item_id == bindparam("item")
)


def write(
    writing: Writing, item_id: int, made: Made, capture_id: int, number: int, fetched_at: datetime,
    *, again: bool = False,
) -> None:  # fmt: skip
    """Make revision ``number`` what the item is; ``fetched_at`` counts where it is the first.

    ``again``: the item has been something else since.
    """
    if isinstance(made.content, Entry):
        _write_entry(writing, item_id, made, made.content, capture_id, fresh=number == 1)
    else:
        _write_article(writing, item_id, made, capture_id, number, fetched_at, again=again)


def _write_entry(
    writing: Writing, item_id: int, made: Made, content: Entry, capture_id: int, *, fresh: bool
) -> None:
    published_at, published_offset = timestamp_columns(content.published)
    values = {
        "kind": content.kind, "name": content.name,
        "name_key": name_key(content.name), "expansion": content.expansion,
        "aliases": list(content.aliases), "published_at": published_at,
        "published_offset": published_offset,
        "capture_id": capture_id, "description": content.text or None,
        "blocks": to_json(content.blocks), "checked_at": writing.now,
        "extractor": made.extractor,
    }  # fmt: skip
    _put_row(writing.connection, DirectoryEntry, item_id, values, fresh=fresh)
    links.put_names(writing.connection, item_id, content)
    write_pointers(writing.connection, writing.source_id, {item_id: content}, writing.now,
                   fresh=fresh)  # fmt: skip


def _write_article(
    writing: Writing, item_id: int, made: Made, capture_id: int, number: int, first: datetime,
    *, again: bool,
) -> None:  # fmt: skip
    connection, now, content = writing.connection, writing.now, made.article
    fresh = number == 1 and not again
    held = None
    if not fresh:
        row = connection.execute(_HELD, {"item": item_id}).first()
        first, held = (first, None) if row is None else row
    values = article_values(made, capture_id, number, first, now)
    at, calendar = sorted_by(values)
    key = indexer.search_key_of(connection, held, at, calendar) if made.is_searchable else None
    if held is not None and held != key:
        writing.left.append(held)
    _put_row(connection, Article, item_id, {**values, "search_key": key}, fresh=fresh)
    write_pointers(connection, writing.source_id, {item_id: content}, now, fresh=fresh)
    # One that is new in this batch and revised in it is not signed yet.
    texts = writing.new if fresh or item_id in writing.new else writing.known
    texts[item_id] = made


def article_values(
    made: Made, capture_id: int, number: int, first: datetime, now: datetime
) -> dict[str, Any]:
    """The columns of an article as revision ``number`` gives it; ``first`` is its first fetch."""
    content = made.article
    published_at, published_offset = timestamp_columns(content.published)
    modified_at, modified_offset = timestamp_columns(content.modified)
    return {
        "headline": content.headline, "standfirst": content.standfirst, "text": content.text,
        "blocks": to_json(content.blocks), "byline": list(content.byline),
        "dateline_place": content.dateline_place, "kind": content.kind,
        "section": content.section, "tags": list(content.tags), "language": content.language,
        "published_at": published_at, "published_offset": published_offset,
        "published_zoned": content.published is None or content.published.zoned,
        "published_day_only": content.published is not None and content.published.day_only,
        "modified_at": modified_at, "modified_offset": modified_offset,
        "modified_zoned": content.modified is None or content.modified.zoned,
        "access": content.access, "notices": list(content.notices),
        "provenance": dict(content.provenance), "extractor": made.extractor,
        "rights": list(made.rights),
        "word_count": made.derived.word_count, "text_digest": made.derived.digest,
        "revision": number,
        "capture_id": capture_id, "first_fetched_at": first, "checked_at": now,
        "next_check_at": next_article_check(first, now),
        # A claimed moment in the future would lead every list for years.
        "sort_at": min(published_at or first, first),
    }  # fmt: skip


def sorted_by(values: dict[str, Any]) -> tuple[datetime, Calendar]:
    """The moment that an article's row is sorted by, and the calendar of its day."""
    at = values["sort_at"]
    return at, indexer.calendar_of(at, values["published_at"], values["published_offset"])


# Built once: to build one of thirty columns takes longer than to run it.
_UPDATE: dict[Any, Any] = {
    table: update(table.__table__).where(table.__table__.c.item_id == bindparam("b_item"))  # type: ignore[arg-type]
    for table in (Article, DirectoryEntry)
}


def _put_row(
    connection: Connection, table: Any, item_id: int, values: dict[str, Any], *, fresh: bool
) -> None:
    if fresh:
        connection.execute(insert(table.__table__), {"item_id": item_id, **values})
        return
    if connection.execute(_UPDATE[table], {**values, "b_item": item_id}).rowcount == 0:
        connection.execute(insert(table.__table__), {"item_id": item_id, **values})
