"""Extraction and the reading of endpoints in worker processes, with a time limit a page.

The reactor never touches a DOM: a page that takes a second to parse would hold up every
download, and one that crashes the parser would end the crawl.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from crawler import forkserver
from crawler.discovery.errors import DiscoveryError
from crawler.extraction.documents import UnreadableDocument
from crawler.extraction.page import BadPage
from crawler.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.discovery.past import ListPage
    from crawler.extraction.article import Extraction, Known
    from crawler.items import EndpointContent
    from crawler.preparing import Prepared

T = TypeVar("T")
logger = logging.getLogger(__name__)

# The slowest real page of the bench takes half a second; what takes this long is an attack.
TIME_LIMIT_SECONDS = 30.0
# A worker that lives for years should not have to prove that no library leaks.
_TASKS_A_WORKER = 2_000
# Jobs handed over together, and how long the first of them waits for company.
_BATCH = 4
_PATIENCE_SECONDS = 0.005
# How often the pool is looked at while it has jobs, and for how long, beyond the time limit of what
# it may be doing, it may answer none: a worker that is killed as it takes a job up, or the server
# that forks them, leaves it waiting for ever.
_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 5.0
# Pools that may break under a job before it is taken for the cause.
_POOLS_A_JOB = 2
# Before a new pool is asked: what was killed with the old one may not be gone yet.
_PAUSE_SECONDS = 0.3


# Not frozen: a context manager that an exception passes through sets its traceback.
@dataclass(slots=True, eq=False)
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


def article_job(body: bytes, url: str, content_type: str, known: Known) -> Prepared:
    """Runs in a worker: the same, prepared for the archive."""
    from crawler.preparing import prepared

    return prepared(extract_job(body, url, content_type, known))


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
    lost: int = 0  # pools that broke under it


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
        self._sent: dict[asyncio.Future[list[Any]], list[_Job]] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._moved = 0.0  # when the pool last answered, or had nothing to do
        self._processes: set[int | None] = set()
        self._bereft = False  # a worker ended since then
        self._lost: list[_Job] = []
        self._resumed: asyncio.TimerHandle | None = None

    def _started(self) -> ProcessPool:
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self.count, max_tasks=_TASKS_A_WORKER, initializer=_initialise,
                context=forkserver.context(),
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
        try:
            future = self._started().schedule(
                batch_job,
                args=([(job.work, job.args) for job in jobs],),
                timeout=TIME_LIMIT_SECONDS * len(jobs),
            )
        except (RuntimeError, OSError, EOFError) as error:
            # No worker could be started, or those there were are gone with the server they came of.
            self._replace(f"{type(error).__name__}: {error}", jobs)
            return
        wrapped = asyncio.wrap_future(future, loop=loop)
        if not self._sent:
            self._note_answer()
        self._sent[wrapped] = jobs
        wrapped.add_done_callback(self._settle)
        if self._watch is None:
            self._watch = loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Whether the pool that jobs wait for still works."""
        self._watch = None
        if not self._sent or self._pool is None:
            return
        if not self._pool.active:
            self._replace("its processes were ended from outside")
        elif time.monotonic() - self._moved > self._patience():
            self._replace("none of its processes answered")
        if self._sent and self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _note_answer(self) -> None:
        self._moved, self._bereft = time.monotonic(), False

    def _patience(self) -> float:
        """How long the pool may be silent: less where one of its processes ended meanwhile."""
        alive = {process.pid for process in multiprocessing.active_children()}
        self._bereft = self._bereft or not self._processes <= alive
        self._processes = alive
        return TIME_LIMIT_SECONDS * (1 if self._bereft else _BATCH) + _GRACE_SECONDS

    def _replace(self, why: str, also: Sequence[_Job] = ()) -> None:
        """Give open jobs to a new pool, each by itself; one that saw two break fails."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # Waiting for its end may take as long as what it is stuck in.
            threading.Thread(target=_end, args=(pool,), daemon=True).start()
        jobs = [job for batch in self._sent.values() for job in batch]
        self._sent.clear()
        logger.warning("the worker processes are started anew: %s", why)
        for job in (*jobs, *also):
            if job.answer.done():
                continue
            job.lost += 1
            if job.lost > _POOLS_A_JOB:
                job.answer.set_exception(WorkerFailure("extraction-crashed", why))
            else:
                self._lost.append(job)
        if self._resumed is None:
            loop = asyncio.get_running_loop()
            self._resumed = loop.call_later(_PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        """Send what broken pools lost, each job by itself."""
        self._resumed = None
        jobs, self._lost = self._lost, []
        for job in jobs:
            if not job.answer.done():
                self._send([job])

    def _settle(self, done: asyncio.Future[list[Any]]) -> None:
        error = None if done.cancelled() else done.exception()
        jobs = self._sent.pop(done, None)
        if jobs is None:
            return  # of a pool that was given up: its jobs are with another
        self._note_answer()
        if done.cancelled():
            for job in jobs:
                job.answer.cancel()
            return
        if isinstance(error, BrokenProcessPool):
            self._replace("its processes were ended from outside", jobs)
            return
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
        if self._resumed is not None:
            self._resumed.cancel()
            self._resumed = None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._pool is not None:
            pool, self._pool = self._pool, None
            _end(pool)


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _failure(error: BaseException) -> BaseException:
    """What a lone job's failure means; an error of our own stays what it is."""
    if isinstance(error, TimeoutError):
        reason = f"reading it took over {TIME_LIMIT_SECONDS:.0f} s"
        return WorkerFailure("extraction-timeout", reason)
    if isinstance(error, ProcessExpired):
        return WorkerFailure("extraction-crashed", f"the process that read it died: {error}")
    return error


_shared = Shared(Workers)


def acquire() -> Workers:
    """The workers of this process; give them back with :func:`release`."""
    return _shared.acquire()


def release() -> None:
    """Give the workers back; the last user ends them."""
    last = _shared.release()
    if last is not None:
        last.close()
