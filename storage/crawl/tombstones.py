"""What was erased by request and must not come back: known by digests that tell nothing of it."""

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
# A headline of less is one of many articles ("Weather").
_TITLE_WORDS, _TITLE_LETTERS = 3, 12
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


def title_values(connection: Connection, source_id: int, titles: Iterable[Any]) -> dict[str, str]:
    """What the headlines of a source are remembered by, to each headline that is one of its own."""
    folded = {title: normalized_words(title) for title in titles if isinstance(title, str)}
    telling = {
        title: words for title, words in folded.items()
        if len("".join(words)) >= _TITLE_LETTERS
        and (len(words) >= _TITLE_WORDS or not is_plain(title))
    }  # fmt: skip
    if not telling:
        return {}
    home = connection.execute(_HOME, {"source": source_id}).scalar_one()
    return {title: f"{url_key(home)} {' '.join(words)}" for title, words in telling.items()}


def keys_of_guid(guid: Any) -> list[str]:
    """The keys of addresses that a feed's own id of an item is: itself, and as a permalink."""
    if not isinstance(guid, str) or not guid.strip():
        return []
    guid = guid.strip()
    return [guid_key(guid), *([url_key(guid)] if is_web_url(guid) else [])]


def known(
    connection: Connection, source_id: int, hints: Mapping[str, Mapping[str, Any]]
) -> set[str]:
    """Those addresses (keys) whose announcement tells of something erased.

    By the address itself, by the feed's id of it, or by its headline; ``hints`` are what is said of
    each address.
    """
    if not hints or not exist(connection):
        return set()
    names = {key: [key, *keys_of_guid(said.get("guid"))] for key, said in hints.items()}
    erased: set[str] = set()
    for some in chunked(sorted({one for all_ in names.values() for one in all_})):
        erased |= held(connection, "address", some)
    titles = title_values(connection, source_id, (said.get("headline") for said in hints.values()))
    gone: set[str] = set()
    for part in chunked(sorted(set(titles.values()))):
        gone |= held(connection, "title", part)
    return {
        key for key, said in hints.items()
        if not erased.isdisjoint(names[key]) or titles.get(said.get("headline") or "") in gone
    }  # fmt: skip


def follow(connection: Connection, values: Iterable[tuple[str, str]], keys: Iterable[str]) -> None:
    """Remember ``keys``, at which was found again what (kind, value) names: the same takedown."""
    digests = [digest_of(kind, value) for kind, value in values]
    number = connection.execute(_OF, {"digests": digests}).scalar()
    if number is not None:
        put(connection, number, "address", keys)


def put(connection: Connection, forgetting_id: int, kind: str, values: Iterable[str]) -> None:
    """Remember that ``values`` were erased."""
    rows: list[dict[str, Any]] = [
        {"forgetting_id": forgetting_id, "kind": kind, "digest": digest_of(kind, value)}
        for value in dict.fromkeys(values)
    ]
    insert_ignore(connection, Tombstone, rows)
