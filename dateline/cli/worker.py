"""``worker``: several schedulers on this machine, for an archive that several machines share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dateline.cli.options import ExitCode, opened, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

# A process that ends is started again, later each time that it ends at once.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_LASTED = 60.0
# What is in flight is stored before a process ends.
_PATIENCE = 120.0


@click.command()
@click.option("--processes", type=click.IntRange(1, 64), help="Processes here (default: "
              "one a core, four at most).")  # fmt: skip
@click.option("--at-once", type=click.IntRange(1, 64), default=8, show_default=True,
              help="Sources crawled at a time by each.")  # fmt: skip
@click.pass_context
def worker(ctx: click.Context, processes: int | None, at_once: int) -> None:
    """Crawl what is due with several processes; run one on each machine.

    They share the archive's PostgreSQL and its folder. No host is crawled by two of them at once,
    and what a killed one was at the others take up. A process that ends is started again.
    """
    with opened(ctx) as archive:
        if archive.location.is_sqlite:
            say("this archive is on SQLite, which one process at a time writes to: "
                "use `dateline run`, or move it to PostgreSQL")  # fmt: skip
            ctx.exit(ExitCode.USAGE)
        folder, database = archive.location.folder, archive.location.database_url
    count = processes or min(4, os.cpu_count() or 1)
    verbose = ["-v"] * ctx.obj["verbose"] + (["--log-json"] if ctx.obj["log_json"] else [])
    command = [sys.executable, "-m", "dateline", *verbose, "-C", str(folder),
               "run", "--at-once", str(at_once)]  # fmt: skip
    say(f"{count} processes crawl what is due (Ctrl-C ends them)")
    # The database's URL may hold a password: the environment is not in the list of processes.
    _Crew(command, {**os.environ, "DATELINE_DATABASE": database}, count).work()


@dataclass
class _Place:
    """A process that is wanted: the one that runs, or when to start the next."""

    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    due: float = 0.0
    pause: float = _FIRST_PAUSE


class _Crew:
    """Processes of one command, started again when they end."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], count: int) -> None:
        self._command = list(command)
        self._environment = environment
        self._places = [_Place() for _ in range(count)]
        self._stopping = False

    def work(self) -> None:
        """Until SIGINT or SIGTERM; then until all have ended."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._stopping:
            for place in self._places:
                self._look_after(place, time.monotonic())
            time.sleep(0.2)
        end = time.monotonic() + _PATIENCE
        for place in self._places:
            if place.process is not None:
                try:
                    place.process.wait(max(0.1, end - time.monotonic()))
                except subprocess.TimeoutExpired:
                    place.process.kill()

    def _look_after(self, place: _Place, now: float) -> None:
        if place.process is not None and place.process.poll() is not None:
            say(f"process {place.process.pid} ended with {place.process.returncode}; "
                f"another one follows in {place.pause:.0f} s")  # fmt: skip
            place.process, place.due = None, now + place.pause
            lasted = now - place.begun > _LASTED
            place.pause = _FIRST_PAUSE if lasted else min(place.pause * 2, _LONGEST_PAUSE)
        if place.process is None and now >= place.due:
            # In a session of its own: a Ctrl-C at the terminal reaches it once, through us.
            place.process = subprocess.Popen(  # noqa: S603 - our own command
                self._command, env=self._environment, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            place.begun = now

    def _stop(self, number: int, _: FrameType | None) -> None:
        self._stopping = True
        for place in self._places:
            if place.process is not None and place.process.poll() is None:
                place.process.send_signal(number)
