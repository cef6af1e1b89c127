"""Overlap the three stages of a long job: reading, extraction in worker processes, writing."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

Batch = TypeVar("Batch")
Extracted = TypeVar("Extracted")

# Jobs per worker that are in the pool at once: one is done, one lies in the channel, one waits.
JOBS_PER_WORKER = 3
# Batches that were read and wait for the writer; a further one may be in extraction.
_BATCHES_AHEAD = 1
# Batches that may be unwritten when one is read: in the writer, ahead of it, and in extraction.
MAX_UNWRITTEN = _BATCHES_AHEAD + 2


async def run_stages(
    batches: Iterator[Batch],
    extract: Callable[[Batch], Coroutine[Any, Any, Extracted]],
    write: Callable[[Batch, Extracted], None],
    on_written: Callable[[Batch], None],
) -> None:
    """Take batches through the stages, each in order.

    While a batch is written in a thread, the next one is extracted, and the one after it is read
    in another thread. ``write`` commits a batch with its checkpoint, so that an interruption at
    any point only loses work that the next call does again. ``on_written`` runs on the event loop.

    Raises:
        Exception: what ``batches`` raises, after the batches before it are written; at once, what
            another stage raises.
    """
    loop = asyncio.get_running_loop()
    ahead: asyncio.Queue[tuple[Batch, asyncio.Task[Extracted]] | None] = asyncio.Queue(
        _BATCHES_AHEAD
    )
    extracting: set[asyncio.Task[Extracted]] = set()

    async def read_ahead(reader: ThreadPoolExecutor) -> None:
        try:
            while (batch := await loop.run_in_executor(reader, next, batches, None)) is not None:
                task = loop.create_task(extract(batch))
                extracting.add(task)
                await ahead.put((batch, task))
        except Exception:
            # The batches before the error are written first.
            await ahead.put(None)
            raise
        await ahead.put(None)

    # Leaving the threads waits for the batch that is being written.
    with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "write") as writer:
        reading = loop.create_task(read_ahead(reader))
        try:
            while (step := await ahead.get()) is not None:
                batch, task = step
                extracted = await task
                extracting.discard(task)
                await loop.run_in_executor(writer, write, batch, extracted)
                on_written(batch)
            await reading
        finally:
            for unfinished in (reading, *extracting):
                unfinished.cancel()
