"""What an item points to: links, mentions, pictures and attachments, written as wholes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from storage.crawl import tombstones
from storage.database.engine import chunked, insert_ignore
from storage.database.types import timestamp_columns
from storage.ingest import identity
from storage.models import Address, ArticleMedia, EntryName, Item, Link, Media, Mention
from storage.text.normalize import name_key
from storage.text.urls import is_web_url, url_key
from storage.types.content import Article as ArticleContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.ingest.identity import KnownItem
    from storage.types.content import Entry
    from storage.types.content import Link as LinkContent
    from storage.types.content import Media as MediaContent
    from storage.types.content import Mention as MentionContent
    from storage.types.endpoints import ItemKind

_STUB_RELATIONS = ("related", "entry")
_TABLES: tuple[Any, ...] = (Link, Mention, ArticleMedia)
_NAME_STUB = (
    update(Item)
    .where(Item.id == bindparam("b_id"), Item.state == "stub")
    .values(title=bindparam("b_title"), teaser=bindparam("b_teaser"))
)
_JOIN = (
    update(Link.__table__)  # type: ignore[arg-type]
    .where(Link.id == bindparam("b_id"))
    .values(target_id=bindparam("b_target"))
)
_MEDIA_IDS = select(Media.url, Media.id).where(Media.url.in_(bindparam("urls", expanding=True)))


class _Targets:
    """The items that keys lead to; stubs are made for those that should lead somewhere."""

    def __init__(self, connection: Connection, source_id: int, keys: Sequence[str]) -> None:
        self.connection = connection
        self.source_id = source_id
        self.known: dict[str, KnownItem] = {}
        # The keys that lead to an item now and did not before.
        self.made: dict[str, int] = {}
        # One of each item, whatever leads to it: it learns its name once.
        self._items: dict[int, KnownItem] = {}
        for some in chunked(keys):
            for key, item in identity.items_at(connection, source_id, some):
                self.known.setdefault(key, self._items.setdefault(item.id, item))

    def stub(
        self, key: str, url: str, kind: ItemKind, title: str | None, teaser: str | None,
        now: datetime, number: str | None = None,
    ) -> int:  # fmt: skip
        """The item at ``key``, made as a stub if there is none; a stub learns its name.

        The site's own ``number`` finds it under other addresses too.
        """
        item = self.known.get(key)
        if item is None:
            name = f"number:{number}" if number else f"url:{key}"
            item, _ = identity.create_item(
                self.connection, self.source_id, kind, name, url, now,
                {"number": number} if number else None,
            )  # fmt: skip
            row = {"source_id": self.source_id, "key": key, "url": url, "item_id": item.id,
                   "first_seen_at": now}  # fmt: skip
            insert_ignore(self.connection, Address, [row])
            item = self.known[key] = self._items.setdefault(item.id, item)
            self.made[key] = item.id
        if item.state == "stub" and ((title and not item.title) or (teaser and not item.teaser)):
            item.title, item.teaser = item.title or title, item.teaser or teaser
            self.connection.execute(
                _NAME_STUB, {"b_id": item.id, "b_title": item.title, "b_teaser": item.teaser}
            )
            if kind == "entry" and title:
                add_names(self.connection, item.id, [title])
        return item.id


def write_pointers(
    connection: Connection, source_id: int, contents: Mapping[int, ArticleContent | Entry],
    now: datetime, *, fresh: bool,
) -> None:  # fmt: skip
    """Write all that items' contents point to, in place of what was written before.

    ``fresh`` says that nothing was.
    """
    if not fresh:
        for table in _TABLES:
            connection.execute(delete(table).where(table.item_id.in_(list(contents))))
    links = {i: [one for one in c.links if is_web_url(one.url)] for i, c in contents.items()}
    mentions = {i: c.mentions for i, c in contents.items() if isinstance(c, ArticleContent)}
    media = {i: content.media for i, content in contents.items()}
    if tombstones.any_exist(connection):
        # What was erased by request is linked no more, for a stub would have its name.
        said = {url_key(link.url): {"headline": link.anchor} for some in links.values()
                for link in some}  # fmt: skip
        erased = tombstones.erased_keys(connection, source_id, said)
        links = {i: [one for one in some if url_key(one.url) not in erased]
                 for i, some in links.items()}  # fmt: skip
        erased = tombstones.find_erased(
            connection, "media", [m.url for c in media.values() for m in c]
        )
        media = {i: tuple(m for m in some if m.url not in erased) for i, some in media.items()}
    addresses = [link.url for some in links.values() for link in some]
    addresses += [m.url for some in mentions.values() for m in some if m.url]
    targets = _Targets(connection, source_id, identity.keys_of(addresses))
    rows: dict[Any, list[dict[str, Any]]] = {Link: [], Mention: []}
    # Item by item: what names something first says what the stub of it is.
    for item_id, some in links.items():
        rows[Link] += _links(targets, item_id, some, now)
        rows[Mention] += _mentions(targets, item_id, mentions.get(item_id, ()), now)
    rows[ArticleMedia] = _shown(connection, media)
    for table, made in rows.items():
        if made:
            connection.execute(insert(table.__table__), made)
    _join(connection, targets.made)


def _join(connection: Connection, made: Mapping[str, int]) -> None:
    """Let links that were met before their stub was made, on this page or another, lead to it."""
    for keys in chunked(list(made)):
        waiting = connection.execute(
            select(Link.id, Link.item_id, Link.key)
            .where(Link.key.in_(keys), Link.target_id.is_(None))
        ).all()  # fmt: skip
        rows = [{"b_id": number, "b_target": made[key]}
                for number, item_id, key in waiting if item_id != made[key]]  # fmt: skip
        if rows:
            connection.execute(_JOIN, rows)


def _links(
    targets: _Targets, item_id: int, links: Sequence[LinkContent], now: datetime
) -> Iterator[dict[str, Any]]:
    for position, link in enumerate(links):
        key = url_key(link.url)
        known = targets.known.get(key)
        target = known.id if known is not None else None
        if link.relation in _STUB_RELATIONS:
            kind: ItemKind = "entry" if link.relation == "entry" else "article"
            target = targets.stub(key, link.url, kind, link.anchor, link.teaser, now, link.number)
        published_at, published_offset = timestamp_columns(link.published)
        yield {
            "item_id": item_id, "position": position, "relation": link.relation,
            "url": link.url, "key": key, "target_id": target if target != item_id else None,
            "anchor": link.anchor, "teaser": link.teaser, "kind": link.kind,
            "number": link.number, "published_at": published_at,
            "published_offset": published_offset,
            "published_zoned": link.published is None or link.published.zoned,
        }  # fmt: skip


def _mentions(
    targets: _Targets, item_id: int, mentions: Sequence[MentionContent], now: datetime
) -> Iterator[dict[str, Any]]:
    for position, m in enumerate(mentions):
        entry_id = None
        if m.url is not None and is_web_url(m.url):
            title = m.full_name or m.anchor
            entry_id = targets.stub(url_key(m.url), m.url, "entry", title, None, now)
        yield {
            "item_id": item_id, "position": position, "entry_id": entry_id,
            "anchor": m.anchor, "full_name": m.full_name, "expansion": m.expansion,
            "kind": m.kind, "url": m.url,
            "block": m.block, "start": m.start, "end": m.end,
        }  # fmt: skip


def _shown(
    connection: Connection, media: Mapping[int, Sequence[MediaContent]]
) -> list[dict[str, Any]]:
    kinds: dict[str, str] = {}
    for some in media.values():
        for m in some:
            kinds.setdefault(m.url, m.kind)
    ids: dict[str, int] = {}
    for part in chunked(list(kinds)):
        insert_ignore(connection, Media, [{"url": url, "kind": kinds[url]} for url in part])
        ids.update((row.url, row.id) for row in connection.execute(_MEDIA_IDS, {"urls": part}))
    return [
        {
            "item_id": item_id, "media_id": ids[m.url], "position": position,
            "caption": m.caption, "credit": m.credit, "alternative_text": m.alternative_text,
        }
        for item_id, some in media.items()
        for position, m in enumerate(some)
    ]  # fmt: skip


def put_names(connection: Connection, item_id: int, entry: Entry) -> None:
    """Keep the names of an entry, in place of those kept before."""
    connection.execute(delete(EntryName).where(EntryName.item_id == item_id))
    rows = _rows(item_id, (entry.name, *entry.aliases))
    if rows:
        connection.execute(insert(EntryName.__table__), rows)  # type: ignore[arg-type]


def add_names(connection: Connection, item_id: int, names: Iterable[str]) -> None:
    """Keep more names of an entry that is known by mentions only."""
    insert_ignore(connection, EntryName, _rows(item_id, names))


def _rows(item_id: int, names: Iterable[str]) -> list[dict[str, Any]]:
    by_key: dict[str, str] = {}
    for name in names:
        key = name_key(name)
        if key:
            by_key.setdefault(key, name)
    return [{"item_id": item_id, "key": key, "name": name} for key, name in by_key.items()]
