"""Record a run's outcomes in batches, and count them as they are stored."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from crawler.run.tally import Tally
from crawler.workers import pool as workers
from storage import ArchiveError, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.run.capture_writer import CaptureWriterThread
    from storage import Archive
    from storage.types.pages import Outcome, Recorded

logger = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 100
# What is fetched is stored within this many seconds, full batch or not. A page that is written
# alone costs three times as much as one of 25, so the batches of many crawls wait longer.
MAX_AGE_SECONDS, MAX_AGE_OF_MANY_SECONDS = 1.0, 5.0
_CRAWLS_PER_SECOND = 4


class Recorder:
    """Collects outcomes and writes them, one transaction per batch, from one thread.

    A capture is on the disk before the row that names it is committed.
    """

    def __init__(
        self,
        archive: Archive,
        capture_writer: CaptureWriterThread,
        source_id: int,
        run_id: int,
        on_failure: Callable[[ArchiveError], None],
        on_queued: Callable[[], None] = lambda: None,
        on_written: Callable[[Sequence[Outcome], Sequence[Recorded]], None] = lambda _, __: None,
    ) -> None:
        self.archive = archive
        self.capture_writer = capture_writer
        self.source_id = source_id
        self.run_id = run_id
        self.tally = Tally()
        self.failure: ArchiveError | None = None
        self._on_failure = on_failure
        self._on_queued = on_queued
        self._on_written = on_written
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive")
        self._readers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="frontier")
        self._pending: list[Outcome] = []
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._flush_tasks: set[asyncio.Task[None]] = set()

    async def call(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the archive's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def read(self, work: Callable[[], T]) -> T:
        """Run ``work``, which only reads, in parallel with the writes."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def add(self, outcome: Outcome) -> None:
        """Queue an outcome; waits only where the archive cannot keep up."""
        self._pending.append(outcome)
        self._on_queued()
        if len(self._pending) >= BATCH:
            await self.flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            age = min(workers.users() / _CRAWLS_PER_SECOND, MAX_AGE_OF_MANY_SECONDS)
            self._timer = loop.call_later(max(age, MAX_AGE_SECONDS), self._flush_soon)

    def _flush_soon(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self.flush())
        self._flush_tasks.add(task)
        task.add_done_callback(self._flushed)

    def _flushed(self, task: asyncio.Task[None]) -> None:
        """Stop the run after an unexpected error of a write."""
        self._flush_tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self.failure is None:
            logger.error("stopping: writing to the archive failed", exc_info=error)
            self.failure = ArchiveError(
                f"writing to the archive failed: {type(error).__name__}: {error}"[:300]
            )
            self._on_failure(self.failure)

    async def flush(self) -> None:
        """Write the queued outcomes."""
        async with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            batch, self._pending = self._pending, []
            if not batch or self.failure is not None:
                return
            try:
                await self._write(batch)
            except ArchiveError as error:
                self.failure = error
                logger.error("stopping: %s", error, extra={"already_reported": True})
                self._on_failure(error)

    async def _write(self, batch: list[Outcome]) -> None:
        loop = asyncio.get_running_loop()
        counts = self.tally.as_counts()
        await loop.run_in_executor(self.capture_writer.executor, self.capture_writer.writer.sync)
        recorded = await self.call(
            lambda: self.archive.record(self.source_id, self.run_id, batch, utc_now(), counts)
        )
        self._on_written(batch, recorded)
        for outcome, result in zip(batch, recorded, strict=True):
            self.tally.verdicts[result.verdict] += 1
            self.tally.fresh += result.announced
            if result.cause:
                self.tally.causes[result.cause] += 1
                logger.info(
                    "%s %s: %s %s",
                    result.verdict,
                    outcome.task.url,
                    result.cause,
                    getattr(outcome, "detail", ""),
                )

    async def close(self) -> None:
        """Write the rest and end the threads."""
        await self.flush()
        self._executor.shutdown()
        self._readers.shutdown()
