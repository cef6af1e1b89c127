"""``worker``: run several crawl processes, for an archive that machines share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dateline.cli.options import ExitCode, opened, plural, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

# Back-off of restarts; a process that ran longer than _LASTED resets it.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_LASTED = 60.0
# A process stores its pages in flight before it ends.
_PATIENCE = 120.0


@click.command()
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Processes on this machine (default: one per core, at most 4).",
)
@click.option(
    "--concurrency",
    "at_once",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Sources crawled at a time per process.",
)
@click.pass_context
def worker(ctx: click.Context, processes: int | None, at_once: int) -> None:
    """Run several crawl processes on this machine; run one worker per machine.

    The machines share a PostgreSQL database and the archive's directory. One lease per host
    ensures that only one process crawls it; other processes take over from a killed one.
    Crashed processes are restarted.
    """
    with opened(ctx) as archive:
        if archive.location.is_sqlite:
            say(
                "`dateline worker` requires PostgreSQL; this archive uses SQLite. "
                "Use `dateline run`, or move the archive to PostgreSQL (guide: Maintenance)"
            )
            ctx.exit(ExitCode.USAGE)
        folder, database = archive.location.folder, archive.location.database_url
    count = processes or min(4, os.cpu_count() or 1)
    verbose = ["-v"] * ctx.obj["verbose"] + (["--log-json"] if ctx.obj["log_json"] else [])
    command = [
        sys.executable,
        "-m",
        "dateline",
        *verbose,
        "-C",
        str(folder),
        "run",
        "--concurrency",
        str(at_once),
    ]
    say(f"{plural(count, 'process', 'processes')} started (stop with Ctrl-C)")
    # In the environment, because the URL may have a password and `ps` shows arguments.
    _Supervisor(command, {**os.environ, "DATELINE_DATABASE": database}, count).work()


@dataclass
class _Slot:
    """One process slot: the running process, or when to start the next."""

    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    due: float = 0.0
    pause: float = _FIRST_PAUSE


class _Supervisor:
    """Keeps several processes of one command running."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], count: int) -> None:
        self._command = list(command)
        self._environment = environment
        self._slots = [_Slot() for _ in range(count)]
        self._stopping = False

    def work(self) -> None:
        """Supervise the processes until SIGINT or SIGTERM, then wait for them."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._stopping:
            for slot in self._slots:
                self._supervise(slot, time.monotonic())
            time.sleep(0.2)
        end = time.monotonic() + _PATIENCE
        for slot in self._slots:
            if slot.process is not None:
                try:
                    slot.process.wait(max(0.1, end - time.monotonic()))
                except subprocess.TimeoutExpired:
                    slot.process.kill()

    def _supervise(self, slot: _Slot, now: float) -> None:
        if slot.process is not None and slot.process.poll() is not None:
            say(
                f"process {slot.process.pid} ended with exit code {slot.process.returncode}; "
                f"restarting in {slot.pause:.0f} s"
            )
            slot.process, slot.due = None, now + slot.pause
            lasted = now - slot.begun > _LASTED
            slot.pause = _FIRST_PAUSE if lasted else min(slot.pause * 2, _LONGEST_PAUSE)
        if slot.process is None and now >= slot.due:
            # In its own session, so that Ctrl-C reaches it once, through this process.
            slot.process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            slot.begun = now

    def _stop(self, number: int, _: FrameType | None) -> None:
        self._stopping = True
        for slot in self._slots:
            if slot.process is not None and slot.process.poll() is None:
                slot.process.send_signal(number)
