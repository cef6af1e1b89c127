"""Scrapy's feed exports (``-O items.jsonl``) of what a crawl stored, as flat items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.extensions.feedexport import FeedExporter as ScrapyFeedExporter

from storage.types.content import Article, StatedTimestamp, to_json
from storage.types.pages import PageStored

if TYPE_CHECKING:
    from scrapy import Spider

_FIELDS = (
    "headline",
    "name",
    "kind",
    "number",
    "standfirst",
    "byline",
    "dateline_place",
    "published",
    "modified",
    "section",
    "tags",
    "language",
    "access",
    "canonical_url",
    "expansion",
    "aliases",
)


class FeedExporter(ScrapyFeedExporter):
    """Exports each stored article and directory entry; skips other outcomes."""

    def item_scraped(self, item: Any, spider: Spider) -> None:
        """Export ``item`` if it is a stored page."""
        if isinstance(item, PageStored):
            super().item_scraped(exported(item), spider)


def exported(page: PageStored) -> dict[str, Any]:
    """Return a stored page as the documented export fields.

    Times are ISO 8601 with the publisher's offset, or a day alone; absent fields are ``None``.
    """
    content = page.content
    item: dict[str, Any] = {
        "type": "article" if isinstance(content, Article) else "entry",
        "source_url": page.urls[0],
        "url": page.urls[-1],
        "fetched_at": page.capture.fetched_at.isoformat(),
        "digest": page.capture.digest,
    }
    # The same fields for both, so that a CSV has one header.
    item |= {name: _plain(getattr(content, name, None)) for name in _FIELDS}
    return item | {
        "text": content.text,
        "links": to_json(content.links),
        "media": to_json(content.media),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, StatedTimestamp):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
