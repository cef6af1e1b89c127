"""An item's history: its revisions read back from what changed, and what befell it beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select

from storage.models import Event, Revision
from storage.text.json_delta import Content, replay_deltas

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_HISTORY = (
    select(Revision.number, Revision.content, Revision.delta)
    .where(Revision.item_id == bindparam("item"))
    .order_by(Revision.number)
)
# What readers see; a change of these that the page does not date is silent.
_SHOWN = frozenset({"headline", "standfirst", "text"})


def note(
    connection: Connection, item_id: int, kind: str, now: datetime, run_id: int | None,
    detail: str | None = None,
) -> None:  # fmt: skip
    """Keep an event: ``gone``, ``returned``, ``moved``, ``teaser`` or ``full``."""
    connection.execute(
        insert(Event),
        {"item_id": item_id, "kind": kind, "at": now, "run_id": run_id,
         "detail": detail[:500] if detail else None},
    )  # fmt: skip


def last_content(connection: Connection, item_id: int) -> tuple[int, Content] | None:
    """Number and content (JSON form) of an item's newest revision; ``None`` where it has none."""
    rows = connection.execute(_HISTORY, {"item": item_id}).all()
    if not rows:
        return None
    return rows[-1].number, replay_deltas((row.content, row.delta) for row in rows)


def contents(connection: Connection, item_id: int) -> dict[int, Content]:
    """The content (JSON form) of every revision of an item by its number."""
    found: dict[int, Content] = {}
    last: Content = {}
    for number, content, change in connection.execute(_HISTORY, {"item": item_id}):
        last = replay_deltas([(last, None), (content, change)])
        found[number] = last
    return found


def is_silent(old: Content, new: Content, changed: list[str]) -> bool:
    """Whether text was changed without a word: the page's own modification moment stayed.

    A page that never names one is not blamed for it.
    """
    modified = new.get("modified")
    return bool(
        _SHOWN.intersection(changed) and modified is not None and modified == old.get("modified")
    )


def events(connection: Connection, item_id: int) -> list[dict[str, Any]]:
    """What befell an item, oldest first, JSON-ready."""
    query = select(Event).where(Event.item_id == item_id).order_by(Event.at, Event.id)
    return [
        {"kind": row.kind, "at": row.at.isoformat(), "detail": row.detail}
        for row in connection.execute(query.with_only_columns(Event.kind, Event.at, Event.detail))
    ]
