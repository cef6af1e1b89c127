"""Reads one item: content, revisions, links, mentions and the bytes of its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storage.captures.reader import read_capture
from storage.errors import UnknownItem
from storage.ingest import history
from storage.models import (
    Address,
    Article,
    ArticleMedia,
    Capture,
    DirectoryEntry,
    Item,
    Link,
    Media,
    Mention,
    Revision,
    Source,
)
from storage.queries.directory import articles_mentioning
from storage.text.normalize import is_whole_number, replace_unprintable
from storage.text.urls import is_web_url, url_key
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.database.handle import Database


def find_item(database: Database, name: str) -> int:
    """Find an item by its number or by any URL under which it was seen.

    Raises:
        UnknownItem: there is none.
    """
    with database.reading() as session:
        if is_whole_number(name):
            found = session.scalar(select(Item.id).where(Item.id == int(name)))
        elif is_web_url(name):
            found = session.scalar(
                # Per source, because the index begins with the source.
                select(Address.item_id)
                .where(Address.source_id.in_(select(Source.id)), Address.key == url_key(name))
                .limit(1)
            )
        else:
            raise UnknownItem(
                f"{replace_unprintable(name)!r} is not an item number or a URL",
                "`dateline search` shows the numbers",
            )
    if found is None:
        raise UnknownItem(f"the archive holds no item {name}", "look for it with `dateline search`")
    return found


def read_item(database: Database, item_id: int, revision: int | None = None) -> dict[str, Any]:
    """Return an item with text, links, mentions, revisions and capture, JSON-ready.

    Raises:
        UnknownItem: the item has no such revision.
    """
    with database.reading() as session:
        row = session.get_one(Item, item_id)
        source = session.get_one(Source, row.source_id)
        revisions = _revisions(session, item_id)
        content = _content(session, revisions, revision, item_id)
        record: dict[str, Any] = {
            "id": row.id,
            "kind": row.kind,
            "source": source.name,
            "state": row.state,
            "url": row.url,
            "number": row.number,
            "title": row.title,
            "teaser": row.teaser,
            "first_seen_at": row.first_seen_at.isoformat(),
            "last_seen_at": row.last_seen_at.isoformat(),
            "blocks": [],
        }
        record.update({k: v for k, v in content.items() if k not in ("kind", "links", "number")})
        record.setdefault("headline", row.title)
        if row.kind == "article":
            # Present even where unknown: "no date" is information too.
            record.setdefault("published", None)
            record.setdefault("modified", None)
        if row.kind == "entry":
            entry = session.get(DirectoryEntry, item_id)
            record["entry_kind"] = entry.kind if entry else None
        else:
            record["article_kind"] = content.get("kind")
            record.setdefault("access", "full")
            record.setdefault("doubtful", False)
        record["text"] = "\n".join(b["text"] for b in record["blocks"] if b["kind"] != "figure")
        record["links"] = _links(session, item_id)
        record["mentions"] = _mentions(session, item_id)
        record["media"] = _media(session, item_id)
        record["linked_from"] = _linked_from(session, item_id)
        record["named_in"] = articles_mentioning(session, item_id) if row.kind == "entry" else []
        record["addresses"] = list(
            session.scalars(
                select(Address.url).where(
                    Address.item_id == item_id, ~Address.key.startswith("guid:")
                )
            )
        )
        record["revisions"] = [
            {
                "number": r.number,
                "seen_at": r.seen_at.isoformat(),
                "changed": r.changed,
                "extractor": r.extractor,
                "origin": r.origin,
                "silent": r.silent,
                "capture": _capture(session, r.capture_id),
            }
            for r in revisions
        ]
        record["duplicates"] = _duplicates(session, item_id)
        record["events"] = history.events(session.connection(), item_id)
        return record


def _revisions(session: Session, item_id: int) -> list[Revision]:
    query = select(Revision).where(Revision.item_id == item_id).order_by(Revision.number)
    return list(session.scalars(query))


def _content(
    session: Session, revisions: list[Revision], wanted: int | None, item_id: int
) -> dict[str, Any]:
    if not revisions and wanted is None:
        return {}
    found = history.contents(session.connection(), item_id)
    number = max(found) if wanted is None else wanted
    if number not in found:
        raise UnknownItem(f"item {item_id} has no revision {number}", f"it has {len(found)}")
    return found[number]


def read_content(database: Database, item_id: int, revision: int) -> dict[str, Any]:
    """Return the content (JSON form) of a revision.

    Raises:
        UnknownItem: the item has no such revision.
    """
    with database.reading() as session:
        return _content(session, _revisions(session, item_id), revision, item_id)


def _duplicates(session: Session, item_id: int) -> list[dict[str, Any]]:
    """Return the other articles of an item's cluster, the leading one first."""
    own = session.get(Article, item_id)
    if own is None or own.cluster_id is None:
        return []
    query = (
        select(Article.item_id, Article.headline, Article.similarity, Source.name)
        .join(Item, Item.id == Article.item_id)
        .join(Source, Source.id == Item.source_id)
        .where(Article.cluster_id == own.cluster_id, Article.item_id != item_id)
        .order_by(Article.item_id != own.cluster_id, Article.sort_at, Article.item_id)
        .limit(200)
    )
    return [
        {
            "item": i,
            "title": title,
            "source": source,
            "similarity": similarity,
            "leading": i == own.cluster_id,
        }
        for i, title, similarity, source in session.execute(query)
    ]


