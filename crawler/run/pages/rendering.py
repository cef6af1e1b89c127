"""Decide which pages are rendered, fetch their scripts' requests, and record the result."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from scrapy import Request

from crawler.extraction.linked.link_rules import same_site
from crawler.extraction.page.parse import BadPage
from crawler.http import failures
from crawler.http.coded import decoded_body
from crawler.http.fetch import content_type, fetch
from crawler.run.pages import browser
from crawler.run.pages.browser import LIMIT_SECONDS, BrowserFailure, SubResponse
from crawler.run.pages.outcomes import outcome_of
from crawler.workers import jobs
from crawler.workers import pool as workers
from storage.captures.warc import Rendering
from storage.crawl.sources import get_source
from storage.text.urls import is_web_url
from storage.types.pages import CaptureRecord, PageFailed, PageUnchanged

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.extraction.article import Extraction, Known
    from crawler.items import EndpointContent
    from crawler.run.capture_writer import CaptureWriterThread
    from crawler.run.pages.browser import RenderedPage, SubRequest
    from crawler.run.tally import Tally
    from crawler.workers.pool import WorkerPool
    from storage import Archive
    from storage.types.endpoints import BrowserUse, DueEndpoint
    from storage.types.pages import Outcome, Task

logger = logging.getLogger(__name__)

HTML = "text/html; charset=utf-8"
# Kinds of pages whose text may still have to be rendered. A wall is not one of them: rendering
# would bypass it.
_KINDS_WITHOUT_TEXT = frozenset({"empty", "listing", "error"})
# A page that names fewer articles is no listing, or one that waits for its script.
MIN_LISTING_ARTICLES = 3
# Rendering must add this much text to what the page itself has.
_MIN_GROWTH, _MIN_GROWTH_CHARS = 1.1, 100
# Pages in a row that contain all their text: the source no longer needs a browser.
_PLAIN_PAGES_NEEDED = 5
# Sequential requests of a page's scripts that the time limit allows for, at the site's pace.
_REQUESTS_WAITED_FOR = 20
_SCRIPT = re.compile(rb"<script\b[^>]{0,500}?\bsrc\s*=\s*[\"']?([^\"'\s>]{1,2000})", re.IGNORECASE)
_MAX_POST = 64 * 1024
_MAX_SUBRESPONSE_BYTES = 8 * 1024 * 1024
_CACHED_BYTES = 32 * 1024 * 1024
# Request headers that belong to the browser, not to the site.
_DROPPED_HEADERS = frozenset(
    {
        "host",
        "connection",
        "cookie",
        "user-agent",
        "accept-encoding",
        "content-length",
        "upgrade-insecure-requests",
        "cache-control",
        "pragma",
    }
)


class PageRenderer:
    """Renders pages; their scripts' requests pass the crawl's own checks and pace.

    Requests to the page's own site are fetched, and the scripts that the page itself names;
    third-party requests of those scripts (advertising, analytics) are not.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._browser = browser.acquire()
        # Scripts by URL, also those in flight: pages that render at the same time share them.
        self._cached_scripts: dict[str, asyncio.Task[SubResponse | None]] = {}
        self._size = 0
        self._is_forbidden = False

    async def render(self, response: Response) -> RenderedPage:
        """Render the page of ``response``.

        Raises:
            BrowserFailure: it could not be rendered.
        """
        url, body = response.url, decoded_body(response)
        page_scripts = {
            urljoin(url, src.decode("utf-8", "replace").replace("&amp;", "&"))
            for src in _SCRIPT.findall(body)
        }

        async def answer(subrequest: SubRequest) -> SubResponse | None:
            return await self._respond(subrequest, url, page_scripts)

        agent = self._crawler.settings["USER_AGENT"]
        limit = LIMIT_SECONDS + _REQUESTS_WAITED_FOR * self._pause(response)
        return await self._browser.render(url, content_type(response), body, agent, answer, limit)

    async def close(self) -> None:
        """Release the browser."""
        await browser.release()

    def _pause(self, response: Response) -> float:
        """Return the seconds between two requests to the page's host (robots.txt, or our delay)."""
        pause = self._crawler.settings.getfloat("DOWNLOAD_DELAY")
        slot = self._crawler.engine.downloader.slots.get(response.meta.get("download_slot", ""))
        return pause if slot is None else max(pause, slot.delay)

    async def _respond(
        self, subrequest: SubRequest, page_url: str, page_scripts: set[str]
    ) -> SubResponse | None:
        if not is_web_url(subrequest.url):
            return None
        same_host_site = same_site(subrequest.url, page_url) or same_site(page_url, subrequest.url)
        if not same_host_site and (
            subrequest.kind != "script" or subrequest.url not in page_scripts
        ):
            return None
        posted = (
            subrequest.method == "POST"
            and same_host_site
            and len(subrequest.body or b"") <= _MAX_POST
        )
        if subrequest.method != "GET" and not posted:
            return None
        if subrequest.kind != "script" or subrequest.method != "GET":
            return await self._fetch(subrequest, page_url)
        pending = self._cached_scripts.get(subrequest.url)
        if pending is None:
            pending = asyncio.ensure_future(self._fetch(subrequest, page_url))
            self._cached_scripts[subrequest.url] = pending
        # Shielded: a page that times out must not cancel a script that others wait for.
        answer = await asyncio.shield(pending)
        if answer is None or self._size > _CACHED_BYTES:
            self._cached_scripts.pop(subrequest.url, None)
        return answer

    async def _fetch(self, subrequest: SubRequest, page_url: str) -> SubResponse | None:
        headers = {
            name: value
            for name, value in subrequest.headers.items()
            if name.lower() not in _DROPPED_HEADERS and not name.lower().startswith(("sec-", ":"))
        }
        request = Request(
            subrequest.url,
            method=subrequest.method,
            headers=headers,
            body=subrequest.body or b"",
            dont_filter=True,
            meta={"download_maxsize": _MAX_SUBRESPONSE_BYTES},
        )
        response = await fetch(self._crawler, request)
        if isinstance(response, failures.Failure):
            # robots.txt holds for what scripts ask too; then the page may stay without its text.
            # The first such page says it for all.
            forbidden = response.cause == "robots"
            level = logging.WARNING if forbidden and not self._is_forbidden else logging.DEBUG
            self._is_forbidden = self._is_forbidden or forbidden
            logger.log(
                level, "a script of %s requested %s: %s", page_url, subrequest.url, response.detail
            )
            return None
        if subrequest.kind == "script":
            self._size += len(response.body)
        return SubResponse(response.status, _kept_headers(response), response.body)


