"""Turns a page's response into the outcome that the archive records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extraction.article import Known
from crawler.extraction.page.parse import BadPage
from crawler.http import failures
from crawler.http.coded import body_for_worker
from crawler.http.fetch import content_type
from crawler.run import fetch_context
from crawler.run.pages.outcomes import outcome_of
from crawler.workers import jobs
from crawler.workers import pool as workers
from storage import utc_now
from storage.types.pages import PageFailed, PageSkipped, PageStored, PageUnchanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.http import Response

    from crawler.run.context import RunContext
    from crawler.run.login import SourceLogin
    from crawler.run.pages.continuation import ContinuationFetcher
    from storage.types.pages import CaptureRecord, Outcome, Task

_NOT_MODIFIED = 304
# Media types, besides those of HTML, that servers give to HTML pages.
_OTHER_PAGE_TYPES = ("text/plain", "application/octet-stream", "text/xml", "application/xml")


class PageReader:
    """Reads the pages of one run: extraction, login, rendering, continuation pages."""

    def __init__(
        self,
        run: RunContext,
        login: SourceLogin,
        continuation: ContinuationFetcher,
        page_request: Callable[[Task], Request],
    ) -> None:
        self._run = run
        self._login = login
        self._continuation = continuation
        self._page_request = page_request

    async def outcome(self, task: Task, response: Response) -> Outcome:
        """Return what became of the page that ``task`` asked for."""
        failure = failures.classify_status(response)
        if failure is not None:
            return PageFailed(task, failure.cause, failure.detail, failure.final)
        context = fetch_context.of(response)
        if context.reserved is not None:
            detail = "its publisher asks archives not to store it (noarchive)"
            return PageSkipped(task, context.reserved, detail)
        capture = context.capture
        if response.status == _NOT_MODIFIED or capture is None or capture.kind == "revisit":
            return PageUnchanged(task, capture)
        media_type = content_type(response).split(";")[0].strip().lower()
        if media_type and not _may_be_html(media_type):
            return PageSkipped(task, "not-html", f"its media type is {media_type}", capture)
        return await self._read(task, response, capture)

    async def _read(self, task: Task, response: Response, capture: CaptureRecord) -> Outcome:
        source = self._run.source
        known = Known(source.timezone, source.language, task.kind, utc_now(), task.hints)
        try:
            extraction = await self._run.worker_pool.run(
                jobs.article_job,
                body_for_worker(response),
                response.url,
                content_type(response),
                known,
            )
        except BadPage as error:
            return PageSkipped(task, error.cause, error.reason, capture)
        except workers.WorkerFailure as error:
            return PageFailed(task, error.cause, error.reason, final=True)
        refetched = await self._login.refetch_behind_wall(
            extraction, lambda: self._page_request(task)
        )
        if refetched is not None:
            return await self.outcome(task, refetched)
        rendered = await self._run.rendering.render_page(task, response, extraction, capture, known)
        outcome = rendered or outcome_of(task, response, extraction, capture)
        if rendered is None and isinstance(outcome, PageStored):
            return await self._continuation.with_following_pages(
                outcome, response, extraction, known
            )
        return outcome


def _may_be_html(media_type: str) -> bool:
    return "html" in media_type or media_type in _OTHER_PAGE_TYPES
