"""Which pages a browser draws, what their scripts may ask for, and what becomes of the drawing."""

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
from crawler.http.fetch import content_type, fetch
from crawler.run import browser
from crawler.run.browser import LIMIT_SECONDS, Answer, BrowserFailure
from crawler.run.outcomes import of_extraction
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
    from crawler.run.browser import Asked, Drawn
    from crawler.run.capture_writer import Keeper
    from crawler.run.tally import Tally
    from crawler.workers.pool import Workers
    from storage import Archive
    from storage.types.endpoints import BrowserUse, DueEndpoint
    from storage.types.pages import Outcome, Task

logger = logging.getLogger(__name__)

HTML = "text/html; charset=utf-8"
# Kinds under which a page goes whose text is still to be drawn. A wall is none of them: it is
# there for those who would pass it.
_BARE = frozenset({"empty", "listing", "error"})
# A page that names fewer articles is no listing, or one that waits for its script.
FEW_ANNOUNCED = 3
# A drawing must bring this much more text than the page itself had.
_MORE, _MORE_CHARS = 1.1, 100
# Pages in a row that had all their text before: the source is taken for mended.
_MENDED = 5
# So many requests of a page's scripts, one after the other, are waited for at the site's pace.
_REQUESTS_WAITED_FOR = 20
_SCRIPT = re.compile(rb"<script\b[^>]{0,500}?\bsrc\s*=\s*[\"']?([^\"'\s>]{1,2000})", re.IGNORECASE)
_MAX_POST = 64 * 1024
_MAX_ASKED_BYTES = 8 * 1024 * 1024
_CACHED_BYTES = 32 * 1024 * 1024
# The browser's own business, or none of a site's.
_NOT_PASSED = frozenset(
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


class Scripts:
    """Fetches what pages' scripts ask for as the crawl fetches pages: same gates, same pace.

    What is of the page's own site is fetched, and the scripts that the page itself names; what
    those bring along (advertising, measuring) is not.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._browser = browser.acquire()
        # Scripts by their address, those on their way too: many pages draw at once with the same.
        self._kept: dict[str, asyncio.Task[Answer | None]] = {}
        self._size = 0
        self._is_forbidden = False

    async def draw(self, response: Response) -> Drawn:
        """Draw the page that ``response`` brought.

        Raises:
            BrowserFailure: it could not be drawn.
        """
        url, body = response.url, response.body
        named = {
            urljoin(url, src.decode("utf-8", "replace").replace("&amp;", "&"))
            for src in _SCRIPT.findall(body)
        }

        async def answer(asked: Asked) -> Answer | None:
            return await self._answer(asked, url, named)

        agent = self._crawler.settings["USER_AGENT"]
        limit = LIMIT_SECONDS + _REQUESTS_WAITED_FOR * self._pause(response)
        return await self._browser.draw(url, content_type(response), body, agent, answer, limit)

    async def close(self) -> None:
        """Give the browser back."""
        await browser.release()

    def _pause(self, response: Response) -> float:
        """Seconds between two requests to the page's host, as its robots.txt or we have it."""
        pause = self._crawler.settings.getfloat("DOWNLOAD_DELAY")
        slot = self._crawler.engine.downloader.slots.get(response.meta.get("download_slot", ""))
        return pause if slot is None else max(pause, slot.delay)

    async def _answer(self, asked: Asked, page: str, named: set[str]) -> Answer | None:
        if not is_web_url(asked.url):
            return None
        own = same_site(asked.url, page) or same_site(page, asked.url)
        if not own and (asked.kind != "script" or asked.url not in named):
            return None
        posted = asked.method == "POST" and own and len(asked.body or b"") <= _MAX_POST
        if asked.method != "GET" and not posted:
            return None
        if asked.kind != "script" or asked.method != "GET":
            return await self._fetched(asked, page)
        coming = self._kept.get(asked.url)
        if coming is None:
            coming = asyncio.ensure_future(self._fetched(asked, page))
            self._kept[asked.url] = coming
        # A page that is given up takes its script from nobody else.
        answer = await asyncio.shield(coming)
        if answer is None or self._size > _CACHED_BYTES:
            self._kept.pop(asked.url, None)
        return answer

    async def _fetched(self, asked: Asked, page: str) -> Answer | None:
        headers = {
            name: value
            for name, value in asked.headers.items()
            if name.lower() not in _NOT_PASSED and not name.lower().startswith(("sec-", ":"))
        }
        request = Request(
            asked.url,
            method=asked.method,
            headers=headers,
            body=asked.body or b"",
            dont_filter=True,
            meta={"download_maxsize": _MAX_ASKED_BYTES},
        )
        response = await fetch(self._crawler, request)
        if isinstance(response, failures.Failure):
            # robots.txt holds for what scripts ask too; then the page may stay without its text.
            # The first such page says it for all.
            forbidden = response.cause == "robots"
            level = logging.WARNING if forbidden and not self._is_forbidden else logging.DEBUG
            self._is_forbidden = self._is_forbidden or forbidden
            logger.log(level, "%s asks for %s: %s", page, asked.url, response.detail)
            return None
        if asked.kind == "script":
            self._size += len(response.body)
        return Answer(response.status, _passed_back(response), response.body)


def _passed_back(response: Response) -> dict[str, str]:
    """The headers of an answer that a script may depend on; its coding is undone."""
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


class Drawing:
    """The drawing of one run's pages, for a source that may use a browser."""

    def __init__(
        self,
        crawler: Crawler,
        archive: Archive,
        source: str,
        use: BrowserUse,
        keeper: Keeper,
        pool: Workers,
        tally: Tally,
    ) -> None:
        self.use = use
        self._archive = archive
        self._source = source
        self._keeper = keeper
        self._pool = pool
        self._tally = tally
        self._scripts = Scripts(crawler)
        self._plain = 0

    async def page(
        self,
        task: Task,
        response: Response,
        extraction: Extraction,
        capture: CaptureRecord,
        known: Known,
    ) -> Outcome | None:
        """What becomes of a page that was drawn; ``None`` where it is good as it was sent."""
        bare = _is_bare(extraction)
        if self.use == "never" or (extraction.kind not in _BARE if bare else self.use == "needed"):
            return None
        drawn = await self._drawn(response)
        if isinstance(drawn, BrowserFailure):
            return PageFailed(task, drawn.cause, drawn.reason) if bare else None
        digest = hashlib.sha256(drawn.html).hexdigest()
        if task.known is not None and task.known.digest == digest:
            return PageUnchanged(task, capture)
        try:
            found = await self._pool.run(jobs.article_job, drawn.html, response.url, HTML, known)
        except (BadPage, workers.WorkerFailure) as error:
            logger.info("%s, drawn: %s", response.url, error)
            return None
        await self._note(extraction, found)
        if not _is_better(extraction, found):
            return None
        kept = await self._kept(response, drawn, digest, capture)
        return of_extraction(task, response, found, kept, rendered_from=capture)

    def may_draw(self, endpoint: DueEndpoint) -> bool:
        """Whether an endpoint may be drawn: then its same bytes may announce something else."""
        return endpoint.kind == "listing" and self.use != "never"

    async def listing(
        self, endpoint: DueEndpoint, response: Response, content: EndpointContent
    ) -> EndpointContent:
        """What a listing page announces once it is drawn, where it said next to nothing before."""
        enough = len(content.announcements) >= FEW_ANNOUNCED and self.use != "always"
        if not self.may_draw(endpoint) or enough:
            return content
        drawn = await self._drawn(response)
        if isinstance(drawn, BrowserFailure):
            return content
        found: EndpointContent = await self._pool.run(
            jobs.endpoint_job, endpoint.kind, drawn.html, response.url, HTML
        )
        return found if len(found.announcements) > len(content.announcements) else content

    async def close(self) -> None:
        """Give the browser back."""
        await self._scripts.close()

    async def _drawn(self, response: Response) -> Drawn | BrowserFailure:
        try:
            drawn = await self._scripts.draw(response)
        except BrowserFailure as error:
            if not self._tally.causes[error.cause]:
                logger.warning("%s: %s", response.url, error.reason)
            self._tally.causes[error.cause] += 1
            return error
        self._tally.drawn += 1
        return drawn

    async def _kept(
        self, response: Response, drawn: Drawn, digest: str, capture: CaptureRecord
    ) -> CaptureRecord:
        now = datetime.now(UTC)
        place = await self._keeper.keep(
            Rendering(response.url, HTML, drawn.html, now, capture.record_id, drawn.software)
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

    async def _note(self, plain: Extraction, drawn: Extraction) -> None:
        """Whether the page itself had it all; a source whose pages do needs no browser for them."""
        self._plain = 0 if _is_better(plain, drawn) else self._plain + 1
        if self.use != "always" or self._plain < _MENDED:
            return
        self.use = "needed"
        await asyncio.to_thread(
            self._archive.write,
            lambda s: setattr(get_source(s, self._source), "browser", "needed"),
        )
        logger.warning(
            "%s: %d pages in a row hold their text without a browser; from now on one draws only "
            "those that hold none",
            self._source,
            self._plain,
        )


def text_size(extraction: Extraction) -> int:
    """Characters of text that were found in a page."""
    found = extraction.content
    return sum(len(block.text) for block in found.blocks) if found is not None else 0


def _is_bare(extraction: Extraction) -> bool:
    return extraction.article is None and extraction.entry is None


def _is_better(plain: Extraction, drawn: Extraction) -> bool:
    if _is_bare(drawn):
        return False
    return _is_bare(plain) or text_size(drawn) > _MORE * text_size(plain) + _MORE_CHARS
