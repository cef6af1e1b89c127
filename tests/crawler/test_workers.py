"""Worker processes: answers, known errors, a page that hangs and one that kills its worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler import workers
from crawler.extraction.page import BadPage
from crawler.workers import WorkerFailure, Workers
from tests.crawler.commands import children

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """Workers with little patience."""
    monkeypatch.setattr(workers, "TIME_LIMIT_SECONDS", 1.0)
    made = Workers(2)
    yield made
    made.close()


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


def test_answers_come_back_to_who_asked(pool: Workers) -> None:
    async def main() -> list[int]:
        return list(await asyncio.gather(*(pool.run(double, i) for i in range(30))))

    assert asyncio.run(main()) == [2 * i for i in range(30)]


def test_a_bad_job_spoils_no_other_of_its_batch(pool: Workers) -> None:
    jobs = ("fine", "bad", "hang", "die", "bug", "fine", "fine")

    async def main() -> list[object]:
        return list(
            await asyncio.gather(
                *(pool.run(misbehave, how) for how in jobs), return_exceptions=True
            )
        )

    answers = dict(zip(jobs, asyncio.run(main()), strict=True))
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
def test_jobs_outlive_the_processes_that_did_them(pool: Workers, when: float) -> None:
    others = set(_below(os.getpid()))

    async def main() -> list[int]:
        jobs = [asyncio.ensure_future(pool.run(slowly, i)) for i in range(24)]
        await asyncio.sleep(when)
        # All at once, as the system does that is out of memory: the server that forks them too.
        for pid in set(_below(os.getpid())) - others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return list(await asyncio.gather(*jobs))

    assert asyncio.run(main()) == list(range(24))
