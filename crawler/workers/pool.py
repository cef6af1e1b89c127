"""Extraction and the reading of endpoints in worker processes, with a time limit a page.

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

from crawler.refcounted import Shared
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
_JOBS_A_WORKER = 2_000
# Jobs in a worker's hands: the next one lies ready while the answer of the first is taken in.
_AHEAD = 2
# How often busy workers are looked at. Looks are counted, not the time: a crawl that was stopped,
# or was busy itself, does not hold that against them.
_LOOK_SECONDS = 1.0
# Workers that may die over a job before it is taken for the cause: the system ends some that are
# innocent when it is out of memory.
_DEATHS_A_JOB = 2
# Starts that may fail one after the other before what waits is given up, and the pause between
# them. Where there are workers already, more are a luxury that can wait.
_STARTS = 3
_PAUSE_SECONDS = 0.3
_LONG_PAUSE_SECONDS = 60.0


# Not frozen: a context manager that an exception passes through sets its traceback.
@dataclass(slots=True, eq=False)
class WorkerFailure(Exception):
    """A worker could not do its task. ``cause`` is a short word for counting."""

    cause: str
    reason: str

    def __str__(self) -> str:
        """The reason in one line."""
        return self.reason


class Workers:
    """Processes that do jobs. Started as they are needed; shared by all crawls of this process."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or max(1, os.cpu_count() or 1)
        # What a job may use at most, whatever its input; an archive's settings may say.
        self.memory_mb = DEFAULT_MEMORY_MB
        self._workers: set[WorkerProcess] = set()
        # Those that are starting too, which happens in threads.
        self._made: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._unstarted = 0  # starts that failed since one went well
        self._pause: asyncio.TimerHandle | None = None  # until the next start is tried
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(self, job: Callable[..., T], *args: Any) -> T:
        """Run ``job`` in a worker.

        Raises:
            WorkerFailure: the job took too long or too much memory, or its process died.
            Exception: what ``job`` raises.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        asked = pickle.dumps((job, args), pickle.HIGHEST_PROTOCOL)
        self._waiting.append(Job(asked, answer, self.memory_mb))
        self._hand_over()
        try:
            return await answer
        except MemoryError as error:
            raise WorkerFailure("out-of-memory", "reading it took too much memory") from error

    def _hand_over(self) -> None:
        """Give what waits to the workers that have least to do."""
        while self._waiting:
            worker = min(self._free(), key=lambda one: len(one.jobs), default=None)
            if worker is None or worker.jobs:
                self._start()
            if worker is None:
                return
            job = self._waiting.popleft()
            if not job.answer.done():
                worker.give(job)
                self._look_later()

    def _free(self) -> Iterator[WorkerProcess]:
        return (
            one
            for one in self._workers
            if len(one.jobs) < _AHEAD and one.given < _JOBS_A_WORKER and not one.overdue
        )

    def _start(self) -> None:
        if self._pause is None and len(self._workers) + len(self._starting) < self.count:
            task = asyncio.get_running_loop().create_task(self._started())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _started(self) -> None:
        loop = asyncio.get_running_loop()
        worker = None
        try:
            worker = await loop.run_in_executor(None, self._make)
            if worker is None:
                return
            await worker.connect()
        except (RuntimeError, OSError, EOFError) as error:
            # Or the server that forks them was ended; the next start begins another.
            with self._lock:
                self._made.discard(worker)
            self._start_failed(error)
            return
        self._unstarted = 0
        self._workers.add(worker)
        self._hand_over()

    def _make(self) -> WorkerProcess | None:
        """Start a process, in a thread; ``None`` where nobody wants it any more."""
        worker = WorkerProcess.started(self._answered, self._ended)
        with self._lock:
            if not self._closed:
                self._made.add(worker)
                return worker
        worker.end()
        return None

    def _start_failed(self, error: Exception) -> None:
        if self._closed:
            return
        logger.warning("no worker process could be started: %s", error)
        self._unstarted += 1
        # The start that failed is still among them.
        if self._unstarted >= _STARTS and not self._workers and len(self._starting) == 1:
            self._fail_waiting(f"no worker process could be started: {error}")
        if self._pause is None:
            pause = _LONG_PAUSE_SECONDS if self._workers else _PAUSE_SECONDS
            self._pause = asyncio.get_running_loop().call_later(pause, self._try_again)

    def _try_again(self) -> None:
        self._pause = None
        self._hand_over()

    def _fail_waiting(self, why: str) -> None:
        self._unstarted = 0
        while self._waiting:
            answer = self._waiting.popleft().answer
            if not answer.done():
                answer.set_exception(WorkerFailure("extraction-crashed", why))

    def _answered(self, worker: WorkerProcess) -> None:
        if worker.given >= _JOBS_A_WORKER and not worker.jobs:
            worker.retire()
        self._hand_over()

    def _ended(self, worker: WorkerProcess) -> None:
        """Take back what a worker had; what it was at is tried again a few times."""
        self._workers.discard(worker)
        with self._lock:
            self._made.discard(worker)
        if self._closed:
            return
        if self._pause is not None and not self._workers:
            # There was time while others worked.
            self._pause.cancel()
            self._pause = None
        if worker.jobs:
            job = worker.jobs[0]
            job.deaths += 1
            failure = None
            if worker.ended_by == signal.SIGXCPU:
                failure = WorkerFailure("extraction-timeout", "reading it took too much CPU time")
            elif worker.overdue:
                reason = f"reading it took over {TIME_LIMIT_SECONDS:.0f} s"
                failure = WorkerFailure("extraction-timeout", reason)
            elif job.deaths > _DEATHS_A_JOB:
                reason = f"{job.deaths} processes died as they read it"
                failure = WorkerFailure("extraction-crashed", reason)
            else:
                logger.warning("a worker process ended; what it was at is tried again")
            if failure is not None:
                worker.jobs.popleft()
                if not job.answer.done():
                    job.answer.set_exception(failure)
        self._waiting.extendleft(reversed(worker.jobs))
        worker.jobs.clear()
        self._hand_over()

    def _look_later(self) -> None:
        if self._watch is None:
            loop = asyncio.get_running_loop()
            self._watch = loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """End workers that have been at one job for too long."""
        self._watch = None
        for worker in self._workers:
            if worker.jobs:
                worker.silent += 1
                self._look_later()
                if worker.silent * _LOOK_SECONDS > TIME_LIMIT_SECONDS and not worker.overdue:
                    worker.overdue = True
                    worker.end()

    def abandon(self) -> None:
        """Give up the jobs that are not done: the crawl was stopped."""
        failure = WorkerFailure(INTERRUPTED, "the crawl was stopped before it was read")
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
        """Kill the processes, those that are starting too, and wait for nothing."""
        for worker in list(self._made):
            worker.end()

    def close(self) -> None:
        """End the workers."""
        with self._lock:
            self._closed = True
            made, self._made = self._made, set()
        for timer in (self._watch, self._pause):
            if timer is not None:
                timer.cancel()
        for worker in made:
            worker.end()
        for worker in made:
            worker.wait(_PAUSE_SECONDS)
        self._workers.clear()


_shared = Shared(Workers)


def acquire() -> Workers:
    """The workers of this process; give them back with :func:`release`."""
    return _shared.acquire()


def abandon() -> None:
    """Give up what the workers of this process are at."""
    if _shared.held is not None:
        _shared.held.abandon()


def kill_all() -> None:
    """Kill the workers of this process."""
    if _shared.held is not None:
        _shared.held.kill()


def release() -> None:
    """Give the workers back; the last user ends them."""
    last = _shared.release()
    if last is not None:
        last.close()
