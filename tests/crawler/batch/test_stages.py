"""Stages that overlap: order, errors, and interruptions that lose nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crawler.batch import importer
from crawler.batch.stages import MAX_UNWRITTEN, run_stages
from storage.archive import open_archive
from storage.maintenance.integrity import check_archive
from tests.crawler.batch.test_import import warc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crawler.commands import Commands

# The writer that makes the test's files leaves its temporary ones to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# Imports a file, and dies by SIGKILL at a call of what the arguments name.
_KILLED = """
import os, signal, sys
from pathlib import Path
from crawler.batch import importer
from storage.archive import open_archive
from storage.jobs import checkpoints
importer._BATCH = 4
at, times = sys.argv[3], int(sys.argv[4])
def dying(function):
    def call(*args, **kwargs):
        global times
        times -= 1
        if times == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return call
if __name__ == "__main__":
    if at == "checkpoint":
        checkpoints.save_checkpoint = dying(checkpoints.save_checkpoint)
    with open_archive(sys.argv[1]) as archive:
        if at == "record":
            archive.record = dying(archive.record)
        observer = dying(lambda _position: None) if at == "between" else lambda _position: None
        importer.PageImport(archive, new_sources=True, observer=observer).run(
            Path(sys.argv[2]), "warc"
        )
"""


def _stages(
    batches: Iterator[int], fails_at: int | None = None, stage: str = ""
) -> tuple[list[int], list[int], BaseException | None]:
    """Run stages over numbers; return what was written and reported, and the error."""
    written: list[int] = []
    reported: list[int] = []

    async def extract(batch: int) -> int:
        # Later ones are done first.
        await asyncio.sleep(0.02 / (batch + 1))
        if stage == "extract" and batch == fails_at:
            raise ValueError(batch)
        return batch * 10

    def write(batch: int, extracted: int) -> None:
        if stage == "write" and batch == fails_at:
            raise ValueError(batch)
        assert extracted == batch * 10
        written.append(batch)

    try:
        asyncio.run(run_stages(batches, extract, write, reported.append))
    except ValueError as error:
        return written, reported, error
    return written, reported, None


def test_batches_are_written_in_order_and_few_are_ahead() -> None:
    ahead: list[int] = []
    written: list[int] = []

    def batches() -> Iterator[int]:
        for number in range(12):
            ahead.append(number - len(written))
            yield number

    async def extract(batch: int) -> int:
        return batch

    def write(batch: int, _extracted: int) -> None:
        threading.Event().wait(0.005)
        written.append(batch)

    asyncio.run(run_stages(batches(), extract, write, lambda _batch: None))
    assert written == list(range(12))
    assert max(ahead) <= MAX_UNWRITTEN


@pytest.mark.parametrize("stage", ["read", "extract", "write"])
def test_an_error_leaves_what_came_before_it_written(stage: str) -> None:
    count = 4

    def batches() -> Iterator[int]:
        for number in range(9):
            if stage == "read" and number == count:
                raise ValueError(number)
            yield number

    written, reported, error = _stages(batches(), count, stage)
    assert isinstance(error, ValueError)
    assert written == reported == list(range(count))


@pytest.mark.crawl
@pytest.mark.parametrize(("at", "times"), [("record", 2), ("checkpoint", 2), ("between", 1)])
def test_a_killed_import_loses_nothing(
    dateline_sqlite: Commands, tmp_path: Path, at: str, times: int
) -> None:
    path = warc(tmp_path / "a.warc.gz", 12, faults=False)
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    folder = str(dateline_sqlite.folder)
    killed = subprocess.run(
        [sys.executable, str(script), folder, str(path), at, str(times)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = dateline_sqlite("import", str(path), "--json")
    assert done.code == 0, done.err
    counts = json.loads(done.out)[0]
    # Between the records and their checkpoint, a batch is met again.
    assert counts["new"] + counts.get("held", 0) == 12
    assert counts.get("held", 0) == (4 if at == "checkpoint" else 0)
    with open_archive(folder) as archive:
        assert check_archive(archive) == []


@pytest.mark.crawl
def test_a_page_that_fails_costs_no_other(
    dateline_sqlite: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawler.workers.pool import WorkerFailure, WorkerPool

    path = warc(tmp_path / "a.warc.gz", 12, faults=False)
    run = WorkerPool.run

    async def failing(pool: WorkerPool, job: Any, *args: Any) -> Any:
        if "/news/5/" in args[1]:
            raise WorkerFailure("extraction-crashed", "3 worker processes died on it")
        return await run(pool, job, *args)

    monkeypatch.setattr(WorkerPool, "run", failing)
    monkeypatch.setattr(importer, "_BATCH", 4)
    with open_archive(str(dateline_sqlite.folder)) as archive:
        done = importer.PageImport(archive, new_sources=True).run(path, "warc")
        assert (done.verdicts, done.causes) == ({"new": 11}, {"extraction-crashed": 1})


@pytest.mark.crawl
def test_a_copy_in_the_next_batch_is_held(
    dateline_sqlite: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = warc(tmp_path / "a.warc.gz", 6, faults=False)
    path = tmp_path / "twice.warc.gz"
    path.write_bytes(once.read_bytes() * 2)
    monkeypatch.setattr(importer, "_BATCH", 3)
    with open_archive(str(dateline_sqlite.folder)) as archive:
        done = importer.PageImport(archive, new_sources=True).run(path, "warc")
        assert done.verdicts == {"new": 6, "held": 6}
