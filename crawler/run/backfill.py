"""Backfill a source in a run: sitemaps, archive pages, paginated lists, numbered URLs.

Each backfill page is a row until it was read (storage.crawl.backfills), so that a run that was
stopped or killed resumes where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request

from crawler.discovery import archives as ways
from crawler.discovery.errors import DiscoveryError
from crawler.extraction.page.parse import BadPage
from crawler.http import failures
from crawler.http.fetch import content_type
from crawler.run import fetch_context
from crawler.run.fetch_context import FetchContext
from crawler.workers import jobs
from crawler.workers import pool as workers
from storage import ArchiveError, utc_now
from storage.crawl import backfills
from storage.text.urls import host_of, url_key
from storage.types.endpoints import Announcement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.items import EndpointContent
    from crawler.run.context import RunContext
    from storage.crawl.backfills import (
        BackfillInfo,
        DiscoveredPage,
        OpenBackfill,
        PendingPage,
        StartingPoints,
    )

# Backfill pages in flight at a time.
_WINDOW = 8
_BYTES = 64 * 1024 * 1024


class Backfill:
    """The open backfills and gaps of one run's source."""

    def __init__(self, run: RunContext) -> None:
        self.run = run
        self.in_flight = 0
        self._claimed: set[int] = set()
        # URLs that the lists of each date range named: a page that adds none ends its list.
        self._seen_keys: dict[int, set[str]] = {}

    async def requests(self) -> list[Request]:
        """Return requests for the next pages; close date ranges of which nothing is left."""
        run = self.run
        if run.is_budget_spent():
            return []
        archive, source_id = run.archive, run.source.id

        def work() -> tuple[list[PendingPage], list[BackfillInfo]]:
            now = utc_now()
            for row in backfills.unstarted_backfills(archive, source_id):
                backfills.start_backfill(archive, source_id, row.stretch, *_initial_pages(row), now)
            return backfills.next_pages(
                archive, source_id, self._claimed, _WINDOW - self.in_flight, now
            )

        try:
            pages, closed = await run.recorder.call(work)
        except ArchiveError as error:
            run.stop(str(error))
            return []
        for row in closed:
            run.log.warning("%s", _summary(row))
        self._claimed.update(page.id for page in pages)
        self.in_flight += len(pages)
        return [self._request(page) for page in pages]

    def _request(self, page: PendingPage) -> Request:
        return Request(
            page.url,
            callback=self.parse,
            errback=self.request_failed,
            dont_filter=True,
            priority=5,
            meta={
                "download_maxsize": _BYTES,
                fetch_context.KEY: FetchContext(subject=page),
            },
        )

    async def parse(self, response: Response) -> AsyncIterator[Request]:
        """Read what a backfill page announces."""
        page = fetch_context.past_page_of(response)
        try:
            failure = failures.classify_status(response)
            if failure is not None:
                await self._record_page(page, failure.cause)
            else:
                await self._parse_content(page, response)
            for request in await self._continue():
                yield request
        finally:
            self.run.wake()

    async def _continue(self) -> list[Request]:
        """Return requests in place of a finished page."""
        self.in_flight -= 1
        return await self.requests()

    async def request_failed(self, failure: Failure) -> AsyncIterator[Request]:
        """Record a page that could not be fetched."""
        request = failure.request  # type: ignore[attr-defined]
        cause = failures.classify_exception(failure.value, request.url).cause
        try:
            await self._record_page(fetch_context.past_page_of(request), cause)
            for again in await self._continue():
                yield again
        finally:
            self.run.wake()

    async def _parse_content(self, page: PendingPage, response: Response) -> None:
        stretch = page.stretch
        pool, kind = self.run.worker_pool, content_type(response)
        try:
            if page.kind == "sitemap":
                content: EndpointContent = await pool.run(
                    jobs.endpoint_job, "sitemap", response.body, response.url, kind
                )
                pages = [
                    backfills.DiscoveredPage(child.url, "sitemap")
                    for child in content.children
                    if (child.announced_at is None or child.announced_at >= stretch.since)
                    and ways.may_hold(child.url, stretch.since, stretch.until)
                ]
                await self._record_page(page, None, content.announcements, pages)
                return
            found: ways.ListPage = await pool.run(jobs.list_job, response.body, response.url, kind)
        except (DiscoveryError, BadPage, workers.WorkerFailure) as error:
            await self._record_page(page, getattr(error, "cause", "") or f"not-a-{page.kind}")
            return
        await self._record_page(page, None, found.articles, self._following_pages(page, found))

    def _following_pages(self, page: PendingPage, found: ways.ListPage) -> list[DiscoveredPage]:
        """Return what a list page leads to: the next page, and archive pages by date."""
        stretch = page.stretch
        pages = []
        if page.number == 0 and page.kind == "listing":
            by_date = ways.dated_pages(found.templates, stretch.since, stretch.until)
            pages += [backfills.DiscoveredPage(url, "dated") for url in by_date]
        named = self._seen_keys.setdefault(stretch.id, set())
        keys = {url_key(article.url) for article in found.articles}
        barren = page.barren + 1 if keys <= named else 0
        named |= keys
        # Lists run from the newest to the oldest: once all articles are older, the range is done.
        older = (found.last is not None and found.last < stretch.since) or (
            bool(found.articles) and all(_is_older(article, stretch) for article in found.articles)
        )
        if (
            found.next_url
            and not older
            and barren < backfills.MAX_EMPTY_PAGES
            and page.number < backfills.MAX_PAGES_PER_LIST
        ):
            pages.append(
                backfills.DiscoveredPage(found.next_url, page.kind, page.number + 1, barren)
            )
        return pages

    async def _record_page(
        self,
        page: PendingPage,
        cause: str | None,
        announcements: Sequence[Announcement] = (),
        pages: Sequence[DiscoveredPage] = (),
    ) -> None:
        if cause == workers.INTERRUPTED:
            return
        run, stretch = self.run, page.stretch
        archive, source_id, now = run.archive, run.source.id, utc_now()
        wanted = [
            announcement
            for announcement in announcements
            if ways.is_within(announcement, stretch.since, stretch.until) is not False
        ]

        try:
            fresh = await run.recorder.call(
                lambda: backfills.record_page(archive, source_id, page, wanted, pages, now, cause)
            )
        except ArchiveError as error:
            run.stop(str(error))
            return
        if cause:
            run.tally.causes[f"backfill-{cause}"] += 1
            run.log.info("backfill page %s: %s", page.url, cause)
        run.tally.backfill_pages += 1
        run.tally.announced += len(wanted)
        run.tally.fresh += fresh


