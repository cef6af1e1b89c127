"""The directory: names of entries, and the articles that mention them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from storage.errors import UnknownItem
from storage.models import (
    PUBLISHED,
    Article,
    DirectoryEntry,
    EntryName,
    Item,
    Link,
    Mention,
    Source,
)
from storage.search.query.ast import MentionsEntry
from storage.search.query.dialects import compile_query
from storage.text.normalize import name_key
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.database.handle import Database

_MOST = 50


def find_entries(database: Database, name: str) -> list[dict[str, Any]]:
    """Find the entries with a name equal to, beginning with or containing ``name``; JSON-ready.

    Raises:
        UnknownItem: no entry has such a name.
    """
    key = name_key(name)
    with database.reading() as session:
        ids = _called(session, key)
        if not ids:
            raise UnknownItem(
                f"no entry of the directory is called {name!r}",
                "look for it with `dateline search`, or crawl a source that names it",
            )
        return [_entry(session, item_id) for item_id in ids]


def _called(session: Session, key: str) -> list[int]:
    if not key:
        return []
    escaped = key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    for condition in (
        EntryName.key == key,
        EntryName.key.like(f"{escaped}%", escape="\\"),
        EntryName.key.like(f"%{escaped}%", escape="\\"),
    ):
        query = select(EntryName.item_id).where(condition).order_by(func.length(EntryName.key))
        ids = list(dict.fromkeys(session.scalars(query.limit(_MOST))))
        if ids:
            return ids
    return []


def _entry(session: Session, item_id: int) -> dict[str, Any]:
    item = session.get_one(Item, item_id)
    entry = session.get(DirectoryEntry, item_id)
    names = session.scalars(select(EntryName.name).where(EntryName.item_id == item_id))
    return {
        "id": item.id,
        "source": session.get_one(Source, item.source_id).name,
        "name": entry.name if entry else item.title,
        "state": item.state,
        "url": item.url,
        "kind": entry.kind if entry else _said_kind(session, item_id),
        "number": item.number,
        "names": sorted(names),
        "expansion": entry.expansion if entry else None,
        "description": entry.description if entry else item.teaser,
        "articles": articles_mentioning(session, item_id),
    }


def names_of(database: Database, item_id: int) -> list[str]:
    """Return the names of an entry."""
    query = select(EntryName.name).where(EntryName.item_id == item_id).order_by(EntryName.name)
    with database.reading() as session:
        return list(session.scalars(query))


def _said_kind(session: Session, item_id: int) -> str:
    """Return the kind that mentions state for a stub."""
    query = select(Mention.kind).where(Mention.entry_id == item_id, Mention.kind != "unknown")
    return session.scalar(query.limit(1)) or "unknown"


def articles_mentioning(session: Session, item_id: int, limit: int = 200) -> list[dict[str, Any]]:
    """Return the articles that mention or list an entry, newest first.

    ``at`` is the publication timestamp, ``None`` where the publisher states none.
    """
    naming = compile_query(session.connection(), MentionsEntry("", entry=item_id))
    newest = naming.keys(session.connection(), limit)
    query = (
        select(Item.id, Article.headline, *PUBLISHED, Source.name)
        .join(Article, Article.item_id == Item.id)
        .join(Source, Source.id == Item.source_id)
        .where(Article.search_key.in_(newest))
        .order_by(Article.sort_at.desc(), Item.id)
    )
    found = []
    for row in session.execute(query):
        published = StatedTimestamp.published_from_row(row)
        found.append(
            {
                "item": row.id,
                "title": row.headline,
                "source": row.name,
                "at": published.isoformat() if published is not None else None,
            }
        )
    return found


def neighbours(database: Database, item_id: int) -> list[dict[str, Any]]:
    """Return the items within two steps along links and mentions, both directions; JSON-ready.

    Each has its distance (1 or 2) and, at distance 1, the kind of link.
    """
    with database.reading() as session:
        first = _beside(session, [item_id])
        near = {i: hows for i, hows in first.items() if i != item_id}
        second = _beside(session, list(near))
        far = [i for i in second if i != item_id and i not in near]
        items = {
            item.id: item
            for item in session.scalars(select(Item).where(Item.id.in_([*near, *far][:1000])))
        }
        return [
            {
                "item": i,
                "kind": items[i].kind,
                "state": items[i].state,
                "title": items[i].title,
                "number": items[i].number,
                "url": items[i].url,
                "distance": 1 if i in near else 2,
                "how": sorted(near.get(i, ())),
            }
            for i in (*near, *far)
            if i in items
        ]


def _beside(session: Session, ids: list[int]) -> dict[int, set[str]]:
    """Return the items one step from any of ``ids``, with the kind of link."""
    found: dict[int, set[str]] = {}
    if not ids:
        return found
    steps = (
        (select(Link.target_id, Link.relation).where(Link.item_id.in_(ids)), ""),
        (select(Mention.entry_id, Mention.kind).where(Mention.item_id.in_(ids)), "names"),
        (select(Link.item_id, Link.relation).where(Link.target_id.in_(ids)), "from"),
        (select(Mention.item_id, Mention.kind).where(Mention.entry_id.in_(ids)), "named by"),
    )
    for query, how in steps:
        for other, relation in session.execute(query):
            if other is not None:
                word = how if how in ("names", "named by") else f"{relation} {how}".strip()
                found.setdefault(other, set()).add(word)
    return found
