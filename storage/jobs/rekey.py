"""Updates URL keys after a change of the URL rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, delete, func, select, update

from storage.ingest.write.items import absorb
from storage.models import Address, Candidate, Capture, Item, Link, Source
from storage.search.index import indexer
from storage.text.url_rules import UrlRules
from storage.text.urls import is_web_url, set_url_rules, url_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session


_TOGETHER = 2_000


def load_url_rules(connection: Connection) -> None:
    """Apply the URL rules of the archive's sources to all URL keys made from now on."""
    rows = connection.execute(
        select(Source.home_url, Source.rules).where(Source.rules.is_not(None))
    )
    set_url_rules(
        {urlsplit(home).hostname or "": UrlRules.from_json(rules) for home, rules in rows}
    )


def save_url_rules(session: Session, source_id: int, rules: UrlRules) -> int:
    """Store a source's URL rules and update its keys; return how many changed."""
    source = session.get_one(Source, source_id)
    wanted = rules.as_json() or None
    if source.rules == wanted:
        return 0
    source.rules = wanted
    session.flush()
    connection = session.connection()
    load_url_rules(connection)
    return rekey(connection, source_id)


def rekey(connection: Connection, source_id: int | None = None) -> int:
    """Update the URL keys of a source (default: all); return how many changed.

    Two URLs that became one lead to the item that was seen first; a stub at the other becomes part
    of it.
    """
    changed = 0
    for row, key in _stale(connection, Address, source_id):
        changed += 1
        _move_address(connection, row, key)
    for row, key in _stale(connection, Candidate, source_id):
        changed += 1
        taken = connection.execute(
            select(Candidate.id).where(Candidate.source_id == row.source_id, Candidate.key == key)
        ).first()
        if taken is None:
            _set_key(connection, Candidate, row.id, key)
        else:
            connection.execute(delete(Candidate).where(Candidate.id == row.id))
    for table in (Capture, Link):
        for row, key in _stale(connection, table, source_id):
            changed += 1
            _set_key(connection, table, row.id, key)
    return changed + _rename(connection, source_id)


def _stale(connection: Connection, table: Any, source_id: int | None) -> Iterator[tuple[Any, str]]:
    """Return (row, new key) of each row whose key has changed."""
    last = 0
    columns = [table.id, table.key, table.url]
    columns += [table.source_id] if hasattr(table, "source_id") else []
    columns += [table.item_id] if table is Address else []
    query = select(*columns).where(table.id > bindparam("last")).order_by(table.id).limit(_TOGETHER)
    if source_id is not None:
        own = (
            table.source_id == source_id
            if hasattr(table, "source_id")
            else table.item_id.in_(select(Item.id).where(Item.source_id == source_id))
        )
        query = query.where(own)
    while rows := connection.execute(query, {"last": last}).all():
        for row in rows:
            if (
                not row.key.startswith("guid:")
                and is_web_url(row.url)
                and (key := url_key(row.url)) != row.key
            ):
                yield row, key
        last = rows[-1].id


def _set_key(connection: Connection, table: Any, number: int, key: str) -> None:
    connection.execute(update(table).where(table.id == number).values(key=key))


def _move_address(connection: Connection, row: Any, key: str) -> None:
    led = select(Address.item_id).where(Address.source_id == row.source_id, Address.key == key)
    met = connection.execute(_ITEM.where(Item.id.in_(led))).first()
    if met is None:
        _set_key(connection, Address, row.id, key)
        return
    connection.execute(delete(Address).where(Address.id == row.id))
    if met.id == row.item_id:
        return
    own = connection.execute(_ITEM.where(Item.id == row.item_id)).one()
    if own.state == "stub":
        _join(connection, met, own)
    elif met.state == "stub":
        _join(connection, own, met)


def _join(connection: Connection, item: Any, stub: Any) -> None:
    """Make a stub part of an item; what names it is indexed again."""
    connection.execute(
        update(Item)
        .where(Item.id == item.id)
        .values(
            teaser=item.teaser or stub.teaser,
            first_seen_at=min(item.first_seen_at, stub.first_seen_at),
        )
    )
    indexer.index_articles(connection, sorted(absorb(connection, item.id, stub.id)))


_ITEM = select(Item.id, Item.state, Item.teaser, Item.first_seen_at)
_TAKEN = (
    select(Item.id)
    .where(
        Item.source_id == bindparam("source"),
        Item.kind == bindparam("kind"),
        Item.identity == bindparam("identity"),
    )
    .limit(1)
)


def _rename(connection: Connection, source_id: int | None) -> int:
    """Update identities that are URL keys; one that is taken stays unchanged."""
    changed, last = 0, 0
    query = (
        select(Item.id, Item.source_id, Item.kind, Item.identity, Item.url)
        .where(Item.id > bindparam("last"), func.substr(Item.identity, 1, 4) == "url:")
        .order_by(Item.id)
        .limit(_TOGETHER)
    )
    if source_id is not None:
        query = query.where(Item.source_id == source_id)
    while rows := connection.execute(query, {"last": last}).all():
        for row in rows:
            if not is_web_url(row.url):
                continue
            wanted = f"url:{url_key(row.url)}"
            named = {"source": row.source_id, "kind": row.kind, "identity": wanted}
            if wanted == row.identity or connection.execute(_TAKEN, named).first():
                continue
            connection.execute(update(Item).where(Item.id == row.id).values(identity=wanted))
            changed += 1
        last = rows[-1].id
    return changed
