"""The directory: under which names its entries are known, and who is meant by a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from storage import identity
from storage.models import EntryName

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.content import Entry


def put_names(connection: Connection, item_id: int, entry: Entry) -> None:
    """Keep the names of an entry, in place of those kept before."""
    connection.execute(delete(EntryName).where(EntryName.item_id == item_id))
    names: dict[str, str] = {}
    for name in (entry.name, *entry.aliases):
        key = identity.name_key(name)
        if key:
            names.setdefault(key, name)
    rows = [{"item_id": item_id, "key": key, "name": name} for key, name in names.items()]
    if rows:
        connection.execute(insert(EntryName.__table__), rows)  # type: ignore[arg-type]
