"""Which stored item a fetched page belongs to, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage.ingest import history, identity, teasers
from storage.models import Item, Revision
from storage.text.urls import url_key
from storage.types.content import Article as ArticleContent

if TYPE_CHECKING:
    from storage.ingest.batch import Writing
    from storage.ingest.identity import KnownItem
    from storage.ingest.stored_page import StoredPage
    from storage.types.pages import PageStored


def _is_older(writing: Writing, item: KnownItem, outcome: PageStored) -> bool:
    """Whether an imported page was fetched before what the archive holds of it."""
    if outcome.origin != "import":
        return False
    newest = writing.connection.scalar(
        select(func.max(Revision.seen_at)).where(Revision.item_id == item.id)
    )
    return newest is not None and outcome.capture.fetched_at < newest


def _is_fuller(writing: Writing, item: KnownItem, page: StoredPage) -> bool:
    """Whether a page has the full text of an article of which only a teaser is held."""
    content = page.outcome.content
    return isinstance(content, ArticleContent) and teasers.is_fuller(
        writing.connection, item.id, content
    )


def _held_as_other_kind(writing: Writing, page: StoredPage) -> KnownItem | None:
    """What the archive holds at the page's own addresses, where it is no item of its kind.

    A history goes on in one kind: articles have revisions of articles. Where just its canonical URL
    names something of another kind, the page stays what its own address says.
    """
    connection, source_id = writing.connection, writing.source_id
    met = [(key, item) for key, item in identity.items_at(connection, source_id,
                                                          identity.keys_of(page.urls))
           if item.state != "stub" and item.kind != page.kind]  # fmt: skip
    named = identity.find_item(connection, source_id, page.kind, page.identity, []) if met else None
    if not met or named is not None:
        return None
    own = next((item for key, item in met if key in page.keys), None)
    if own is None:
        page.urls = list(page.outcome.urls)
        if page.identity.startswith("url:"):
            page.identity = f"url:{page.keys[-1]}"
    return own


def _item_for(writing: Writing, page: StoredPage) -> KnownItem | None:
    """The item that the page belongs to, by number, canonical URL or address, if it is known."""
    connection, source_id = writing.connection, writing.source_id
    content = page.outcome.content
    item = identity.find_item(connection, source_id, page.kind, page.identity,
                              identity.keys_of(page.urls))  # fmt: skip
    if item is None and page.guid is not None:
        item = _announced_as(writing, page, page.guid)
    if item is None or item.state == "stub" or not isinstance(content, ArticleContent):
        return item
    elsewhere = page.task.item_id not in (None, item.id)
    if not elsewhere and not identity.is_other_article(connection, item, content, page.keys):
        return item
    # Its canonical URL names another article: it stays what its own address says.
    page.identity, page.urls = f"url:{page.keys[-1]}", list(page.outcome.urls)
    own = identity.find_item(connection, source_id, page.kind, page.identity, page.keys)
    return own if own is None or own.id != item.id or not elsewhere else None


def _announced_as(writing: Writing, page: StoredPage, guid: str) -> KnownItem | None:
    """The item that a feed announced under the same id, where it is the same article.

    Feeds use one id twice, and for whole series; so its headline or text must agree.
    """
    held = identity.items_at(writing.connection, writing.source_id, [guid])
    content = page.outcome.content
    if not held or not isinstance(content, ArticleContent) or held[0][1].kind != "article":
        return None
    item = held[0][1]
    if content.number and item.number and content.number != item.number:
        return None
    other = identity.is_other_article(writing.connection, item, content, page.keys)
    if other:
        return None
    if item.state != "stub" and url_key(item.url) not in page.keys:
        _move(writing, item, page.address)
    return item


def _duplicate_of(writing: Writing, page: StoredPage, item: KnownItem | None) -> KnownItem | None:
    """The article that the page is only another address of."""
    content = page.outcome.content
    if not isinstance(content, ArticleContent):
        return None
    if item is not None and item.state != "stub":
        looked_for = page.task.item_id is not None
        # Found by a feed's id at an address never met: it moved there.
        here = looked_for or page.keys[-1] == url_key(item.url)
        # A view may show the whole text where the page has a wall.
        return None if here or _is_fuller(writing, item, page) else item
    text = page.made.derived
    twin = identity.find_same_text(
        writing.connection, writing.source_id, content.headline, text.word_count, text.digest
    )
    if twin is None or (content.number and twin[1]):
        return None
    row = writing.connection.execute(select(*identity.ITEM_COLUMNS).where(Item.id == twin[0])).one()
    return identity.KnownItem(*row)


def _move(writing: Writing, item: KnownItem, url: str) -> None:
    """Note that an item's page is now at ``url``; the caller writes it."""
    history.note(writing.connection, item.id, "moved", writing.now, writing.run_id,
                 f"{item.url} → {url}")  # fmt: skip
    item.url = url
