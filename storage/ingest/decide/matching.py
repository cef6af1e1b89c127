"""Finds the stored item that a fetched page belongs to. Pure; reads the known state only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from storage.ingest.decide import teasers
from storage.ingest.identity import DUPLICATE_WORDS, SAME_ARTICLE, keys_of, likeness
from storage.text.normalize import normalized_words
from storage.text.urls import url_key
from storage.types.content import Article

if TYPE_CHECKING:
    from storage.ingest.known import Known, KnownItem
    from storage.ingest.page import StoredPage


class Match(NamedTuple):
    """The item that a page belongs to; ``moved``: found by the feed's id, at another URL."""

    item: KnownItem | None
    moved: bool = False


def held_as_other_kind(known: Known, page: StoredPage) -> KnownItem | None:
    """Return the item of another kind at the page's own URLs, if there is one.

    An item never changes its kind: articles have revisions of articles. If only the canonical URL
    belongs to an item of another kind, the fetched URL identifies the page.
    """
    met = [
        (key, item)
        for key, item in known.items_at(keys_of(page.urls))
        if item.state != "stub" and item.kind != page.kind
    ]
    if not met or known.find(page.kind, page.identity, ()) is not None:
        return None
    own = next((item for key, item in met if key in page.keys), None)
    if own is None:
        page.forget_canonical()
        if page.identity.startswith("url:"):
            page.identity = page.own_identity
    return own


def item_for(known: Known, page: StoredPage) -> Match:
    """Find the item that the page belongs to, by number, canonical URL or fetched URL, if known."""
    content = page.outcome.content
    match = Match(known.find(page.kind, page.identity, keys_of(page.urls)))
    if match.item is None and page.guid is not None:
        match = _announced_as(known, page, page.guid)
    item = match.item
    if item is None or item.state == "stub" or not isinstance(content, Article):
        return match
    elsewhere = page.task.item_id not in (None, item.id)
    if not elsewhere and not is_other_article(known, item, page):
        return match
    # Its canonical URL belongs to another article: the fetched URL identifies it.
    page.identity = page.own_identity
    page.forget_canonical()
    own = known.find(page.kind, page.identity, page.keys)
    return Match(own if own is None or own.id != item.id or not elsewhere else None)


def _announced_as(known: Known, page: StoredPage, guid: str) -> Match:
    """Find the item that a feed announced under the same id, if it is the same article.

    Some feeds use one id twice, or for a whole series, so the headline or the text must agree.
    """
    item = known.at.get(guid)
    content = page.outcome.content
    if item is None or not isinstance(content, Article) or item.kind != "article":
        return Match(None)
    if content.number and item.number and content.number != item.number:
        return Match(None)
    if is_other_article(known, item, page):
        return Match(None)
    return Match(item, item.state != "stub" and url_key(item.url) not in page.keys)


def is_other_article(known: Known, item: KnownItem, page: StoredPage) -> bool:
    """Return whether URL, headline and text all differ from ``item``."""
    content = page.extracted.article
    if item.article is None or normalized_words(item.article.headline) == normalized_words(
        content.headline
    ):
        return False
    if any(known.at.get(key) is item for key in page.keys):
        return False
    last = item.history.last()
    stored = teasers.text_of(last[1]) if last is not None else ""
    return likeness(stored, content.text) < SAME_ARTICLE


def duplicate_of(known: Known, page: StoredPage, match: Match) -> KnownItem | None:
    """Find the article of which the page is only another URL."""
    content, item = page.outcome.content, match.item
    if not isinstance(content, Article):
        return None
    if item is not None and item.state != "stub":
        looked_for = page.task.item_id is not None
        # Found by the feed's id at a new URL: it moved there.
        here = looked_for or match.moved or page.keys[-1] == url_key(item.url)
        # A view may show the whole text where the page has a wall.
        return None if here or teasers.is_fuller(item, content) else item
    return _same_text(known, page, content)


def _same_text(known: Known, page: StoredPage, content: Article) -> KnownItem | None:
    """Find the source's article with the same words and the same headline."""
    derived = page.extracted.derived
    if derived.word_count < DUPLICATE_WORDS:
        return None
    twins = known.texts.get(derived.digest, ())
    wanted = normalized_words(content.headline) if twins else []
    twin = next((one for one in twins if normalized_words(one.headline) == wanted), None)
    if twin is None:
        return None
    item = known.items[twin.item_id]
    return None if content.number and item.number else item


def is_older(item: KnownItem, page: StoredPage) -> bool:
    """Return whether an imported page was fetched before the newest revision."""
    if page.outcome.origin != "import":
        return False
    newest = item.history.newest_at
    return newest is not None and page.outcome.capture.fetched_at < newest
