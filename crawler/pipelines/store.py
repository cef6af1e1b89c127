"""Pass outcomes to the archive, in batches: the last pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DropItem

from crawler.run.context import run_of
from storage.types.pages import PageFailed, PageSkipped, PageStored, PageUnchanged

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.run.context import ActiveRun


class StorePipeline:
    """Hands outcomes to the recorder of the crawler's run."""

    def __init__(self, run: ActiveRun) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        """Create the pipeline for Scrapy."""
        return cls(run_of(crawler))

    async def process_item(self, item: Any) -> Any:
        """Record an outcome; without a run (``scrapy parse``) it only passes."""
        if not isinstance(item, PageStored | PageUnchanged | PageSkipped | PageFailed):
            raise DropItem(f"not an outcome of a page: {type(item).__name__}")
        if self._run.context is not None:
            await self._run.context.recorder.add(item)
        return item
