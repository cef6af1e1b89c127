"""A pool of worker processes for extraction and parsing, with a time limit per page.

The reactor never touches a DOM: a page that takes a second to parse would hold up every
download, and one that crashes the parser would end the crawl.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from crawler.refcounted import RefCounted
from crawler.workers.process import Job, WorkerProcess
from storage.config import DEFAULT_MEMORY_MB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


T = TypeVar("T")
logger = logging.getLogger(__name__)

# The cause of what was left undone because the crawl was stopped.
INTERRUPTED = "interrupted"
# The slowest real page of the bench takes half a second; what takes this long is an attack.
TIME_LIMIT_SECONDS = 30.0
# A worker that lives for years should not have to prove that no library leaks.
_JOBS_PER_WORKER = 2_000
# Jobs in a worker's hands: the next one lies ready while the answer of the first is taken in.
_JOBS_AHEAD = 2
# How often busy workers are looked at. Looks are counted, not the time: a crawl that was stopped,
# or was busy itself, does not hold that against them.
_CHECK_SECONDS = 1.0
# Workers that may die on a job before the job counts as the cause: when memory runs out, the
# system also kills workers that are not to blame.
_MAX_DEATHS_PER_JOB = 2
# Starts that may fail one after the other before what waits is given up, and the pause between
# them. Where there are workers already, more are a luxury that can wait.
_MAX_FAILED_STARTS = 3
_RESTART_SECONDS = 0.3
_LONG_RESTART_SECONDS = 60.0


# Not frozen: a context manager that an exception passes through sets its traceback.
@dataclass(slots=True, eq=False)
class WorkerFailure(Exception):
    """A worker could not do its job. ``cause`` is a short word for counting."""

    cause: str
    reason: str

    def __str__(self) -> str:
        """Return the reason in one line."""
        return self.reason


class WorkerPool:
    """Worker processes, started on demand and shared by all crawls of this process."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or max(1, os.cpu_count() or 1)
        # What a job may use at most, whatever its input; an archive's settings may say.
        self.memory_mb = DEFAULT_MEMORY_MB
        self._workers: set[WorkerProcess] = set()
        # Those that are starting too, which happens in threads.
        self._processes: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._failed_starts = 0  # starts that failed since one went well
        self._restart_timer: asyncio.TimerHandle | None = None  # until the next start is tried
        self._check_timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(self, job: Callable[..., T], *args: Any) -> T:
        """Run ``job`` in a worker.

        Raises:
            WorkerFailure: the job took too long or too much memory, or its process died.
            Exception: what ``job`` raises.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        payload = pickle.dumps((job, args), pickle.HIGHEST_PROTOCOL)
        self._waiting.append(Job(payload, answer, self.memory_mb))
        self._dispatch()
        try:
            return await answer
        except MemoryError as error:
            raise WorkerFailure("out-of-memory", "extraction used too much memory") from error

    def _dispatch(self) -> None:
        """Give waiting jobs to the workers with the shortest queues."""
        while self._waiting:
            worker = min(self._available(), key=lambda one: len(one.jobs), default=None)
            if worker is None or worker.jobs:
                self._start_if_room()
            if worker is None:
                return
            job = self._waiting.popleft()
            if not job.answer.done():
                worker.submit(job)
                self._schedule_check()

    def _available(self) -> Iterator[WorkerProcess]:
        return (
            one
            for one in self._workers
            if len(one.jobs) < _JOBS_AHEAD and one.submitted < _JOBS_PER_WORKER and not one.overdue
        )

    def _start_if_room(self) -> None:
        if self._restart_timer is None and len(self._workers) + len(self._starting) < self.count:
            task = asyncio.get_running_loop().create_task(self._start_worker())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _start_worker(self) -> None:
        loop = asyncio.get_running_loop()
        worker = None
        try:
            worker = await loop.run_in_executor(None, self._spawn)
            if worker is None:
                return
            await worker.connect()
        except (RuntimeError, OSError, EOFError) as error:
            # Or the server that forks them was ended; the next start begins another.
            with self._lock:
                self._processes.discard(worker)
            self._on_start_failed(error)
            return
        self._failed_starts = 0
        self._workers.add(worker)
        self._dispatch()

    def _spawn(self) -> WorkerProcess | None:
        """Start a process, in a thread; ``None`` if the pool was closed meanwhile."""
        worker = WorkerProcess.start(self._on_answer, self._on_end)
        with self._lock:
            if not self._closed:
                self._processes.add(worker)
                return worker
        worker.end()
        return None

    def _on_start_failed(self, error: Exception) -> None:
        if self._closed:
            return
        logger.warning("no worker process could be started: %s", error)
        self._failed_starts += 1
        # The start that failed is still among them.
        if (
            self._failed_starts >= _MAX_FAILED_STARTS
            and not self._workers
            and len(self._starting) == 1
        ):
            self._fail_waiting(f"no worker process could be started: {error}")
        if self._restart_timer is None:
            pause = _LONG_RESTART_SECONDS if self._workers else _RESTART_SECONDS
            self._restart_timer = asyncio.get_running_loop().call_later(pause, self._retry_start)

    def _retry_start(self) -> None:
        self._restart_timer = None
        self._dispatch()

    def _fail_waiting(self, why: str) -> None:
        self._failed_starts = 0
        while self._waiting:
            answer = self._waiting.popleft().answer
            if not answer.done():
                answer.set_exception(WorkerFailure("extraction-crashed", why))

    def _on_answer(self, worker: WorkerProcess) -> None:
        if worker.submitted >= _JOBS_PER_WORKER and not worker.jobs:
            worker.retire()
        self._dispatch()

    def _on_end(self, worker: WorkerProcess) -> None:
        """Take back the jobs of a dead worker; the current one is retried a few times."""
        self._workers.discard(worker)
        with self._lock:
            self._processes.discard(worker)
        if self._closed:
            return
        if self._restart_timer is not None and not self._workers:
            # There was time while others worked.
            self._restart_timer.cancel()
            self._restart_timer = None
        if worker.jobs:
            job = worker.jobs[0]
            job.deaths += 1
            failure = None
            if worker.ended_by == signal.SIGXCPU:
                failure = WorkerFailure("extraction-timeout", "extraction used too much CPU time")
            elif worker.overdue:
                reason = f"extraction took over {TIME_LIMIT_SECONDS:.0f} s"
                failure = WorkerFailure("extraction-timeout", reason)
            elif job.deaths > _MAX_DEATHS_PER_JOB:
                reason = f"{job.deaths} worker processes died on it"
                failure = WorkerFailure("extraction-crashed", reason)
            else:
                logger.warning("a worker process died; its job is retried")
            if failure is not None:
                worker.jobs.popleft()
                if not job.answer.done():
                    job.answer.set_exception(failure)
        self._waiting.extendleft(reversed(worker.jobs))
        worker.jobs.clear()
        self._dispatch()

    def _schedule_check(self) -> None:
        if self._check_timer is None:
            loop = asyncio.get_running_loop()
            self._check_timer = loop.call_later(_CHECK_SECONDS, self._check_workers)

    def _check_workers(self) -> None:
        """End workers that have been at one job for too long."""
        self._check_timer = None
        for worker in self._workers:
            if worker.jobs:
                worker.checks_without_answer += 1
                self._schedule_check()
                if (
                    worker.checks_without_answer * _CHECK_SECONDS > TIME_LIMIT_SECONDS
                    and not worker.overdue
                ):
                    worker.overdue = True
                    worker.end()

    def abandon(self) -> None:
        """Give up unfinished jobs: the crawl was stopped."""
        failure = WorkerFailure(INTERRUPTED, "the crawl was stopped before its extraction")
        busy = [worker for worker in self._workers if worker.jobs]
        waiting = [*self._waiting, *(job for worker in busy for job in worker.jobs)]
        self._waiting.clear()
        for worker in busy:
            worker.jobs.clear()
            worker.end()
        for job in waiting:
            if not job.answer.done():
                job.answer.set_exception(failure)

    def kill(self) -> None:
        """Kill all processes, those that are starting too, without waiting."""
        for worker in list(self._processes):
            worker.end()

    def close(self) -> None:
        """Close the pool and end its workers."""
        with self._lock:
            self._closed = True
            processes, self._processes = self._processes, set()
        for timer in (self._check_timer, self._restart_timer):
            if timer is not None:
                timer.cancel()
        for worker in processes:
            worker.end()
        for worker in processes:
            worker.join(_RESTART_SECONDS)
        self._workers.clear()


_refcounted = RefCounted(WorkerPool)


def acquire() -> WorkerPool:
    """Return the worker pool of this process; give it back with :func:`release`."""
    return _refcounted.acquire()


def users() -> int:
    """Return how many crawls of this process use the worker pool."""
    return _refcounted.users


def abandon() -> None:
    """Give up what the workers of this process are at."""
    if _refcounted.current is not None:
        _refcounted.current.abandon()


def kill_all() -> None:
    """Kill the workers of this process."""
    if _refcounted.current is not None:
        _refcounted.current.kill()


def release() -> None:
    """Give the pool back; the last user closes it."""
    last = _refcounted.release()
    if last is not None:
        last.close()
