"""What the extraction of a fetched page means for the archive. A pure decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extraction.article import EXTRACTOR
from crawler.run.outcomes import to_follow
from storage.types.pages import (PageFailed, PageSkipped, PageStored)

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.workers.prepare import Prepared
    from storage.types.pages import (CaptureRecord, Outcome, Task)

# Walls pass: the page behind them is tried again.
_WALLS = frozenset({"login-wall", "consent-wall", "bot-wall"})


def of_extraction(
    task: Task, response: Response, extraction: Prepared, capture: CaptureRecord,
    drawn_from: CaptureRecord | None = None,
) -> Outcome:  # fmt: skip
    """Stored, skipped because it is no item, or failed because a wall stood in its place."""
    content = extraction.content
    if content is None:
        if extraction.kind in _WALLS:
            return PageFailed(task, extraction.kind, extraction.reason)
        return PageSkipped(task, extraction.kind, extraction.reason, capture)
    urls = (*response.meta.get("redirect_urls", ()), response.url)
    follow = to_follow(content, response.url, task.depth)
    return PageStored(
        task, urls, capture, content, EXTRACTOR, follow, drawn_from=drawn_from,
        derived=extraction.derived,
    )  # fmt: skip
