"""Reading a source's past in a run: sitemaps, archive pages, pages of lists, numbers between.

Each page that leads into the past is a row until it was read (storage.crawl.backfills), so that a
run that is stopped or killed goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request

from crawler.discovery import archives as ways
from crawler.discovery.errors import DiscoveryError
from crawler.extraction.page.parse import BadPage
from crawler.http import failures
from crawler.http.fetch import content_type
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
    from storage.crawl.backfills import BackfillInfo, FoundPage, PastPage, Stretch, Surroundings

# Pages of the past that wait for their answers at a time.
_WINDOW = 8
_BYTES = 64 * 1024 * 1024


class Past:
    """The open backfills and gaps of one run's source."""

    def __init__(self, run: RunContext) -> None:
        self.run = run
        self.open = 0
        self._taken: set[int] = set()
        # What the lists of each stretch named: a page that names nothing else ends its list.
        self._named: dict[int, set[str]] = {}

    async def requests(self) -> list[Request]:
        """Requests for the next pages; stretches of which nothing is left are closed."""
        run = self.run
        if run.is_spent():
            return []
        archive, source_id = run.archive, run.source.id

        def work() -> tuple[list[PastPage], list[BackfillInfo]]:
            now = utc_now()
            for one in backfills.unbegun(archive, source_id):
                backfills.begin(archive, source_id, one.stretch, *_first(one), now)
            return backfills.take(archive, source_id, self._taken, _WINDOW - self.open, now)

        try:
            pages, closed = await run.recorder.call(work)
        except ArchiveError as error:
            run.stop(str(error))
            return []
        for one in closed:
            run.log.warning("%s", _word(one))
        self._taken.update(page.id for page in pages)
        self.open += len(pages)
        return [self._request(page) for page in pages]

    def _request(self, page: PastPage) -> Request:
        return Request(
            page.url,
            callback=self.parse,
            errback=self.failed,
            dont_filter=True,
            priority=5,
            meta={"past": page, "download_maxsize": _BYTES, "digest_wanted": True},
        )

    async def parse(self, response: Response) -> AsyncIterator[Request]:
        """Take in what a page of the past names."""
        page: PastPage = response.meta["past"]
        try:
            failure = failures.of_status(response)
            if failure is not None:
                await self._settle(page, failure.cause)
            else:
                await self._read(page, response)
            for request in await self._next():
                yield request
        finally:
            self.run.wake()

    async def _next(self) -> list[Request]:
        """What is asked for in the place of a page that came to an end."""
        self.open -= 1
        return await self.requests()

    async def failed(self, failure: Failure) -> AsyncIterator[Request]:
        """Note a page that could not be had."""
        request = failure.request  # type: ignore[attr-defined]
        cause = failures.of_exception(failure.value, request.url).cause
        try:
            await self._settle(request.meta["past"], cause)
            for again in await self._next():
                yield again
        finally:
            self.run.wake()

    async def _read(self, page: PastPage, response: Response) -> None:
        stretch = page.stretch
        pool, kind = self.run.workers, content_type(response)
        try:
            if page.kind == "sitemap":
                content: EndpointContent = await pool.run(
                    jobs.endpoint_job, "sitemap", response.body, response.url, kind
                )
                pages = [
                    backfills.FoundPage(child.url, "sitemap")
                    for child in content.children
                    if (child.announced_at is None or child.announced_at >= stretch.since)
                    and ways.may_hold(child.url, stretch.since, stretch.until)
                ]
                await self._settle(page, None, content.announcements, pages)
                return
            found: ways.ListPage = await pool.run(jobs.list_job, response.body, response.url, kind)
        except (DiscoveryError, BadPage, workers.WorkerFailure) as error:
            await self._settle(page, getattr(error, "cause", "") or f"not-a-{page.kind}")
            return
        await self._settle(page, None, found.articles, self._after(page, found))

    def _after(self, page: PastPage, found: ways.ListPage) -> list[FoundPage]:
        """What a page of a list leads to: the one after it, and archive pages by date."""
        stretch = page.stretch
        pages = []
        if page.number == 0 and page.kind == "listing":
            by_date = ways.dated_pages(found.templates, stretch.since, stretch.until)
            pages += [backfills.FoundPage(url, "dated") for url in by_date]
        named = self._named.setdefault(stretch.id, set())
        keys = {url_key(one.url) for one in found.articles}
        barren = page.barren + 1 if keys <= named else 0
        named |= keys
        # The list goes from the newest to the oldest: it is past the stretch where all is older.
        older = (found.last is not None and found.last < stretch.since) or (
            bool(found.articles) and all(_is_before(one, stretch) for one in found.articles)
        )
        if (
            found.following
            and not older
            and barren < backfills.MOST_BARREN
            and page.number < backfills.MOST_OF_A_LIST
        ):
            pages.append(backfills.FoundPage(found.following, page.kind, page.number + 1, barren))
        return pages

    async def _settle(
        self,
        page: PastPage,
        cause: str | None,
        said: Sequence[Announcement] = (),
        pages: Sequence[FoundPage] = (),
    ) -> None:
        if cause == workers.INTERRUPTED:
            return
        run, stretch = self.run, page.stretch
        archive, source_id, now = run.archive, run.source.id, utc_now()
        wanted = [
            one for one in said if ways.within(one, stretch.since, stretch.until) is not False
        ]

        try:
            fresh = await run.recorder.call(
                lambda: backfills.settle(archive, source_id, page, wanted, pages, now, cause)
            )
        except ArchiveError as error:
            run.stop(str(error))
            return
        if cause:
            run.tally.causes[f"past-{cause}"] += 1
            run.log.info("page of the past %s: %s", page.url, cause)
        run.tally.past_pages += 1
        run.tally.announced += len(wanted)
        run.tally.fresh += fresh


def _is_before(one: Announcement, stretch: Stretch) -> bool:
    """Whether an announcement that is not of a stretch lies before it."""
    return ways.within(one, stretch.since, ways.END) is False


def _first(one: Surroundings) -> tuple[list[FoundPage], list[Announcement]]:
    """The first pages of a stretch, and the addresses between those before and after it."""
    since, until = one.stretch.since, one.stretch.until
    pages = [
        backfills.FoundPage(url, "sitemap")
        for url in one.sitemaps
        if ways.may_hold(url, since, until)
    ]
    pages += [backfills.FoundPage(url, "listing") for url in one.lists]
    template = ways.template_of_articles([*one.before, *one.after])
    if template is not None:
        pages += [backfills.FoundPage(url, "dated") for url in template.pages(since, until)]
    between = ways.numbers_between(one.before, one.after) if one.stretch.reason == "gap" else []
    own = host_of(one.lists[-1])
    return pages, [Announcement(url) for url in between if host_of(url) == own]


def _word(one: BackfillInfo) -> str:
    what = "the gap" if one.reason == "gap" else "the past"
    span = f"from {one.since:%Y-%m-%d %H:%M} to {one.until:%Y-%m-%d %H:%M}"
    if one.state == "failed":
        return f"{what} {span} could not be filled: {one.detail}"
    detail = f"; {one.detail}" if one.detail else ""
    return f"{what} {span}: {one.pages} pages read, {one.fresh} new addresses{detail}"