def _is_older(announcement: Announcement, stretch: OpenBackfill) -> bool:
    """Tell whether an announcement outside a date range lies before it."""
    return ways.is_within(announcement, stretch.since, ways.END) is False


def _initial_pages(surroundings: StartingPoints) -> tuple[list[DiscoveredPage], list[Announcement]]:
    """Return the first pages of a date range, and the numbered URLs within it."""
    since, until = surroundings.stretch.since, surroundings.stretch.until
    pages = [
        backfills.DiscoveredPage(url, "sitemap")
        for url in surroundings.sitemaps
        if ways.may_hold(url, since, until)
    ]
    pages += [backfills.DiscoveredPage(url, "listing") for url in surroundings.lists]
    template = ways.template_of_articles([*surroundings.before, *surroundings.after])
    if template is not None:
        pages += [backfills.DiscoveredPage(url, "dated") for url in template.pages(since, until)]
    between = (
        ways.numbers_between(surroundings.before, surroundings.after)
        if surroundings.stretch.reason == "gap"
        else []
    )
    own = host_of(surroundings.lists[-1])
    return pages, [Announcement(url) for url in between if host_of(url) == own]


def _summary(backfill: BackfillInfo) -> str:
    what = "gap" if backfill.reason == "gap" else "backfill"
    span = f"from {backfill.since:%Y-%m-%d %H:%M} to {backfill.until:%Y-%m-%d %H:%M}"
    if backfill.state == "failed":
        return f"{what} {span} could not be filled: {backfill.detail}"
    detail = f"; {backfill.detail}" if backfill.detail else ""
    return f"{what} {span}: {backfill.pages} pages read, {backfill.fresh} new URLs{detail}"