def _links(session: Session, item_id: int) -> list[dict[str, Any]]:
    query = (
        select(Link, Item)
        .outerjoin(Item, Item.id == Link.target_id)
        .where(Link.item_id == item_id)
        .order_by(Link.position)
    )
    rows: Iterable[tuple[Link, Item | None]] = session.execute(query)
    return [
        {
            "relation": link.relation,
            "url": link.url,
            "title": link.anchor,
            "teaser": link.teaser,
            "kind": link.kind,
            "number": link.number,
            "published": _said(link),
            "item": target.id if target is not None else None,
            "state": target.state if target is not None else None,
        }
        for link, target in rows
    ]


def _media(session: Session, item_id: int) -> list[dict[str, Any]]:
    query = (
        select(ArticleMedia, Media)
        .join(Media, Media.id == ArticleMedia.media_id)
        .where(ArticleMedia.item_id == item_id)
        .order_by(ArticleMedia.position)
    )
    rows: Iterable[tuple[ArticleMedia, Media]] = session.execute(query)
    return [
        {
            "url": m.url,
            "kind": m.kind,
            "caption": shown.caption,
            "credit": shown.credit,
            "alternative_text": shown.alternative_text,
            "state": m.state,
            "cause": m.cause,
            "detail": m.detail,
            "digest": m.digest,
            "size": m.size,
            "path": m.path,
            "content_type": m.content_type,
        }
        for shown, m in rows
    ]


def _said(link: Link) -> str | None:
    """Return the target's timestamp as the list states it."""
    if link.published_at is None:
        return None
    return StatedTimestamp.from_stored(
        link.published_at, link.published_offset, zoned=link.published_zoned
    ).isoformat()


def _mentions(session: Session, item_id: int) -> list[dict[str, Any]]:
    query = (
        select(Mention, Item)
        .outerjoin(Item, Item.id == Mention.entry_id)
        .where(Mention.item_id == item_id)
        .order_by(Mention.position)
    )
    rows: Iterable[tuple[Mention, Item | None]] = session.execute(query)
    return [
        {
            "anchor": m.anchor,
            "block": m.block,
            "start": m.start,
            "end": m.end,
            "url": m.url,
            "full_name": m.full_name,
            "expansion": m.expansion,
            "kind": m.kind,
            "item": entry.id if entry is not None else None,
            "state": entry.state if entry is not None else None,
        }
        for m, entry in rows
    ]


def _linked_from(session: Session, item_id: int) -> list[dict[str, Any]]:
    query = (
        select(Item.id, Item.title, Link.relation)
        .join(Link, Link.item_id == Item.id)
        .where(Link.target_id == item_id)
        .order_by(Item.id)
        .limit(200)
    )
    return [{"item": i, "title": t, "relation": r} for i, t, r in session.execute(query)]


def _capture(session: Session, capture_id: int) -> dict[str, Any]:
    row = session.get_one(Capture, capture_id)
    return {
        "url": row.url,
        "fetched_at": row.fetched_at.isoformat(),
        "status": row.status,
        "file": row.file,
        "offset": row.offset,
        "length": row.length,
        "digest": row.digest,
        "rights": row.rights,
    }


def raw_page(database: Database, item_id: int, revision: int | None = None) -> bytes:
    """Return the decoded body from which a revision (default: the newest) was extracted.

    Raises:
        UnknownItem: the item has no such revision, or its page was never fetched.
        CaptureUnreadable: the capture is missing or damaged, or does not match its digest.
    """
    return read_capture(database, capture_of(database, item_id, revision))


def capture_of(database: Database, item_id: int, revision: int | None = None) -> Capture:
    """Return the capture from which a revision (default: the newest) was extracted.

    Raises:
        UnknownItem: the item has no such revision, or its page was never fetched.
    """
    with database.reading() as session:
        revisions = _revisions(session, item_id)
        if not revisions:
            raise UnknownItem(f"the page of item {item_id} was never fetched", "crawl its source")
        _content(session, revisions, revision, item_id)
        number = revision or revisions[-1].number
        chosen = next(r for r in revisions if r.number == number)
        return session.get_one(Capture, chosen.capture_id)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A stored picture or attachment: path and content type."""

    path: Path
    content_type: str | None


def media_file(database: Database, digest: str) -> MediaFile:
    """Return the stored file with this digest.

    Raises:
        UnknownItem: there is none.
    """
    query = select(Media.path, Media.content_type).where(
        Media.digest == digest, Media.state == "stored", Media.path.is_not(None)
    )
    with database.reading() as session:
        found = session.execute(query.limit(1)).first()
    if found is None or found.path is None:
        raise UnknownItem(f"the archive holds no file {digest[:12]}", "open it from an article")
    return MediaFile(database.location.media / found.path, found.content_type)
