"""The last step of an item's way: into the archive, in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DropItem

from storage.types.pages import PageFailed, PageSkipped, PageStored, PageUnchanged

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.run.recorder import Recorder


class StorePipeline:
    """Hands outcomes to the spider's recorder."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        """Scrapy's way to make it."""
        return cls(crawler)

    async def process_item(self, item: Any) -> Any:
        """Record an outcome."""
        recorder: Recorder | None = getattr(self._crawler.spider, "recorder", None)
        if not isinstance(item, PageStored | PageUnchanged | PageSkipped | PageFailed):
            raise DropItem(f"not an outcome of a page: {type(item).__name__}")
        if recorder is not None:
            await recorder.add(item)
        return item
