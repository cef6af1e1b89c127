"""Writes items: created and changed ones, and stubs that become part of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, update

from storage.models import Address, Item, Link, Mention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from storage.ingest.change import Change
    from storage.ingest.known import KnownItem

_COLUMNS = (
    "kind",
    "identity",
    "url",
    "number",
    "title",
    "teaser",
    "state",
    "first_seen_at",
)
_ADD: Any = insert(Item).returning(Item.kind, Item.identity, Item.id)
_CHANGE = (
    update(Item.__table__)  # type: ignore[arg-type]
    .where(Item.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _COLUMNS})
)
_SEEN = (
    update(Item.__table__)  # type: ignore[arg-type]
    .where(Item.id == bindparam("b_id"))
    .values(last_seen_at=bindparam("b_now"))
)
_STUB: Any = bindparam("b_stub")
_LEAVE_NAME = (
    update(Item.__table__)  # type: ignore[arg-type]
    .where(Item.id == _STUB)
    .values(identity=bindparam("b_name"))
)
_NAMED = (
    update(Mention)
    .where(Mention.entry_id == _STUB)
    .values(entry_id=bindparam("b_item"))
    .returning(Mention.item_id)
)
_LINKED = (
    update(Link)
    .where(Link.target_id == _STUB)
    .values(target_id=bindparam("b_item"))
    .returning(Link.item_id, Link.relation)
)
_LED = update(Address).where(Address.item_id == _STUB).values(item_id=bindparam("b_item"))
_DROP = delete(Item).where(Item.id == _STUB)


@dataclass(slots=True)
class Ids:
    """The ids for the numbers below zero of a change."""

    captures: dict[int, int] = field(default_factory=dict)
    items: dict[int, int] = field(default_factory=dict)
    # Stubs, each with the item that it became part of.
    absorbed: Mapping[int, int] = field(default_factory=dict)

    def item(self, number: int) -> int:
        """Return the id of an item."""
        number = self.absorbed.get(number, number)
        return number if number > 0 else self.items[number]

    def target(self, number: int | None) -> int | None:
        """Return the id of an item, if there is one."""
        return None if number is None else self.item(number)

    def capture(self, number: int) -> int:
        """Return the id of a capture."""
        return number if number > 0 else self.captures[number]


def write_items(connection: Connection, change: Change, ids: Ids) -> set[int]:
    """Write items; return those that mentioned or linked an absorbed stub."""
    ids.absorbed = change.absorbed
    stubs = [stub for stub in change.absorbed if stub > 0]
    if stubs:
        # An item of the batch may have its identity now.
        renamed = [{"b_stub": stub, "b_name": f"absorbed:{stub}"} for stub in stubs]
        connection.execute(_LEAVE_NAME, renamed)
    if change.items:
        connection.execute(_CHANGE, [_bound(item) for item in change.items.values()])
    if change.created:
        numbers = {(item.kind, item.identity): item.id for item in change.created.values()}
        rows = [
            {
                **{name: getattr(item, name) for name in _COLUMNS},
                "source_id": change.source_id,
                "last_seen_at": item.seen_at,
            }
            for item in change.created.values()
        ]
        for kind, identity, number in connection.execute(_ADD, rows):
            ids.items[numbers[kind, identity]] = number
    if change.seen:
        seen = [{"b_id": item_id, "b_now": at} for item_id, at in change.seen.items()]
        connection.execute(_SEEN, seen)
    named: set[int] = set()
    for stub in stubs:
        named |= absorb(connection, ids.item(stub), stub)
    return named


def _bound(item: KnownItem) -> dict[str, Any]:
    return {"b_id": item.id, **{f"b_{name}": getattr(item, name) for name in _COLUMNS}}


def absorb(connection: Connection, item_id: int, stub: int) -> set[int]:
    """Move the mentions and links of a stub to an item, delete the stub; return their items."""
    bound = {"b_stub": stub, "b_item": item_id}
    named = set(connection.scalars(_NAMED, bound))
    linked = connection.execute(_LINKED, bound).all()
    named |= {row.item_id for row in linked if row.relation == "entry"}
    connection.execute(_LED, bound)
    connection.execute(_DROP, {"b_stub": stub})
    return named