def _kept_headers(response: Response) -> dict[str, str]:
    """Return the response headers that a script may depend on; the body is decoded."""
    said = {
        name.decode("latin-1").lower(): values[-1].decode("latin-1")
        for name, values in response.headers.items()
        if values
    }
    return {
        name: value
        for name, value in said.items()
        if name == "content-type" or name.startswith("access-control-")
    }


class RunRendering:
    """Renders pages of one run, for a source that may use a browser."""

    def __init__(
        self,
        crawler: Crawler,
        archive: Archive,
        source: str,
        use: BrowserUse,
        capture_writer: CaptureWriterThread,
        pool: WorkerPool,
        tally: Tally,
    ) -> None:
        self.use = use
        self._archive = archive
        self._source = source
        self._capture_writer = capture_writer
        self._pool = pool
        self._tally = tally
        self._renderer = PageRenderer(crawler)
        self._plain_in_a_row = 0

    async def render_page(
        self,
        task: Task,
        response: Response,
        extraction: Extraction,
        capture: CaptureRecord,
        known: Known,
    ) -> Outcome | None:
        """Return the outcome of a page that was rendered; ``None`` where it needs no rendering."""
        has_no_item = _has_no_item(extraction)
        if self.use == "never" or (
            extraction.kind not in _KINDS_WITHOUT_TEXT if has_no_item else self.use == "needed"
        ):
            return None
        rendered = await self._render(response)
        if isinstance(rendered, BrowserFailure):
            return PageFailed(task, rendered.cause, rendered.reason) if has_no_item else None
        digest = hashlib.sha256(rendered.html).hexdigest()
        if task.known is not None and task.known.digest == digest:
            return PageUnchanged(task, capture)
        try:
            found = await self._pool.run(jobs.article_job, rendered.html, response.url, HTML, known)
        except (BadPage, workers.WorkerFailure) as error:
            logger.info("%s, rendered: %s", response.url, error)
            return None
        await self._update_browser_use(extraction, found)
        if not _is_better(extraction, found):
            return None
        kept = await self._write_capture(response, rendered, digest, capture)
        return outcome_of(task, response, found, kept, rendered_from=capture)

    def may_render(self, endpoint: DueEndpoint) -> bool:
        """Tell whether an endpoint may be rendered: the same bytes may then show other items."""
        return endpoint.kind == "listing" and self.use != "never"

    async def render_listing(
        self, endpoint: DueEndpoint, response: Response, content: EndpointContent
    ) -> EndpointContent:
        """Return what a listing announces once rendered, if it has few articles without."""
        enough = len(content.announcements) >= MIN_LISTING_ARTICLES and self.use != "always"
        if not self.may_render(endpoint) or enough:
            return content
        rendered = await self._render(response)
        if isinstance(rendered, BrowserFailure):
            return content
        found: EndpointContent = await self._pool.run(
            jobs.endpoint_job, endpoint.kind, rendered.html, response.url, HTML
        )
        return found if len(found.announcements) > len(content.announcements) else content

    async def close(self) -> None:
        """Release the browser."""
        await self._renderer.close()

    async def _render(self, response: Response) -> RenderedPage | BrowserFailure:
        try:
            rendered = await self._renderer.render(response)
        except BrowserFailure as error:
            if not self._tally.causes[error.cause]:
                logger.warning("%s: %s", response.url, error.reason)
            self._tally.causes[error.cause] += 1
            return error
        self._tally.rendered += 1
        return rendered

    async def _write_capture(
        self, response: Response, rendered: RenderedPage, digest: str, capture: CaptureRecord
    ) -> CaptureRecord:
        now = datetime.now(UTC)
        place = await self._capture_writer.keep(
            Rendering(response.url, HTML, rendered.html, now, capture.record_id, rendered.software)
        )
        return CaptureRecord(
            url=response.url,
            status=response.status,
            content_type=HTML,
            etag=None,
            last_modified=None,
            fetched_at=now,
            file=place.file,
            offset=place.offset,
            length=place.length,
            digest=digest,
            record_id=place.record_id,
            rights=capture.rights,
        )

    async def _update_browser_use(self, plain: Extraction, rendered: Extraction) -> None:
        """Stop rendering every page of a source once its pages contain their text without it."""
        self._plain_in_a_row = 0 if _is_better(plain, rendered) else self._plain_in_a_row + 1
        if self.use != "always" or self._plain_in_a_row < _PLAIN_PAGES_NEEDED:
            return
        self.use = "needed"
        await asyncio.to_thread(
            self._archive.write,
            lambda s: setattr(get_source(s, self._source), "browser", "needed"),
        )
        logger.warning(
            "%s: %d pages in a row contain their text without a browser; from now on only pages "
            "without text are rendered",
            self._source,
            self._plain_in_a_row,
        )


def text_size(extraction: Extraction) -> int:
    """Return the number of characters of extracted text."""
    found = extraction.content
    return sum(len(block.text) for block in found.blocks) if found is not None else 0


def _has_no_item(extraction: Extraction) -> bool:
    return extraction.article is None and extraction.entry is None


def _is_better(plain: Extraction, rendered: Extraction) -> bool:
    if _has_no_item(rendered):
        return False
    return (
        _has_no_item(plain)
        or text_size(rendered) > _MIN_GROWTH * text_size(plain) + _MIN_GROWTH_CHARS
    )
