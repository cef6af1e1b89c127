"""Tombstones: digests that keep erased items from coming back, without revealing them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from storage.database.engine import chunked, insert_ignore
from storage.models import Source, Tombstone
from storage.text.letters import is_plain
from storage.text.normalize import normalized_words
from storage.text.urls import guid_key, is_web_url, url_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

_ANY = select(Tombstone.id).limit(1)
_HELD = select(Tombstone.digest).where(
    Tombstone.kind == bindparam("kind"), Tombstone.digest.in_(bindparam("digests", expanding=True))
)
_OF = (
    select(Tombstone.forgetting_id)
    .where(Tombstone.digest.in_(bindparam("digests", expanding=True)))
    .order_by(Tombstone.id)
    .limit(1)
)
# Shorter headlines are shared by many articles ("Weather").
_TITLE_WORDS, _TITLE_LETTERS = 3, 12
_HOME = select(Source.home_url).where(Source.id == bindparam("source"))


def tombstone_digest(kind: str, value: str) -> str:
    """Return the digest of ``value``; the value of a text is its digest already."""
    if kind == "text":
        return value
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def any_exist(connection: Connection) -> bool:
    """Return whether anything was ever erased: most archives can skip all further checks."""
    return connection.execute(_ANY).first() is not None


def find_erased(connection: Connection, kind: str, values: Iterable[str]) -> set[str]:
    """Return those of ``values`` that were erased."""
    by_digest = {tombstone_digest(kind, value): value for value in values}
    if not by_digest:
        return set()
    rows = connection.execute(_HELD, {"kind": kind, "digests": list(by_digest)})
    return {by_digest[found] for found in rows.scalars()}


def identity_value(connection: Connection, source_id: int, kind: str, identity: str) -> str:
    """Return the tombstone value of an identity, independent of the source's id."""
    home = connection.execute(_HOME, {"source": source_id}).scalar_one()
    return f"{url_key(home)} {kind} {identity}"


def title_values(connection: Connection, source_id: int, titles: Iterable[Any]) -> dict[str, str]:
    """Return the tombstone values of headlines that are specific enough."""
    telling = distinctive_titles(titles)
    if not telling:
        return {}
    home = connection.execute(_HOME, {"source": source_id}).scalar_one()
    return {title: f"{url_key(home)} {words}" for title, words in telling.items()}


def distinctive_titles(titles: Iterable[Any]) -> dict[str, str]:
    """Return the normalized words of headlines that are specific enough."""
    folded = {title: normalized_words(title) for title in titles if isinstance(title, str)}
    return {
        title: " ".join(words)
        for title, words in folded.items()
        if len("".join(words)) >= _TITLE_LETTERS
        and (len(words) >= _TITLE_WORDS or not is_plain(title))
    }


def home_key(connection: Connection, source_id: int) -> str:
    """Return the key of a source's home page, which names the source in tombstones."""
    return url_key(connection.execute(_HOME, {"source": source_id}).scalar_one())


def keys_of_guid(guid: Any) -> list[str]:
    """Return the URL keys of a feed's GUID: the GUID itself, and as a permalink."""
    if not isinstance(guid, str) or not guid.strip():
        return []
    guid = guid.strip()
    return [guid_key(guid), *([url_key(guid)] if is_web_url(guid) else [])]


def erased_keys(
    connection: Connection, source_id: int, hints: Mapping[str, Mapping[str, Any]]
) -> set[str]:
    """Return the URL keys whose announcement matches something erased.

    The URL, the GUID of the feed or the headline may match; ``hints`` are the claims per URL.
    """
    if not hints or not any_exist(connection):
        return set()
    names = {key: [key, *keys_of_guid(said.get("guid"))] for key, said in hints.items()}
    erased: set[str] = set()
    for some in chunked(sorted({one for all_ in names.values() for one in all_})):
        erased |= find_erased(connection, "address", some)
    titles = title_values(connection, source_id, (said.get("headline") for said in hints.values()))
    gone: set[str] = set()
    for part in chunked(sorted(set(titles.values()))):
        gone |= find_erased(connection, "title", part)
    return {
        key
        for key, said in hints.items()
        if not erased.isdisjoint(names[key]) or titles.get(said.get("headline") or "") in gone
    }


def extend_takedown(
    connection: Connection, values: Iterable[tuple[str, str]], keys: Iterable[str]
) -> None:
    """Add ``keys``, under which an erased item appeared again, to the same takedown."""
    digests = [tombstone_digest(kind, value) for kind, value in values]
    number = connection.execute(_OF, {"digests": digests}).scalar()
    if number is not None:
        add_tombstones(connection, number, "address", keys)


def add_tombstones(
    connection: Connection, forgetting_id: int, kind: str, values: Iterable[str]
) -> None:
    """Store tombstones for ``values``."""
    rows: list[dict[str, Any]] = [
        {"forgetting_id": forgetting_id, "kind": kind, "digest": tombstone_digest(kind, value)}
        for value in dict.fromkeys(values)
    ]
    insert_ignore(connection, Tombstone, rows)
