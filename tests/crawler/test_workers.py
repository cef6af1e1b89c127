"""Worker processes: answers, known errors, a page that hangs and one that kills its worker."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

from crawler import workers
from crawler.extraction.page import BadPage
from crawler.workers import WorkerFailure, Workers

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
