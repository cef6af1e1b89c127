"""Worker processes: answers, known errors, a page that hangs and one that kills its worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest

from crawler.extraction.page.parse import BadPage
from crawler.workers import pool as workers
from crawler.workers.pool import WorkerFailure, WorkerPool
from tests.crawler.commands import children

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> WorkerPool:
    """Workers with little patience."""
    monkeypatch.setattr(workers, "TIME_LIMIT_SECONDS", 4.0)
    return WorkerPool(2)


def run(pool: WorkerPool, main: Awaitable[T]) -> T:
    """Run a coroutine, and end the workers on the same event loop."""

    async def whole() -> T:
        try:
            return await main
        finally:
            pool.close()

    return asyncio.run(whole())


def double(value: int) -> int:
    """A job."""
    return 2 * value


def misbehave(how: str) -> str:
    """A job that goes wrong."""
    if how == "bad":
        raise BadPage("https://a.example/", "empty", "nothing in it")
    if how == "hang":
        time.sleep(60)
    if how == "die":
        os._exit(3)
    if how == "bug":
        raise KeyError("ours")
    return how


def test_answers_come_back_to_who_asked(pool: WorkerPool) -> None:
    async def main() -> list[int]:
        return list(await asyncio.gather(*(pool.run(double, i) for i in range(30))))

    assert run(pool, main()) == [2 * i for i in range(30)]


def test_a_bad_job_spoils_no_other_of_its_batch(pool: WorkerPool) -> None:
    jobs = ("fine", "bad", "hang", "die", "bug", "fine", "fine")

    async def main() -> list[object]:
        return list(
            await asyncio.gather(
                *(pool.run(misbehave, how) for how in jobs), return_exceptions=True
            )
        )

    answers = dict(zip(jobs, run(pool, main()), strict=True))
    assert answers["fine"] == "fine"
    assert isinstance(answers["bad"], BadPage)
    assert isinstance(answers["hang"], WorkerFailure)
    assert answers["hang"].cause == "extraction-timeout"
    assert isinstance(answers["die"], WorkerFailure)
    assert answers["die"].cause == "extraction-crashed"
    assert isinstance(answers["bug"], KeyError)


def _below(pid: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    return [one for child in children(pid) for one in (child, *_below(child))]


def slowly(value: int) -> int:
    """A job that takes its time."""
    time.sleep(0.2)
    return value


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.filterwarnings("ignore:resource_tracker")
@pytest.mark.parametrize("when", [0.0, 0.7])
def test_jobs_outlive_the_processes_that_did_them(pool: WorkerPool, when: float) -> None:
    others = set(_below(os.getpid()))

    async def main() -> list[int]:
        jobs = [asyncio.ensure_future(pool.run(slowly, i)) for i in range(24)]
        await asyncio.sleep(when)
        # All at once, as the system does that is out of memory: the server that forks them too.
        for pid in set(_below(os.getpid())) - others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return list(await asyncio.gather(*jobs))

    assert run(pool, main()) == list(range(24))


def process_of(_: int) -> int:
    """A job that says where it was done."""
    return os.getpid()


def test_a_worker_ends_after_its_share_of_jobs(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_JOBS_PER_WORKER", 5)

    async def main() -> list[int]:
        return list(await asyncio.gather(*(pool.run(process_of, i) for i in range(30))))

    done = Counter(run(pool, main()))
    assert sum(done.values()) == 30
    assert max(done.values()) <= 5


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_a_worker_that_dies_idle_is_replaced(pool: WorkerPool) -> None:
    async def main() -> tuple[int, int]:
        first = await pool.run(process_of, 0)
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(0.2)
        return first, await pool.run(process_of, 1)

    first, second = run(pool, main())
    assert first != second


class OfTwo(Exception):
    """An exception that pickle cannot make again."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


def answer_badly(how: str) -> object:
    """A job whose answer cannot be sent as it is."""
    if how == "unsendable answer":
        return lambda: how
    raise OfTwo("this", "that")


@pytest.mark.parametrize(
    ("how", "told"), [("unsendable answer", "pickle"), ("unsendable error", "this and that")]
)
def test_what_cannot_be_sent_is_told(pool: WorkerPool, how: str, told: str) -> None:
    async def main() -> object:
        with pytest.raises(Exception, match=told):
            await pool.run(answer_badly, how)
        return await pool.run(double, 2)

    assert run(pool, main()) == 4


def test_an_error_says_where_it_came_from(pool: WorkerPool) -> None:
    async def main() -> list[str]:
        with pytest.raises(KeyError) as raised:
            await pool.run(misbehave, "bug")
        return list(raised.value.__notes__)

    (note,) = run(pool, main())
    assert 'raise KeyError("ours")' in note


def test_what_cannot_be_asked_is_refused_at_once(pool: WorkerPool) -> None:
    async def main() -> int:
        with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
            await pool.run(lambda: 1)
        return await pool.run(double, 2)

    assert run(pool, main()) == 4


def test_jobs_fail_where_no_worker_can_be_started(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> NoReturn:
        raise OSError("no more processes")

    monkeypatch.setattr(workers.WorkerProcess, "start", refused)

    async def main() -> str:
        with pytest.raises(WorkerFailure) as raised:
            await pool.run(double, 2)
        return str(raised.value)

    assert run(pool, main()) == "no worker process could be started: no more processes"


def test_jobs_are_done_by_the_workers_there_are_where_more_cannot_be_started(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started, count = workers.WorkerProcess.start, iter(range(100))

    def once(*args: Any) -> workers.WorkerProcess:
        if next(count):
            raise OSError("no more processes")
        return started(*args)

    monkeypatch.setattr(workers.WorkerProcess, "start", once)

    async def main() -> list[int]:
        first = await pool.run(double, 0)
        return [first, *await asyncio.gather(*(pool.run(double, i) for i in range(1, 30)))]

    assert run(pool, main()) == [2 * i for i in range(30)]
    assert caplog.text.count("no more processes") == 1


@pytest.mark.parametrize("after", [0, 0.02, 0.05, 0.1])
def test_workers_that_start_late_are_ended(pool: WorkerPool, after: float) -> None:
    others = set(_below(os.getpid()))

    async def main() -> None:
        asked = asyncio.ensure_future(pool.run(double, 2))
        await asyncio.sleep(after)
        pool.close()
        asked.cancel()
        await asyncio.gather(*pool._starting)

    run(pool, main())
    time.sleep(0.2)
    # The server that forks them, and the one that frees what they share, stay.
    assert len(set(_below(os.getpid())) - others) <= 2


def test_a_job_that_takes_too_much_memory_fails_by_name() -> None:
    async def main() -> str:
        pool = WorkerPool(1)
        try:
            with pytest.raises(WorkerFailure) as failed:
                await pool.run(bytearray, 1_500_000_000)
            assert await pool.run(len, "still there") == 11
            return failed.value.cause
        finally:
            pool.close()

    assert asyncio.run(main()) == "out-of-memory"


def test_the_system_ends_a_process_that_takes_too_much_cpu_time() -> None:
    code = "from crawler.workers import limits\nlimits._BASE_SECONDS = 0\nlimits.limit_job(1, 64)\nwhile True: pass\n"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert -done.returncode == signal.SIGXCPU
