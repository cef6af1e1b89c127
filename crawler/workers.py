"""Extraction and the reading of endpoints in worker processes, with a time limit a page.

The reactor never touches a DOM: a page that takes a second to parse would hold up every
download, and one that crashes the parser would end the crawl.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from crawler.discovery.errors import DiscoveryError
from crawler.extraction.documents import UnreadableDocument
from crawler.extraction.page import BadPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.discovery.past import ListPage
    from crawler.extraction.article import Extraction, Known
    from crawler.items import EndpointContent

T = TypeVar("T")

# The slowest real page of the bench takes half a second; what takes this long is an attack.
TIME_LIMIT_SECONDS = 30.0
# A worker that lives for years should not have to prove that no library leaks.
_TASKS_A_WORKER = 2_000
# Jobs handed over together, and how long the first of them waits for company.
_BATCH = 4
_PATIENCE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class WorkerFailure(Exception):
    """A worker could not do its task. ``cause`` is a short word for counting."""

    cause: str
    reason: str

    def __str__(self) -> str:
        """The reason in one line."""
        return self.reason


def _initialise() -> None:
    # Ctrl-C goes to the whole group; the parent decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def extract_job(body: bytes, url: str, content_type: str, known: Known) -> Extraction:
    """Runs in a worker."""
    from crawler.sites import extract_for_site

    return extract_for_site(body, url, content_type, known)


def endpoint_job(kind: str, body: bytes, url: str, content_type: str) -> EndpointContent:
    """Runs in a worker."""
    from crawler.discovery.endpoints import read_endpoint

    return read_endpoint(kind, body, url, content_type)


def list_job(body: bytes, url: str, content_type: str) -> ListPage:
    """Runs in a worker."""
    from crawler.discovery.past import read_list

    return read_list(body, url, content_type)


def document_job(body: bytes) -> str:
    """Runs in a worker."""
    from crawler.extraction.documents import document_text

    return document_text(body)


@dataclass(slots=True)
class _Job:
    work: Callable[..., Any]
    args: tuple[Any, ...]
    answer: asyncio.Future[Any]


def batch_job(jobs: list[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[Any]:
    """Runs in a worker: the answers of some jobs, an exception of the known kinds among them."""
    answers: list[Any] = []
    for work, args in jobs:
        try:
            answers.append(work(*args))
        except (BadPage, DiscoveryError, UnreadableDocument) as error:
            answers.append(error)
    return answers


class Workers:
    """A pool of processes. Created when first used; shared by all crawls of this process.

    Jobs go to a worker a few at a time, since handing one over costs the reactor a millisecond. A
    batch that takes too long or kills its worker is tried again job by job, so that a bad page
    spoils no other.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or max(1, os.cpu_count() or 1)
        self._pool: ProcessPool | None = None
        self._waiting: list[_Job] = []
        self._timer: asyncio.TimerHandle | None = None

    def _started(self) -> ProcessPool:
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            # Loaded once in the server, so that a new worker starts in milliseconds.
            context.set_forkserver_preload(["crawler.extraction.preload"])
            self._pool = ProcessPool(
                max_workers=self.count, max_tasks=_TASKS_A_WORKER, initializer=_initialise,
                context=context,
            )  # fmt: skip
        return self._pool

    async def run(self, job: Callable[..., T], *args: Any) -> T:
        """Run ``job`` in a worker.

        Raises:
            BadPage, DiscoveryError: as ``job`` raises them.
            WorkerFailure: the job took too long, or its process died.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Job(job, args, answer))
        if len(self._waiting) >= _BATCH:
            self._send_waiting()
        elif self._timer is None:
            self._timer = loop.call_later(_PATIENCE_SECONDS, self._send_waiting)
        return await answer

    def _send_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        jobs, self._waiting = self._waiting, []
        if jobs:
            self._send(jobs)

    def _send(self, jobs: list[_Job]) -> None:
        loop = asyncio.get_running_loop()
        future = self._started().schedule(
            batch_job,
            args=([(job.work, job.args) for job in jobs],),
            timeout=TIME_LIMIT_SECONDS * len(jobs),
        )
        wrapped = asyncio.wrap_future(future, loop=loop)
        wrapped.add_done_callback(lambda done: self._settle(jobs, done))

    def _settle(self, jobs: list[_Job], done: asyncio.Future[list[Any]]) -> None:
        if done.cancelled():
            for job in jobs:
                job.answer.cancel()
            return
        error = done.exception()
        if error is not None and len(jobs) > 1:
            for job in jobs:
                self._send([job])
            return
        answers = done.result() if error is None else [_failure(error)]
        for job, answer in zip(jobs, answers, strict=True):
            if job.answer.done():
                continue
            if isinstance(answer, BaseException):
                job.answer.set_exception(answer)
            else:
                job.answer.set_result(answer)

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None


def _failure(error: BaseException) -> BaseException:
    """What a lone job's failure means; an error of our own stays what it is."""
    if isinstance(error, TimeoutError):
        reason = f"reading it took over {TIME_LIMIT_SECONDS:.0f} s"
        return WorkerFailure("extraction-timeout", reason)
    if isinstance(error, ProcessExpired):
        return WorkerFailure("extraction-crashed", f"the process that read it died: {error}")
    return error


class _Shared:
    """The workers of this process, and how many crawls use them."""

    workers: Workers | None = None
    users = 0


def acquire() -> Workers:
    """The workers of this process; give them back with :func:`release`."""
    if _Shared.workers is None:
        _Shared.workers = Workers()
    _Shared.users += 1
    return _Shared.workers


def release() -> None:
    """Give the workers back; the last user ends them."""
    _Shared.users -= 1
    if _Shared.users == 0 and _Shared.workers is not None:
        _Shared.workers.close()
        _Shared.workers = None
