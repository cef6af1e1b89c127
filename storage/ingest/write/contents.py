"""Writes the current rows of items: articles and directory entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, update

from storage.models import Article, DirectoryEntry
from storage.search.index import indexer, keys, store

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.ingest.change import ArticleChange, Change
    from storage.ingest.write.items import Ids
    from storage.search.index.keys import Calendar

# Built once: to build one of thirty columns takes longer than to run it.
_UPDATE: dict[Any, Any] = {
    table: update(table.__table__).where(table.__table__.c.item_id == bindparam("b_item"))  # type: ignore[arg-type]
    for table in (Article, DirectoryEntry)
}
_CHECKED = (
    update(Article.__table__)  # type: ignore[arg-type]
    .where(Article.item_id == bindparam("b_item"))
    .values(
        {name: bindparam(f"b_{name}") for name in ("checked_at", "next_check_at", "capture_id")}
    )
)


def write_contents(connection: Connection, change: Change, ids: Ids) -> list[int]:
    """Write articles and entries; returns the search keys that no article has any more."""
    left = _write_articles(connection, change, ids)
    checked = [
        {
            "b_item": item_id,
            "b_checked_at": article.checked_at,
            "b_next_check_at": article.next_check_at,
            "b_capture_id": None if article.capture_id is None else ids.capture(article.capture_id),
        }
        for item_id, article in change.checked.items()
        if item_id not in change.articles
    ]
    if checked:
        connection.execute(_CHECKED, checked)
    entries = {
        item_id: {**one.values, "capture_id": ids.capture(one.values["capture_id"])}
        for item_id, one in change.entries.items()
    }
    new = {item_id: values for item_id, values in entries.items() if change.entries[item_id].is_new}
    known = {item_id: values for item_id, values in entries.items() if item_id not in new}
    _put(connection, DirectoryEntry, new, known, ids)
    for table, some in ((Article, change.reread_articles), (DirectoryEntry, change.reread_entries)):
        if some:
            reread = [{"b_item": item_id, "extractor": by} for item_id, by in some.items()]
            connection.execute(_UPDATE[table], reread)
    return left


def _write_articles(connection: Connection, change: Change, ids: Ids) -> list[int]:
    new: dict[int, dict[str, Any]] = {}
    known: dict[int, dict[str, Any]] = {}
    for item_id, one in change.articles.items():
        capture_id = one.article.capture_id
        (new if one.is_new else known)[item_id] = {
            **one.values,
            # What later pages of the batch say of it.
            "checked_at": one.article.checked_at,
            "next_check_at": one.article.next_check_at,
            "capture_id": None if capture_id is None else ids.capture(capture_id),
            "search_key": one.article.search_key,
        }
    left = _place(connection, change.articles, {**new, **known})
    _put(connection, Article, new, known, ids)
    return left


def _place(
    connection: Connection, articles: dict[int, ArticleChange], rows: dict[int, dict[str, Any]]
) -> list[int]:
    """Give each article its search key; returns those that were left."""
    left: list[int] = []
    moments: list[tuple[datetime, Calendar]] = []
    waiting: list[dict[str, Any]] = []
    for item_id, row in rows.items():
        held = row["search_key"]
        place = _sorted_by(row)
        if not articles[item_id].page.is_searchable:
            row["search_key"] = None
        elif held is None or keys.first_key_of_second(held) != keys.first_key_of(*place):
            moments.append(place)
            waiting.append(row)
        else:
            continue
        if held is not None:
            left.append(held)
    for row, key in zip(waiting, store.allocate_keys(connection, moments), strict=True):
        row["search_key"] = key
    return left


def _sorted_by(row: dict[str, Any]) -> tuple[datetime, Calendar]:
    """The timestamp that an article is sorted by, and the calendar of its day."""
    at = row["sort_at"]
    return at, indexer.calendar_of(at, row["published_at"], row["published_offset"])


def _put(
    connection: Connection,
    table: Any,
    new: dict[int, dict[str, Any]],
    known: dict[int, dict[str, Any]],
    ids: Ids,
) -> None:
    if new:
        rows = [{"item_id": ids.item(item_id), **values} for item_id, values in new.items()]
        connection.execute(insert(table.__table__), rows)
    if known:
        changed = [{"b_item": item_id, **values} for item_id, values in known.items()]
        connection.execute(_UPDATE[table], changed)
