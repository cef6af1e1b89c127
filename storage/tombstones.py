"""What was erased by request and must not come back: known by digests that tell nothing of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from storage.addresses import url_key
from storage.database import insert_ignore
from storage.models import Source, Tombstone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_ANY = select(Tombstone.id).limit(1)
_HELD = select(Tombstone.digest).where(
    Tombstone.kind == bindparam("kind"), Tombstone.digest.in_(bindparam("digests", expanding=True))
)
_HOME = select(Source.home_url).where(Source.id == bindparam("source"))


def digest_of(kind: str, value: str) -> str:
    """The digest by which ``value`` is remembered; a text's value is its digest already."""
    if kind == "text":
        return value
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def exist(connection: Connection) -> bool:
    """Whether anything was ever erased: most archives need ask no further."""
    return connection.execute(_ANY).first() is not None


def held(connection: Connection, kind: str, values: Iterable[str]) -> set[str]:
    """Those of ``values`` that were erased."""
    by_digest = {digest_of(kind, value): value for value in values}
    if not by_digest:
        return set()
    rows = connection.execute(_HELD, {"kind": kind, "digests": list(by_digest)})
    return {by_digest[found] for found in rows.scalars()}


def identity_value(connection: Connection, source_id: int, kind: str, identity: str) -> str:
    """What an identity within a source is remembered by, whatever the source's id is then."""
    home = connection.execute(_HOME, {"source": source_id}).scalar_one()
    return f"{url_key(home)} {kind} {identity}"


def put(connection: Connection, forgetting_id: int, kind: str, values: Iterable[str]) -> None:
    """Remember that ``values`` were erased."""
    rows: list[dict[str, Any]] = [
        {"forgetting_id": forgetting_id, "kind": kind, "digest": digest_of(kind, value)}
        for value in dict.fromkeys(values)
    ]
    insert_ignore(connection, Tombstone, rows)
