"""One spider for every source: due endpoints, candidates, pages, linked items. Thin."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider, signals

from crawler.extraction.article import Known
from crawler.extraction.page.parse import BadPage
from crawler.http import failures
from crawler.http.fetch import content_type
from crawler.run.backfill import Past
from crawler.run.capture_writer import Keeper, mended
from crawler.run.context import RunContext, RunSource
from crawler.run.continuation import Continuing
from crawler.run.endpoints import Visits
from crawler.run.finish import Began, after_pages
from crawler.run.login import BadAccess, Door
from crawler.run.outcomes import of_extraction
from crawler.run.recorder import Recorder
from crawler.run.rendering import Drawing
from crawler.run.tally import Tally
from crawler.sites.registry import site_for
from crawler.spiders.arguments import Arguments, BadArgument, read_arguments
from crawler.workers import jobs
from crawler.workers import pool as workers
from storage import Archive, ArchiveError, open_archive, utc_now
from storage.jobs.name_mentions import last_name
from storage.jobs.rekey import set_rules
from storage.maintenance.housekeeping import tidied
from storage.text.urls import host_of
from storage.types.pages import PageFailed, PageSkipped, PageStored, PageUnchanged, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from storage.types.pages import Outcome

_NOT_MODIFIED = 304
# Requests that wait in Scrapy at a time; the rest waits in the database.
_WINDOW = 128
# The database is asked for more once there is room for so many.
_ROOM = 32


class NewsSpider(Spider):
    """Crawls one followed source: ``scrapy crawl news -a source=NAME [-a limit= since= urls=]``.

    ``limit`` is how many pages this run fetches at most (0: all), ``since`` an ISO day or a
    number of days as ``7d``, ``depth`` how many links from an endpoint a page may lie, ``due``
    whether only endpoints that are due are visited, ``urls`` pages to fetch beside what those
    announce (with blanks between them).
    """

    name = "news"
    # Set once the archive is open.
    recorder: Recorder
    source: RunSource
    arguments: Arguments
    archive: Archive
    _keeper: Keeper
    workers: workers.Workers
    drawing: Drawing
    _continuing: Continuing
    _visits: Visits
    _past: Past

    def __init__(self, source: str = "", **arguments: Any) -> None:
        super().__init__()
        self.source_name = source
        self._raw_arguments = arguments
        self.tally = Tally()
        self.failure: str | None = None
        self.observer: Any = arguments.pop("observer", None)
        self.left = 0
        self._is_open = False
        # Candidates on their way of which the archive has not been told yet, and the articles that
        # were looked at again: what is found there may say nothing of them.
        self._taken: set[tuple[str, int]] = set()
        self._rechecked = 0
        self._outstanding = 0
        self._fetched = 0
        # Requests that the source still allows today; None: any number.
        self._budget: int | None = None
        self._wake = asyncio.Event()
        self._door = Door()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> NewsSpider:
        """Scrapy's way to make it."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider._door.set_up(crawler, spider.source_name)
        crawler.signals.connect(spider._sent, signal=signals.request_reached_downloader)
        crawler.signals.connect(spider._closed, signal=signals.spider_closed)
        crawler.signals.connect(spider._broke, signal=signals.spider_error)
        crawler.signals.connect(spider._item_lost, signal=signals.item_error)
        crawler.signals.connect(spider._item_lost, signal=signals.item_dropped)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Visit the due endpoints, then fetch what the frontier holds until it is empty."""
        try:
            self._door.check()
            self._open()
        except (ArchiveError, BadAccess, BadArgument) as error:
            self.failure = str(error)
            self.logger.error("%s", error, extra={"told": True})
            return
        try:
            async for request in self._requests():
                yield request
        except ArchiveError as error:
            self.stop(str(error))

    async def _requests(self) -> AsyncIterator[Request]:
        """Endpoints, then pages, until nothing is left."""
        if self.arguments.urls:
            self.archive.ask(self.source.id, self.arguments.urls, self.started_at)
        await self._keeper.ask_rights(self.crawler, self.source.home_url, self.started_at)
        await self._door.enter(self.archive, self.source.id, self.started_at, self.tally)
        for request in self._visits.due():
            yield request
        while self.failure is None:
            # Asked before the frontier is: what settles meanwhile may bring new candidates.
            settled = self._outstanding == 0 and self._visits.open == 0 and self._past.open == 0
            batch = await self._next_pages()
            if settled and not batch:
                batch = await self._past.requests()
            if settled and not batch:
                await self._finish()
                return
            for request in batch:
                yield request
            await self._until_hungry()

    async def _finish(self) -> None:
        """What follows the pages: names joined to the directory, pictures and attachments."""
        began = Began(self.source.id, self.started_at, self._last_name, self.arguments.due)
        try:
            await after_pages(
                self.crawler,
                self.recorder,
                self.workers,
                began,
                self.arguments.media,
                self._file_settled,
            )
        except ArchiveError as error:
            self.stop(str(error))

    def _file_settled(self) -> None:
        self.tally.files += 1
        if self.observer is not None:
            self.observer(self)

    @property
    def pages(self) -> tuple[int, int]:
        """Pages of this run that came to an end, and these with those on their way."""
        return self._fetched - self._outstanding, self._fetched

    # -- opening and closing ---------------------------------------------------------------

    def _open(self) -> None:
        from storage.crawl.runs import begin_run, requests_since
        from storage.crawl.sources import get_source

        if not self.source_name:
            raise BadArgument("no source named: use -a source=NAME (`dateline sources` lists them)")
        self.arguments = read_arguments(self._raw_arguments, self.settings, utc_now())
        archive = open_archive(
            self.settings.get("DATELINE_ARCHIVE"), self.settings.get("DATELINE_DATABASE")
        )
        self.archive = archive
        with archive.reading() as session:
            row = get_source(session, self.source_name)
            self.source = RunSource(row.id, row.name, row.home_url, row.language, row.timezone)
            use: Any = row.browser
            if row.daily_requests is not None:
                spent = requests_since(session, row.id, utc_now() - timedelta(days=1))
                self._budget = max(0, row.daily_requests - spent)
            self._last_name = last_name(session)
        own = site_for(row.home_url).address_rules(host_of(row.home_url))
        archive.write(lambda s: set_rules(s, row.id, own))
        for line in mended(archive):
            self.logger.warning("%s", line)
        self.started_at = utc_now()
        run = archive.write(lambda s: begin_run(s, self.source.id, self.started_at))
        self._keeper = Keeper(archive, self.source.id, self.source.name, self.started_at)
        self._keeper.policy = row.rights
        self.recorder = Recorder(
            archive,
            self._keeper,
            self.source.id,
            run.id,
            lambda error: self.stop(str(error)),
            self._done,
            self._written,
        )
        self.tally = self.recorder.tally
        self.workers = workers.acquire()
        self.workers.memory_mb = archive.location.worker_memory
        self.drawing = Drawing(
            self.crawler, archive, self.source.name, use, self._keeper, self.workers, self.tally
        )
        self._continuing = Continuing(self.crawler, self._keeper, self.workers)
        context = RunContext(
            source=self.source,
            started_at=self.started_at,
            due=self.arguments.due,
            recorder=self.recorder,
            workers=self.workers,
            drawing=self.drawing,
            log=self.logger,
            stop=self.stop,
            wake=self.wake,
            is_spent=lambda: self.is_spent,
        )
        self._visits = Visits(context)
        self._past = Past(context)
        self._is_open = True

    def wake(self) -> None:
        """Have the spider look for what to do next."""
        self._wake.set()

    def stop(self, reason: str) -> None:
        """End the run, for it cannot go on."""
        self.failure = reason
        self._wake.set()
        engine = self.crawler.engine
        if engine is not None:
            task = asyncio.ensure_future(engine.close_spider_async(reason="storage"))
            self._stopping = task

    async def _closed(self, spider: Spider, reason: str) -> None:
        if not self._is_open:
            return
        from storage.crawl.frontier import pending_count
        from storage.monitoring.alarms import finish

        await self.recorder.flush()
        archive, recorder = self.archive, self.recorder
        try:
            self._keeper.close()
            state = (
                "finished"
                if reason == "finished" and self.failure is None
                else ("failed" if self.failure else "interrupted")
            )
            with archive.reading() as session:
                self.left = pending_count(
                    session, self.source.id, self.arguments.depth, self.arguments.since
                )
            raised = finish(
                archive,
                self.source.id,
                recorder.run_id,
                utc_now(),
                state=state,
                reason=self.failure or reason,
                counts=self.tally.as_counts(),
                causes=dict(self.tally.causes),
            )
            for line in raised:
                self.logger.warning("alarm: %s", line)
            # Who interrupts a run waits for it to end.
            took = (utc_now() - self.started_at).total_seconds() if state == "finished" else 0
            # In the archive's thread: other crawls of this process go on meanwhile.
            await recorder.call(lambda: tidied(archive, took))
        except ArchiveError as error:
            # The next run says that this one was interrupted, and mends its last file.
            if self.failure is None:
                self.failure = str(error)
            self.logger.info("the run could not be closed: %s", error)
        await recorder.close()
        await self.drawing.close()
        archive.close()
        workers.release()

    def _sent(self) -> None:
        self.tally.requests += 1

    def _broke(self, failure: Failure, response: Response | None) -> None:
        """An error of our own, here or in ``start``: Scrapy logged it, the run counts it."""
        self._lost()
        if response is not None and "task" in response.meta:
            self._done()

    def _item_lost(self) -> None:
        """An error of our own in a pipeline, likewise."""
        self._lost()
        self._done()

    def _lost(self) -> None:
        self.tally.verdicts["failed"] += 1
        self.tally.causes["internal-error"] += 1

    # -- pages -----------------------------------------------------------------------------

    async def _next_pages(self) -> list[Request]:
        """Requests for the next pages of the frontier, as many as the window has room for."""
        from storage.crawl.frontier import take

        arguments = self.arguments
        room = _WINDOW - self._outstanding
        if arguments.limit:
            room = min(room, arguments.limit - self._fetched)
        # The database is not asked for every page that came in.
        if self.is_spent or self._outstanding > _WINDOW - _ROOM:
            return []
        if self._budget is not None:
            room = min(room, self._budget - self.tally.requests)
        if room <= 0:
            return []
        # What is known is looked at again only once all that is new has been announced.
        rechecks = arguments.rechecks - self._rechecked if self._visits.open == 0 else 0
        archive, source_id, taken = self.recorder.archive, self.source.id, frozenset(self._taken)

        def work() -> list[Task]:
            with archive.reading() as session:
                return take(
                    session,
                    source_id,
                    self.started_at,
                    count=room,
                    taken=taken,
                    since=arguments.since,
                    depth=arguments.depth,
                    rechecks=rechecks,
                    patient=arguments.due,
                )

        if self._outstanding == 0:
            await self.recorder.flush()
        tasks = await self.recorder.read(work)
        self._taken.update(task.key for task in tasks)
        self._rechecked += sum(1 for task in tasks if task.item_id is not None)
        self._outstanding += len(tasks)
        self._fetched += len(tasks)
        return [self._page_request(task) for task in tasks]

    @property
    def is_spent(self) -> bool:
        """Whether the source's requests of today are used up; the run says so once."""
        if self._budget is None or self.tally.requests < self._budget:
            return False
        if not self.tally.causes["budget"]:
            self.tally.causes["budget"] = 1
            self.logger.warning("the daily budget of requests is used up; the rest waits")
        return True

    async def _until_hungry(self) -> None:
        """Wait until something came in that may have made room or brought candidates."""
        await self._wake.wait()
        # A little patience gathers a batch of requests instead of one at a time.
        await asyncio.sleep(0.02)
        self._wake.clear()

    def _page_request(self, task: Task) -> Request:
        return Request(
            task.url,
            callback=self.parse_page,
            errback=self.page_failed,
            dont_filter=True,
            priority=-task.depth,
            meta={
                "task": task,
                "keep": self._keeper,
                # Where a browser draws all pages the same bytes may come to show something else.
                "known": None if self.drawing.use == "always" else task.known,
                # What a visitor was sent says nothing of what a subscriber is.
                "validators": None
                if self._door.is_open and task.item_id is not None
                else (task.url, task.etag, task.last_modified),
            },
        )

    async def parse_page(self, response: Response) -> AsyncIterator[Outcome]:
        """Make an item of a page and follow what it is linked with."""
        task: Task = response.meta["task"]
        # The page counts as done once the recorder has its outcome: only then are the items that
        # it leads to certain to be in the frontier when the spider asks for more.
        outcome = await self._outcome(task, response)
        if isinstance(outcome, PageFailed) and outcome.cause == workers.INTERRUPTED:
            self._done()
            return
        yield outcome

    async def page_failed(self, failure: Failure) -> AsyncIterator[Outcome]:
        """Note a page that could not be had."""
        request = failure.request  # type: ignore[attr-defined]
        task: Task = request.meta["task"]
        known = failures.of_exception(failure.value, request.url)
        if known.cause == "storage":
            self.stop(known.detail)
        # What was interrupted counts as no try: it waits for the next run as it was.
        if known.cause in ("storage", workers.INTERRUPTED):
            self._done()
            return
        yield PageFailed(task, known.cause, known.detail, known.final)

    def _written(self, outcomes: Sequence[Outcome]) -> None:
        keys = (outcome.task.key for outcome in outcomes)
        self._taken.difference_update(key for key in keys if key[0] == "candidate")

    def _done(self) -> None:
        self._outstanding -= 1
        self._wake.set()
        if self.observer is not None:
            self.observer(self)

    async def _outcome(self, task: Task, response: Response) -> Outcome:
        failure = failures.of_status(response)
        if failure is not None:
            return PageFailed(task, failure.cause, failure.detail, failure.final)
        if response.meta.get("reserved"):
            detail = "its publisher asks archives not to keep it (noarchive)"
            return PageSkipped(task, response.meta["reserved"], detail)
        capture = response.meta.get("capture")
        if response.status == _NOT_MODIFIED or capture is None or capture.kind == "revisit":
            return PageUnchanged(task, capture)
        kind = content_type(response).split(";")[0].strip().lower()
        if kind and not _may_be_page(kind):
            return PageSkipped(task, "not-html", f"it is {kind}", capture)
        known = Known(self.source.timezone, self.source.language, task.kind, utc_now(), task.hints)
        try:
            extraction = await self.workers.run(
                jobs.article_job,
                response.body,
                response.url,
                content_type(response),
                known,
            )
        except BadPage as error:
            return PageSkipped(task, error.cause, error.reason, capture)
        except workers.WorkerFailure as error:
            return PageFailed(task, error.cause, error.reason, final=True)
        again = await self._door.seen_again(extraction, lambda: self._page_request(task))
        if again is not None:
            return await self._outcome(task, again)
        drawn = await self.drawing.page(task, response, extraction, capture, known)
        outcome = drawn or of_extraction(task, response, extraction, capture)
        if drawn is None and isinstance(outcome, PageStored):
            return await self._continuing.whole(outcome, response, extraction, known)
        return outcome


def _may_be_page(kind: str) -> bool:
    """Whether a media type may be an HTML page; servers call pages many things."""
    return "html" in kind or kind in (
        "text/plain",
        "application/octet-stream",
        "text/xml",
        "application/xml",
    )
