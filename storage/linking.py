"""What an item points to: links, mentions, pictures and attachments, written as wholes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from storage import directory, identity, tombstones
from storage.addresses import is_web_url, url_key
from storage.content import Article as ArticleContent
from storage.database import insert_ignore
from storage.models import Address, ArticleMedia, Item, Link, Media, Mention
from storage.moments import stored_moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.content import Entry
    from storage.content import Link as LinkContent
    from storage.identity import KnownItem
    from storage.records import ItemKind

_STUB_RELATIONS = ("related", "entry")
_TABLES: tuple[Any, ...] = (Link, Mention, ArticleMedia)
_NAME_STUB = (
    update(Item)
    .where(Item.id == bindparam("b_id"), Item.state == "stub")
    .values(title=bindparam("b_title"), teaser=bindparam("b_teaser"))
)
_MEDIA_IDS = select(Media.url, Media.id).where(Media.url.in_(bindparam("urls", expanding=True)))


class _Targets:
    """The items that keys lead to; stubs are made for those that should lead somewhere."""

    def __init__(self, connection: Connection, source_id: int, keys: Sequence[str]) -> None:
        self.connection = connection
        self.source_id = source_id
        self.known: dict[str, KnownItem] = {}
        for key, item in identity.items_at(connection, source_id, keys):
            self.known.setdefault(key, item)

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
            self.known[key] = item
        if item.state == "stub" and ((title and not item.title) or (teaser and not item.teaser)):
            item.title, item.teaser = item.title or title, item.teaser or teaser
            self.connection.execute(
                _NAME_STUB, {"b_id": item.id, "b_title": item.title, "b_teaser": item.teaser}
            )
            if kind == "entry" and title:
                directory.add_names(self.connection, item.id, [title])
        return item.id


def write_pointers(
    connection: Connection, source_id: int, item_id: int, content: ArticleContent | Entry,
    now: datetime, *, fresh: bool,
) -> None:  # fmt: skip
    """Write all that ``content`` points to, in place of what was written before.

    ``fresh`` says that nothing was.
    """
    if not fresh:
        for table in _TABLES:
            connection.execute(delete(table).where(table.item_id == item_id))
    links = [link for link in content.links if is_web_url(link.url)]
    mentions = content.mentions if isinstance(content, ArticleContent) else ()
    if tombstones.exist(connection):
        # What was erased by request is linked no more, for a stub would have its name.
        erased = tombstones.held(connection, "address", [url_key(link.url) for link in links])
        links = [link for link in links if url_key(link.url) not in erased]
    addresses = [link.url for link in links] + [m.url for m in mentions if m.url]
    if addresses:
        targets = _Targets(connection, source_id, identity.keys_of(addresses))
        _write_links(connection, targets, item_id, links, now)
        if isinstance(content, ArticleContent):
            _write_mentions(connection, targets, item_id, content, now)
    elif mentions and isinstance(content, ArticleContent):
        _write_mentions(connection, _Targets(connection, source_id, []), item_id, content, now)
    if content.media:
        _write_media(connection, item_id, content)


def _write_links(
    connection: Connection, targets: _Targets, item_id: int, links: Sequence[LinkContent],
    now: datetime,
) -> None:  # fmt: skip
    rows = []
    for position, link in enumerate(links):
        key = url_key(link.url)
        known = targets.known.get(key)
        target = known.id if known is not None else None
        if link.relation in _STUB_RELATIONS:
            kind: ItemKind = "entry" if link.relation == "entry" else "article"
            target = targets.stub(key, link.url, kind, link.anchor, link.teaser, now, link.number)
        published_at, published_offset = stored_moment(link.published)
        rows.append(
            {
                "item_id": item_id, "position": position, "relation": link.relation,
                "url": link.url, "key": key, "target_id": target if target != item_id else None,
                "anchor": link.anchor, "teaser": link.teaser, "kind": link.kind,
                "number": link.number, "published_at": published_at,
                "published_offset": published_offset,
                "published_zoned": link.published is None or link.published.zoned,
            }
        )  # fmt: skip
    if rows:
        connection.execute(insert(Link.__table__), rows)  # type: ignore[arg-type]


def _write_mentions(
    connection: Connection, targets: _Targets, item_id: int, content: ArticleContent,
    now: datetime,
) -> None:  # fmt: skip
    rows = []
    for position, m in enumerate(content.mentions):
        entry_id = None
        if m.url is not None and is_web_url(m.url):
            title = m.full_name or m.anchor
            entry_id = targets.stub(url_key(m.url), m.url, "entry", title, None, now)
        rows.append(
            {
                "item_id": item_id, "position": position, "entry_id": entry_id,
                "anchor": m.anchor, "full_name": m.full_name, "expansion": m.expansion,
                "kind": m.kind, "url": m.url,
                "block": m.block, "start": m.start, "end": m.end,
            }
        )  # fmt: skip
    if rows:
        connection.execute(insert(Mention.__table__), rows)  # type: ignore[arg-type]


def _write_media(connection: Connection, item_id: int, content: ArticleContent | Entry) -> None:
    shown = content.media
    if tombstones.exist(connection):
        erased = tombstones.held(connection, "media", [m.url for m in shown])
        shown = tuple(m for m in shown if m.url not in erased)
        if not shown:
            return
    insert_ignore(connection, Media, [{"url": m.url, "kind": m.kind} for m in shown])
    found = connection.execute(_MEDIA_IDS, {"urls": [m.url for m in shown]})
    ids = {row.url: row.id for row in found}
    connection.execute(
        insert(ArticleMedia.__table__),  # type: ignore[arg-type]
        [
            {
                "item_id": item_id, "media_id": ids[m.url], "position": position,
                "caption": m.caption, "credit": m.credit, "alternative_text": m.alternative_text,
            }
            for position, m in enumerate(shown)
        ],
    )  # fmt: skip
