"""Makes the current row of an item from a page: article or directory entry. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.crawl.revisit import next_article_check
from storage.database.types import timestamp_columns
from storage.ingest.change import ArticleChange, EntryChange
from storage.ingest.decide import pointers
from storage.ingest.known import KnownArticle
from storage.text.normalize import name_key
from storage.types.content import Entry

if TYPE_CHECKING:
    from datetime import datetime

    from storage.ingest.decide.plan import Plan
    from storage.ingest.known import KnownItem
    from storage.ingest.page import ExtractedPage


def put_content(
    plan: Plan,
    item: KnownItem,
    page: ExtractedPage,
    capture_id: int,
    number: int,
    fetched_at: datetime,
) -> None:
    """Make revision ``number`` the current row; ``fetched_at`` is used for the first one."""
    had_content = item.has_content
    if isinstance(page.content, Entry):
        values = _entry_values(page, page.content, capture_id, plan.now)
        plan.change.entries[item.id] = EntryChange(values, not item.has_entry)
        plan.change.names[item.id] = pointers.name_rows(
            item.id, (page.content.name, *page.content.aliases)
        )
    else:
        _put_article(plan, item, page, capture_id, number, fetched_at)
    if had_content:
        plan.change.replaced.add(item.id)
    pointers.put_pointers(plan, item, page.content)


def _entry_values(
    page: ExtractedPage, content: Entry, capture_id: int, now: datetime
) -> dict[str, Any]:
    published_at, published_offset = timestamp_columns(content.published)
    return {
        "kind": content.kind,
        "name": content.name,
        "name_key": name_key(content.name),
        "expansion": content.expansion,
        "aliases": list(content.aliases),
        "published_at": published_at,
        "published_offset": published_offset,
        "capture_id": capture_id,
        "description": content.text or None,
        "blocks": page.derived.json.get("blocks", []),
        "checked_at": now,
        "extractor": page.extractor,
    }


def _put_article(
    plan: Plan,
    item: KnownItem,
    page: ExtractedPage,
    capture_id: int,
    number: int,
    fetched_at: datetime,
) -> None:
    held = item.article
    first = fetched_at if held is None else held.first_fetched_at
    values = article_values(page, capture_id, number, first, plan.now)
    is_new = held is None or not held.is_stored
    item.article = KnownArticle(
        values["headline"],
        first,
        values["checked_at"],
        values["next_check_at"],
        capture_id,
        number,
        tuple(page.rights),
        None if held is None else held.search_key,
        is_stored=not is_new,
    )
    plan.change.articles[item.id] = ArticleChange(values, page, item.article, is_new)
    plan.known.set_text(item.id, values["text_digest"], values["headline"])


def article_values(
    page: ExtractedPage, capture_id: int, number: int, first: datetime, now: datetime
) -> dict[str, Any]:
    """Return the columns of an article at revision ``number``; ``first`` is its first fetch."""
    content = page.article
    published_at, published_offset = timestamp_columns(content.published)
    modified_at, modified_offset = timestamp_columns(content.modified)
    return {
        "headline": content.headline,
        "standfirst": content.standfirst,
        "text": content.text,
        "blocks": page.derived.json.get("blocks", []),
        "byline": list(content.byline),
        "dateline_place": content.dateline_place,
        "kind": content.kind,
        "section": content.section,
        "tags": list(content.tags),
        "language": content.language,
        "published_at": published_at,
        "published_offset": published_offset,
        "published_zoned": content.published is None or content.published.zoned,
        "published_day_only": content.published is not None and content.published.day_only,
        "modified_at": modified_at,
        "modified_offset": modified_offset,
        "modified_zoned": content.modified is None or content.modified.zoned,
        "access": content.access,
        "doubtful": content.doubtful,
        "notices": list(content.notices),
        "provenance": dict(content.provenance),
        "extractor": page.extractor,
        "rights": list(page.rights),
        "word_count": page.derived.word_count,
        "text_digest": page.derived.digest,
        "revision": number,
        "capture_id": capture_id,
        "first_fetched_at": first,
        "checked_at": now,
        "next_check_at": next_article_check(first, now),
        # A claimed timestamp in the future would lead every list for years.
        "sort_at": min(published_at or first, first),
    }
