"""Crawl one source: due endpoints, candidates, pages, linked items."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider, signals

from crawler.http import failures
from crawler.run import fetch_context
from crawler.run.backfill import Backfill
from crawler.run.capture_writer import CaptureWriterThread, recover_captures
from crawler.run.context import RunContext, RunSource, run_of
from crawler.run.endpoints import EndpointVisits
from crawler.run.fetch_context import FetchContext, Validators
from crawler.run.finish import RunStart, postprocess
from crawler.run.login import LoginError, SourceLogin
from crawler.run.pages.continuation import ContinuationFetcher
from crawler.run.pages.reader import PageReader
from crawler.run.pages.rendering import RunRendering
from crawler.run.recorder import Recorder
from crawler.run.tally import Tally
from crawler.sites.registry import site_for
from crawler.spiders.arguments import Arguments, BadArgument, read_arguments
from crawler.workers import pool as workers
from storage import Archive, ArchiveError, open_archive, utc_now
from storage.jobs.name_mentions import last_name_id
from storage.jobs.rekey import save_url_rules
from storage.maintenance.housekeeping import run_housekeeping
from storage.text.urls import host_of
from storage.types.pages import PageFailed, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from storage.types.pages import Outcome, Recorded

_NOT_MODIFIED = 304
# Requests in Scrapy at a time; the others wait in the database.
_WINDOW = 128
# The frontier is read again once there is room for this many requests.
_MIN_CAPACITY = 32


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
    _capture_writer: CaptureWriterThread
    worker_pool: workers.WorkerPool
    rendering: RunRendering
    _page_reader: PageReader
    _endpoint_visits: EndpointVisits
    _backfill: Backfill

    def __init__(self, source: str = "", **arguments: Any) -> None:
        super().__init__()
        self.source_name = source
        self._raw_arguments = arguments
        self.tally = Tally()
        self.failure: str | None = None
        self.observer: Any = arguments.pop("observer", None)
        self.waiting = 0
        self._is_open = False
        # Candidates on their way of which the archive has not been told yet, and the articles that
        # were rechecked: what is found there may say nothing of them.
        self._in_flight: set[tuple[str, int]] = set()
        self._rechecked = 0
        self._pending_pages = 0
        self._requested_pages = 0
        # Requests that the source still allows today; None: any number.
        self._request_budget: int | None = None
        self._wake_event = asyncio.Event()
        # Whether the frontier may hold more than what was taken from it.
        self._may_have_more = True
        self._login = SourceLogin()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> NewsSpider:
        """Create the spider for Scrapy."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider._login.configure(crawler, spider.source_name)
        crawler.signals.connect(spider._on_request_sent, signal=signals.request_reached_downloader)
        crawler.signals.connect(spider._on_closed, signal=signals.spider_closed)
        crawler.signals.connect(spider._on_spider_error, signal=signals.spider_error)
        crawler.signals.connect(spider._on_item_lost, signal=signals.item_error)
        crawler.signals.connect(spider._on_item_lost, signal=signals.item_dropped)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Visit the due endpoints, then fetch what the frontier holds until it is empty."""
        try:
            self._login.check()
            self._open()
        except (ArchiveError, LoginError, BadArgument) as error:
            self.failure = str(error)
            self.logger.error("%s", error, extra={"already_reported": True})
            return
        try:
            async for request in self._requests():
                yield request
        except ArchiveError as error:
            self.stop(str(error))

    async def _requests(self) -> AsyncIterator[Request]:
        """Yield requests for endpoints, then pages, until nothing is left."""
        if self.arguments.urls:
            self.archive.request_urls(self.source.id, self.arguments.urls, self.started_at)
        await self._capture_writer.load_site_rights(
            self.crawler, self.source.home_url, self.started_at
        )
        await self._login.log_in(self.archive, self.source.id, self.started_at, self.tally)
        for request in self._endpoint_visits.due_requests():
            yield request
        while self.failure is None:
            # Asked before the frontier is: what settles meanwhile may bring new candidates.
            is_idle = (
                self._pending_pages == 0
                and self._endpoint_visits.in_flight == 0
                and self._backfill.in_flight == 0
            )
            batch = await self._next_pages()
            if is_idle and not batch:
                batch = await self._backfill.requests()
            if is_idle and not batch:
                await self._postprocess()
                return
            for request in batch:
                yield request
            await self._wait_for_capacity()

    async def _postprocess(self) -> None:
        """Link names to the directory, and fetch pictures and attachments."""
        start = RunStart(self.source.id, self.started_at, self._last_name, self.arguments.due)
        try:
            await postprocess(
                self.crawler,
                self.recorder,
                self.worker_pool,
                start,
                self.arguments.media,
                self._on_file_done,
            )
        except ArchiveError as error:
            self.stop(str(error))

    def _on_file_done(self) -> None:
        self.tally.files += 1
        if self.observer is not None:
            self.observer(self)

    @property
    def pages(self) -> tuple[int, int]:
        """Return (finished pages, requested pages) of this run."""
        return self._requested_pages - self._pending_pages, self._requested_pages

    # -- opening and closing ---------------------------------------------------------------

    def _open(self) -> None:
        from storage.crawl.runs import begin_run, requests_since
        from storage.crawl.sources import get_source

        if not self.source_name:
            raise BadArgument(
                "No source given. Add -a source=NAME; `dateline sources` lists the names."
            )
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
                self._request_budget = max(0, row.daily_requests - spent)
            self._last_name = last_name_id(session)
        site_rules = site_for(row.home_url).url_rules(host_of(row.home_url))
        archive.write(lambda s: save_url_rules(s, row.id, site_rules))
        for line in recover_captures(archive):
            self.logger.warning("%s", line)
        self.started_at = utc_now()
        run = archive.write(lambda s: begin_run(s, self.source.id, self.started_at))
        self._capture_writer = CaptureWriterThread(
            archive, self.source.id, self.source.name, self.started_at
        )
        self._capture_writer.policy = row.rights
        self.recorder = Recorder(
            archive,
            self._capture_writer,
            self.source.id,
            run.id,
            lambda error: self.stop(str(error)),
            self._page_done,
            self._on_written,
        )
        self.tally = self.recorder.tally
        self.worker_pool = workers.acquire()
        self.worker_pool.memory_mb = archive.location.worker_memory
        self.rendering = RunRendering(
            self.crawler,
            archive,
            self.source.name,
            use,
            self._capture_writer,
            self.worker_pool,
            self.tally,
        )
        context = RunContext(
            source=self.source,
            started_at=self.started_at,
            due=self.arguments.due,
            recorder=self.recorder,
            worker_pool=self.worker_pool,
            rendering=self.rendering,
            log=self.logger,
            stop=self.stop,
            wake=self.wake,
            is_budget_spent=lambda: self.is_budget_spent,
        )
        run_of(self.crawler).context = context
        continuation = ContinuationFetcher(self.crawler, self._capture_writer, self.worker_pool)
        self._page_reader = PageReader(context, self._login, continuation, self._page_request)
        self._endpoint_visits = EndpointVisits(context)
        self._backfill = Backfill(context)
        self._is_open = True

    def wake(self) -> None:
        """Make the spider look for its next requests."""
        self._may_have_more = True
        self._wake_event.set()

    def stop(self, reason: str) -> None:
        """End the run because of a failure."""
        self.failure = reason
        self._wake_event.set()
        engine = self.crawler.engine
        if engine is not None:
            task = asyncio.ensure_future(engine.close_spider_async(reason="storage"))
            self._stop_task = task

    async def _on_closed(self, spider: Spider, reason: str) -> None:
        if not self._is_open:
            return
        from storage.crawl.frontier import pending_count
        from storage.monitoring.alarms import finish_run

        await self.recorder.flush()
        archive, recorder = self.archive, self.recorder
        try:
            self._capture_writer.close()
            state = (
                "finished"
                if reason == "finished" and self.failure is None
                else ("failed" if self.failure else "interrupted")
            )
            with archive.reading() as session:
                self.waiting = pending_count(
                    session, self.source.id, self.arguments.depth, self.arguments.since
                )
            raised = finish_run(
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
            # Skip housekeeping when interrupted: the user is waiting.
            took = (utc_now() - self.started_at).total_seconds() if state == "finished" else 0
            # In the archive's thread, so that other crawls of this process continue.
            await recorder.call(lambda: run_housekeeping(archive, took))
        except ArchiveError as error:
            # The next run records this one as interrupted, and repairs its last capture file.
            if self.failure is None:
                self.failure = str(error)
            self.logger.info("the run could not be recorded as finished: %s", error)
        await recorder.close()
        await self.rendering.close()
        archive.close()
        workers.release()
        run_of(self.crawler).context = None

    def _on_request_sent(self) -> None:
        self.tally.requests += 1

    def _on_spider_error(self, failure: Failure, response: Response | None) -> None:
        """Count an internal error of a callback or of ``start``; Scrapy logged it."""
        self._count_internal_error()
        if response is not None and isinstance(fetch_context.of(response).subject, Task):
            self._page_done()

    def _on_item_lost(self) -> None:
        """Count an internal error of a pipeline."""
        self._count_internal_error()
        self._page_done()

    def _count_internal_error(self) -> None:
        self.tally.verdicts["failed"] += 1
        self.tally.causes["internal-error"] += 1

    # -- pages -----------------------------------------------------------------------------

    async def _next_pages(self) -> list[Request]:
        """Return requests for the next pages of the frontier, within the window."""
        from storage.crawl.frontier import next_tasks

        arguments = self.arguments
        capacity = _WINDOW - self._pending_pages
        if arguments.limit:
            capacity = min(capacity, arguments.limit - self._requested_pages)
        # The database is not asked for every page that came in.
        if self.is_budget_spent or self._pending_pages > _WINDOW - _MIN_CAPACITY:
            return []
        if self._request_budget is not None:
            capacity = min(capacity, self._request_budget - self.tally.requests)
        if capacity <= 0 or not (self._may_have_more or self._pending_pages == 0):
            return []
        self._may_have_more = False
        # What is known is rechecked only once all that is new has been announced.
        rechecks = (
            arguments.rechecks - self._rechecked if self._endpoint_visits.in_flight == 0 else 0
        )
        archive, source_id, taken = (
            self.recorder.archive,
            self.source.id,
            frozenset(self._in_flight),
        )

        def work() -> list[Task]:
            with archive.reading() as session:
                return next_tasks(
                    session,
                    source_id,
                    self.started_at,
                    count=capacity,
                    taken=taken,
                    since=arguments.since,
                    depth=arguments.depth,
                    rechecks=rechecks,
                    patient=arguments.due,
                )

        if self._pending_pages == 0:
            await self.recorder.flush()
        tasks = await self.recorder.read(work)
        if len(tasks) >= capacity:
            self._may_have_more = True
        self._in_flight.update(task.key for task in tasks)
        self._rechecked += sum(1 for task in tasks if task.item_id is not None)
        self._pending_pages += len(tasks)
        self._requested_pages += len(tasks)
        return [self._page_request(task) for task in tasks]

    @property
    def is_budget_spent(self) -> bool:
        """Tell whether the source's daily requests are used up; logs it once per run."""
        if self._request_budget is None or self.tally.requests < self._request_budget:
            return False
        if not self.tally.causes["budget"]:
            self.tally.causes["budget"] = 1
            self.logger.warning(
                "the daily budget of requests is used up; the other pages wait for the next run"
            )
        return True

    async def _wait_for_capacity(self) -> None:
        """Wait until a finished page may have made room or added candidates."""
        await self._wake_event.wait()
        # A little patience gathers a batch of requests instead of one at a time.
        await asyncio.sleep(0.02)
        self._wake_event.clear()

    def _page_request(self, task: Task) -> Request:
        return Request(
            task.url,
            callback=self.parse_page,
            errback=self.page_failed,
            dont_filter=True,
            priority=-task.depth,
            meta={fetch_context.KEY: self._page_context(task)},
        )

    def _page_context(self, task: Task) -> FetchContext:
        # The validators and captures of a visitor's response say nothing of a subscriber's, and
        # where a browser renders every page, the same bytes may show something else.
        is_subscriber_recheck = self._login.is_logged_in and task.item_id is not None
        return FetchContext(
            subject=task,
            capture_writer=self._capture_writer,
            known=None if self.rendering.use == "always" else task.known,
            validators=None
            if is_subscriber_recheck
            else Validators(task.url, task.etag, task.last_modified),
        )

    async def parse_page(self, response: Response) -> AsyncIterator[Outcome]:
        """Extract a page and yield its outcome."""
        task = fetch_context.task_of(response)
        # The page counts as done once the recorder has its outcome: only then are the items that
        # it leads to certain to be in the frontier when the spider asks for more.
        outcome = await self._page_reader.outcome(task, response)
        if isinstance(outcome, PageFailed) and outcome.cause == workers.INTERRUPTED:
            self._page_done()
            return
        yield outcome

    async def page_failed(self, failure: Failure) -> AsyncIterator[Outcome]:
        """Record a page that could not be fetched."""
        request = failure.request  # type: ignore[attr-defined]
        task = fetch_context.task_of(request)
        known = failures.classify_exception(failure.value, request.url)
        if known.cause == "storage":
            self.stop(known.detail)
        # What was interrupted counts as no try: it waits for the next run as it was.
        if known.cause in ("storage", workers.INTERRUPTED):
            self._page_done()
            return
        yield PageFailed(task, known.cause, known.detail, known.final)

    def _on_written(self, outcomes: Sequence[Outcome], recorded: Sequence[Recorded]) -> None:
        if any(result.announced for result in recorded):
            self._may_have_more = True
        keys = (outcome.task.key for outcome in outcomes)
        self._in_flight.difference_update(key for key in keys if key[0] == "candidate")

    def _page_done(self) -> None:
        self._pending_pages -= 1
        self._wake_event.set()
        if self.observer is not None:
            self.observer(self)
