"""Writes the intended change of one batch: statements only, table by table.

Items and captures of the batch have numbers below zero; writing gives them ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from storage.crawl import tombstones
from storage.database.engine import chunked, insert_ignore
from storage.duplicates import clusters
from storage.ingest.write.contents import write_contents
from storage.ingest.write.items import Ids, write_items
from storage.models import (
    Address,
    Article,
    ArticleMedia,
    Candidate,
    Capture,
    EntryName,
    Event,
    Link,
    Media,
    Mention,
    Revision,
)
from storage.search.index import indexer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from storage.ingest.change import CaptureRow, Change, IngestBatch
    from storage.ingest.known import KnownCandidate

_SOME: Any = bindparam("some", expanding=True)
_ADD_CAPTURES: Any = insert(Capture).returning(Capture.file, Capture.offset, Capture.id)
_SETTLE = (
    update(Candidate.__table__)  # type: ignore[arg-type]
    .where(Candidate.id == bindparam("b_id"))
    .values(
        {
            name: bindparam(f"b_{name}")
            for name in ("state", "cause", "detail", "settled_at", "attempts")
        }
    )
)
_WAKE = (
    update(Candidate.__table__)  # type: ignore[arg-type]
    .where(Candidate.id == bindparam("b_id"))
    .values(
        {
            name: bindparam(f"b_{name}")
            for name in ("state", "attempts", "modified_at", "published_at", "hints")
        }
    )
)
_DROP_CANDIDATES = delete(Candidate).where(
    Candidate.source_id == bindparam("source"), Candidate.key.in_(_SOME)
)
_JOIN = (
    update(Link.__table__)  # type: ignore[arg-type]
    .where(Link.id == bindparam("b_id"))
    .values(target_id=bindparam("b_target"))
)
_CUT = delete(Revision).where(
    Revision.item_id == bindparam("b_item"), Revision.number > bindparam("b_last")
)
_DUE = update(Article).where(Article.item_id.in_(_SOME)).values(next_check_at=bindparam("b_now"))
_MEDIA_IDS = select(Media.url, Media.id).where(Media.url.in_(_SOME))
_POINTERS: tuple[Any, ...] = (Link, Mention, ArticleMedia)
_REPLACED = {table: delete(table).where(table.item_id.in_(_SOME)) for table in _POINTERS}
_FORGET_NAMES = delete(EntryName).where(EntryName.item_id.in_(_SOME))


def write(connection: Connection, batch: IngestBatch, change: Change) -> Ids:
    """Write the change; return the ids of created items and captures."""
    ids = Ids(captures=_write_captures(connection, change.captures))
    named = write_items(connection, change, ids)
    _write_addresses(connection, change, ids)
    _write_candidates(connection, batch, change, ids)
    _write_revisions(connection, change, ids)
    left = write_contents(connection, change, ids)
    _write_pointers(connection, change, ids)
    _insert(
        connection, Event, [{**row, "item_id": ids.item(row["item_id"])} for row in change.events]
    )
    if change.due:
        connection.execute(_DUE, {"some": list(change.due), "b_now": batch.now})
    for found, keys in change.refound:
        tombstones.extend_takedown(connection, found, keys)
    _index(connection, change, ids, named, left)
    return ids


def _insert(connection: Connection, table: Any, rows: Iterable[Any]) -> None:
    made = list(rows)
    if made:
        connection.execute(insert(table.__table__), made)


def _write_captures(connection: Connection, rows: list[CaptureRow]) -> dict[int, int]:
    """Insert captures; those that others refer to come first. Returns their ids by number."""
    ids: dict[int, int] = {}
    rendered_from = {row["refers_to"] for row in rows if (row["refers_to"] or 0) < 0}
    for first in (True, False):
        wave = [row for row in rows if (row["number"] in rendered_from) is first]
        if not wave:
            continue
        numbers = {(row["file"], row["offset"]): row["number"] for row in wave}
        values = [
            {**row, "refers_to": ids.get(row["refers_to"] or 0, row["refers_to"])} for row in wave
        ]
        for row in values:
            del row["number"]
        for file, offset, made in connection.execute(_ADD_CAPTURES, values):
            ids[numbers[file, offset]] = made
    return ids


def _write_addresses(connection: Connection, change: Change, ids: Ids) -> None:
    rows: list[Any] = [{**row, "item_id": ids.item(row["item_id"])} for row in change.addresses]
    insert_ignore(connection, Address, rows)
    if change.joined:
        joined = [
            {"b_id": number, "b_target": ids.item(target)}
            for number, target in change.joined.items()
        ]
        connection.execute(_JOIN, joined)


def _write_candidates(connection: Connection, batch: IngestBatch, change: Change, ids: Ids) -> None:
    for statement, some in ((_SETTLE, change.settled), (_WAKE, change.woken)):
        if some:
            connection.execute(statement, [_bound(one, ids) for one in some.values()])
    for keys in chunked(sorted(change.dropped)):
        connection.execute(_DROP_CANDIDATES, {"source": batch.source_id, "some": keys})
    rows: list[dict[str, Any]] = []
    for row, candidate in change.announced:
        bound = _bound(candidate, ids)
        del bound["b_id"]
        rows.append({**row, **{name[2:]: value for name, value in bound.items()}})
    insert_ignore(connection, Candidate, rows)


def _bound(one: KnownCandidate, ids: Ids) -> dict[str, Any]:
    detail = one.detail
    if one.duplicate_of is not None:
        detail = f"another address of item {ids.item(one.duplicate_of)}"
    return {
        "b_id": one.id,
        "b_state": one.state,
        "b_cause": one.cause,
        "b_detail": detail,
        "b_settled_at": one.settled_at,
        "b_attempts": one.attempts,
        "b_modified_at": one.modified_at,
        "b_published_at": one.published_at,
        "b_hints": one.hints,
    }


def _write_revisions(connection: Connection, change: Change, ids: Ids) -> None:
    if change.cut:
        cut = [{"b_item": item_id, "b_last": last} for item_id, last in change.cut.items()]
        connection.execute(_CUT, cut)
    _insert(
        connection,
        Revision,
        (
            {
                **row,
                "item_id": ids.item(row["item_id"]),
                "capture_id": ids.capture(row["capture_id"]),
            }
            for row in change.revisions
        ),
    )


def _write_pointers(connection: Connection, change: Change, ids: Ids) -> None:
    """Replace the links, mentions and media of items."""
    for some in chunked(sorted(change.replaced)):
        for statement in _REPLACED.values():
            connection.execute(statement, {"some": some})
    media = _write_media(connection, change.media)
    links: list[Any] = []
    mentions: list[Any] = []
    shown: list[Any] = []
    for item_id, pointers in change.pointers.items():
        owner = {"item_id": ids.item(item_id)}
        links += [
            {**row, **owner, "target_id": ids.target(row["target_id"])} for row in pointers.links
        ]
        mentions += [
            {**row, **owner, "entry_id": ids.target(row["entry_id"])} for row in pointers.mentions
        ]
        shown += [{**row, **owner, "media_id": media[row["url"]]} for row in pointers.shown]
    _insert(connection, Link, links)
    _insert(connection, Mention, mentions)
    for row in shown:
        del row["url"]
    _insert(connection, ArticleMedia, shown)
    _write_names(connection, change, ids)


def _write_media(connection: Connection, kinds: dict[str, str]) -> dict[str, int]:
    """Insert new pictures and attachments; return the ids of all by URL."""
    ids: dict[str, int] = {}
    for part in chunked(sorted(kinds)):
        insert_ignore(connection, Media, [{"url": url, "kind": kinds[url]} for url in part])
        ids.update((url, number) for url, number in connection.execute(_MEDIA_IDS, {"some": part}))
    return ids


def _write_names(connection: Connection, change: Change, ids: Ids) -> None:
    """Replace the names of entries whose pages were read, and add names of stubs."""
    known = [item_id for item_id in change.names if item_id > 0]
    if known:
        connection.execute(_FORGET_NAMES, {"some": known})
    rows: list[Any] = [row for some in change.names.values() for row in some]
    # What a stub was called is what its page says, once there is one.
    rows += [
        row
        for row in change.further_names
        if row["item_id"] not in change.names and row["item_id"] not in change.absorbed
    ]
    insert_ignore(
        connection, EntryName, [{**row, "item_id": ids.item(row["item_id"])} for row in rows]
    )


def _index(
    connection: Connection, change: Change, ids: Ids, named: set[int], left: list[int]
) -> None:
    """Update duplicate clusters and the search index for the batch."""
    pages = {ids.item(item_id): one for item_id, one in change.articles.items()}
    for fresh in (True, False):
        signed = [(i, one.page.derived.signed) for i, one in pages.items() if one.is_new is fresh]
        clusters.update_clusters(connection, signed, fresh=fresh)
    texts = {item_id: one.page.derived.texts for item_id, one in pages.items()}
    indexer.index_articles(connection, sorted(named - texts.keys()))
    indexer.index_articles(connection, list(texts), texts, left)
