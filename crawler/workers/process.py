"""One worker process and its channel: jobs go in, their results come back in order.

The event loop reads and writes the channel itself. There is no thread between, which would want
the interpreter's lock twice per job.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import struct
import traceback
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from crawler.workers import forkserver, limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedRWPair
    from multiprocessing.process import BaseProcess

# Before each answer, its length in bytes; before each job, that and what memory it may use (MB).
_LENGTH = struct.Struct("!Q")
_HEAD = struct.Struct("!QQ")
# A worker whose crawl was killed ends with its job; one that hangs then has nobody to end it.
_ORPHAN_SECONDS = 120


@dataclass(slots=True)
class Job:
    """A pickled job, and the future that waits for its result."""

    payload: bytes
    answer: asyncio.Future[Any]
    memory_mb: int
    deaths: int = 0  # workers that died over it


@dataclass(frozen=True, slots=True)
class _RaisedError:
    """A result that is an exception."""

    error: Exception


class WorkerProcess(asyncio.Protocol):
    """A worker and its jobs: it works on the first, the others wait in its channel."""

    def __init__(
        self,
        process: BaseProcess,
        channel: socket.socket,
        on_answer: Callable[[WorkerProcess], None],
        on_end: Callable[[WorkerProcess], None],
    ) -> None:
        self.jobs: deque[Job] = deque()
        self.submitted = 0  # jobs in all
        self.checks_without_answer = 0  # looks at it since it last answered or had nothing to do
        self.overdue = False  # it was ended for that
        self._process = process
        self._channel = channel
        self._on_answer = on_answer
        self._on_end = on_end
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self._ready: asyncio.Future[None] | None = None  # none before it is connected to
        self._killed = False

    @classmethod
    def start(
        cls, on_answer: Callable[[WorkerProcess], None], on_end: Callable[[WorkerProcess], None]
    ) -> WorkerProcess:
        """Start a process; waits until the fork server has loaded.

        Raises:
            OSError, EOFError, RuntimeError: it could not be started.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = forkserver.context().Process(target=serve, args=(theirs,), daemon=True)
                process.start()
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        return cls(process, ours, on_answer, on_end)

    async def connect(self) -> None:
        """Open the channel on the running event loop, and wait until the worker is ready.

        Raises:
            EOFError: it ended as it began.
        """
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        await loop.create_unix_connection(lambda: self, sock=self._channel)
        await self._ready

    def submit(self, job: Job) -> None:
        """Send a job to the worker."""
        if not self.jobs:
            self.checks_without_answer = 0
        self.jobs.append(job)
        self.submitted += 1
        self._channel_open().writelines((_HEAD.pack(len(job.payload), job.memory_mb), job.payload))

    def end(self) -> None:
        """Kill the process."""
        self._killed = True
        self._process.kill()
        if self._transport is not None:
            self._transport.abort()
        elif self._ready is None:
            self._channel.close()

    def join(self, seconds: float) -> None:
        """Wait for the process to end, at most ``seconds``."""
        self._process.join(seconds)

    @property
    def ended_by(self) -> int:
        """Return the signal that ended the process; 0 where none did, or it is unknown."""
        self._process.join(0.5)
        return max(0, -(self._process.exitcode or 0))

    def retire(self) -> None:
        """Let the process end by closing its channel: it has no jobs."""
        self._channel_open().close()

    def _channel_open(self) -> asyncio.WriteTransport:
        if self._transport is None:
            raise RuntimeError("the worker is not connected")
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the channel's transport."""
        self._transport = cast("asyncio.Transport", transport)
        if self._killed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Collect the bytes of results."""
        buffer = self._buffer
        buffer += data
        start, size = 0, _LENGTH.size
        while len(buffer) - start >= size:
            end = start + size + _LENGTH.unpack_from(buffer, start)[0]
            if len(buffer) < end:
                break
            with memoryview(buffer) as whole, whole[start + size : end] as message:
                self._on_message(pickle.loads(message))  # noqa: S301  # of our own process
            start = end
        del buffer[:start]

    def _on_message(self, answer: Any) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)
            return
        waiting = self.jobs.popleft().answer
        self.checks_without_answer = 0
        if not waiting.done():
            if isinstance(answer, _RaisedError):
                waiting.set_exception(answer.error)
            else:
                waiting.set_result(answer)
        self._on_answer(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report that the process ended."""
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(EOFError("the process ended during its start"))
            return
        self._on_end(self)


def serve(channel: socket.socket) -> None:
    """Run in the worker: do one job after the other until the channel closes."""
    # Ctrl-C goes to the whole group; the parent decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with channel, channel.makefile("rwb") as stream:
            _send(stream, pickle.dumps(None))  # it is there
            while head := stream.read(_HEAD.size):
                length, memory_mb = _HEAD.unpack(head)
                signal.alarm(_ORPHAN_SECONDS)
                payload = stream.read(length)
                limits.limit_job(length, memory_mb)
                _send(stream, _run_job(payload))
                signal.alarm(0)
    except (OSError, struct.error, EOFError):
        pass  # the crawl is gone, in the middle of a message


def _send(stream: BufferedRWPair, data: bytes) -> None:
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def _run_job(payload: bytes) -> bytes:
    try:
        work, args = pickle.loads(payload)  # noqa: S301  # of our own process
        return pickle.dumps(work(*args), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  # of any kind: who asked is told
        return _pickled_error(error)


def _pickled_error(error: Exception) -> bytes:
    """Pickle an exception with its traceback; as text, if it cannot be pickled."""
    trace = "".join(traceback.format_exception(error))
    error.add_note(f"In worker process {os.getpid()}:\n{trace}")
    try:
        data = pickle.dumps(_RaisedError(error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(data)  # noqa: S301  # some are made of other arguments than they keep
    except Exception:  # noqa: BLE001  # whatever its own methods raise
        return pickle.dumps(_RaisedError(RuntimeError(trace)), pickle.HIGHEST_PROTOCOL)
    return data
