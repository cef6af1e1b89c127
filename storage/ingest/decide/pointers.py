"""Replaces what an item points to: links, mentions, pictures and attachments. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.database.types import timestamp_columns
from storage.ingest.change import LinkRow, MentionRow, NameRow, Pointers, ShownRow
from storage.text.normalize import name_key
from storage.text.urls import is_web_url, url_key
from storage.types.content import Article

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storage.ingest.decide.plan import Plan
    from storage.ingest.known import Known, KnownItem
    from storage.types.content import Entry, Link, Media, Mention
    from storage.types.endpoints import ItemKind

# What these lead to is an item, be it known by name only.
STUB_RELATIONS = ("related", "entry")


def put_pointers(plan: Plan, item: KnownItem, content: Article | Entry) -> None:
    """Replace the links, mentions and media of an item by those of its content."""
    mentions = content.mentions if isinstance(content, Article) else ()
    links = list(_links(plan, item, links_of(plan.known, content)))
    named = list(_mentions(plan, item, mentions))
    erased = plan.known.erased.media if plan.known.erased is not None else frozenset[str]()
    media = [one for one in content.media if one.url not in erased]
    plan.change.pointers[item.id] = Pointers(links, named, list(_shown(item, media)))
    for one in media:
        # What met a picture or attachment first says of which kind it is.
        plan.change.media.setdefault(one.url, one.kind)
    for row in links:
        if row["target_id"] is None:
            _wait(plan, item, row)


def _wait(plan: Plan, item: KnownItem, row: LinkRow) -> None:
    """Register a link without target; a later stub of the batch may be its target."""
    target = plan.known.at.get(row["key"])
    if target is not None and target is not item:
        row["target_id"] = target.id
    elif row["key"] in plan.known.waiting:
        plan.open_links.setdefault(row["key"], []).append(row)


def links_of(known: Known, content: Article | Entry) -> list[Link]:
    """Return the links of a content to store.

    Links to erased items are left out, because their stubs would show the erased names.
    """
    links = [one for one in content.links if is_web_url(one.url)]
    if known.erased is None or not links:
        return links
    hints = {url_key(link.url): {"headline": link.anchor} for link in links}
    erased = known.erased.announced(hints)
    return [one for one in links if url_key(one.url) not in erased]


def _links(plan: Plan, item: KnownItem, links: Sequence[Link]) -> Iterator[LinkRow]:
    for position, link in enumerate(links):
        key = url_key(link.url)
        target = plan.known.at.get(key)
        if link.relation in STUB_RELATIONS:
            kind: ItemKind = "entry" if link.relation == "entry" else "article"
            target = _stub(plan, key, link.url, kind, link.anchor, link.teaser, link.number)
        published_at, published_offset = timestamp_columns(link.published)
        yield {
            "item_id": item.id,
            "position": position,
            "relation": link.relation,
            "url": link.url,
            "key": key,
            "target_id": target.id if target is not None and target is not item else None,
            "anchor": link.anchor,
            "teaser": link.teaser,
            "kind": link.kind,
            "number": link.number,
            "published_at": published_at,
            "published_offset": published_offset,
            "published_zoned": link.published is None or link.published.zoned,
        }


def _mentions(plan: Plan, item: KnownItem, mentions: Sequence[Mention]) -> Iterator[MentionRow]:
    for position, one in enumerate(mentions):
        entry_id = None
        if one.url is not None and is_web_url(one.url):
            title = one.full_name or one.anchor
            entry_id = _stub(plan, url_key(one.url), one.url, "entry", title).id
        yield {
            "item_id": item.id,
            "position": position,
            "entry_id": entry_id,
            "anchor": one.anchor,
            "full_name": one.full_name,
            "expansion": one.expansion,
            "kind": one.kind,
            "url": one.url,
            "block": one.block,
            "start": one.start,
            "end": one.end,
        }


def _shown(item: KnownItem, media: Sequence[Media]) -> Iterator[ShownRow]:
    for position, one in enumerate(media):
        yield {
            "item_id": item.id,
            "url": one.url,
            "position": position,
            "caption": one.caption,
            "credit": one.credit,
            "alternative_text": one.alternative_text,
        }


def stub_identity(key: str, number: str | None) -> str:
    """Return the identity of a stub: the site's own number, else its URL."""
    return f"number:{number}" if number else f"url:{key}"


def _stub(
    plan: Plan,
    key: str,
    url: str,
    kind: ItemKind,
    title: str | None,
    teaser: str | None = None,
    number: str | None = None,
) -> KnownItem:
    """Return the item at ``key``; create a stub if there is none, and name an unnamed stub.

    The site's own ``number`` finds it under other URLs too.
    """
    item = plan.known.at.get(key)
    if item is None:
        identity = stub_identity(key, number)
        item = plan.known.named.get((kind, identity)) or plan.create(
            kind, identity, url, number=number or None
        )
        plan.add_address(item, key, url)
        plan.join_links((key,), item)
    if item.state == "stub" and ((title and not item.title) or (teaser and not item.teaser)):
        item.title, item.teaser = item.title or title, item.teaser or teaser
        plan.changed(item)
        if kind == "entry" and title:
            plan.change.further_names += name_rows(item.id, [title])
    return item


def name_rows(item_id: int, names: Iterable[str]) -> list[NameRow]:
    """Return the name rows of an entry, one per folded name."""
    by_key: dict[str, str] = {}
    for name in names:
        key = name_key(name)
        if key:
            by_key.setdefault(key, name)
    return [{"item_id": item_id, "key": key, "name": name} for key, name in by_key.items()]
