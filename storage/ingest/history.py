"""An item's history: revisions rebuilt from their differences, and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from storage.models import Event, Revision
from storage.text.json_delta import Content, replay_deltas

if TYPE_CHECKING:
    from sqlalchemy import Connection

_HISTORY = (
    select(Revision.number, Revision.content, Revision.delta)
    .where(Revision.item_id == bindparam("item"))
    .order_by(Revision.number)
)


def contents(connection: Connection, item_id: int) -> dict[int, Content]:
    """The content (JSON form) of every revision of an item by its number."""
    found: dict[int, Content] = {}
    last: Content = {}
    for number, content, change in connection.execute(_HISTORY, {"item": item_id}):
        last = replay_deltas([(last, None), (content, change)])
        found[number] = last
    return found


def events(connection: Connection, item_id: int) -> list[dict[str, Any]]:
    """Return the events of an item, oldest first, JSON-ready."""
    query = select(Event).where(Event.item_id == item_id).order_by(Event.at, Event.id)
    return [
        {"kind": row.kind, "at": row.at.isoformat(), "detail": row.detail}
        for row in connection.execute(query.with_only_columns(Event.kind, Event.at, Event.detail))
    ]
