"""CPU time and memory of a command and of all that it starts, by the role of thread and process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MAIN, OTHER, WORKERS = "main thread", "other threads", "workers"
_TICKS = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS = 0.1
# Reading the memory map holds up the process that it is of.
_MEMORY_EACH = 10


@dataclass
class Usage:
    """What a command took: seconds, CPU seconds per role, peak memory in bytes."""

    seconds: float = 0.0
    cpu: Counter[str] = field(default_factory=Counter)
    memory: int = 0
    main_memory: int = 0
    output: str = ""

    @property
    def cores(self) -> float:
        """Cores that were busy on average."""
        return sum(self.cpu.values()) / self.seconds


def name_threads() -> None:
    """Give each thread that starts from now on its Python name in /proc, where others read it."""
    run = threading.Thread.run

    def named(thread: threading.Thread) -> None:
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(thread.name[:15])
        run(thread)

    threading.Thread.run = named  # type: ignore[method-assign]


def measure(command: list[str], environment: dict[str, str]) -> Usage:
    """Run ``command`` to its end; exits with its messages where it fails.

    Workers are children of a fork server, which no ``getrusage`` counts: everything in the
    command's session is read from /proc until it ends.
    """
    usage = Usage()
    processes: dict[int, float] = {}
    threads: dict[int, tuple[str, float]] = {}
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        running = subprocess.Popen(
            command, env=environment, stdout=out, stderr=err, start_new_session=True
        )
        try:
            polls = 0
            while running.poll() is None:
                session = _processes(running.pid)
                processes |= session
                threads |= _threads(running.pid)
                if polls % _MEMORY_EACH == 0:
                    usage.memory = max(usage.memory, sum(map(_memory, session)))
                usage.main_memory = max(usage.main_memory, _value(running.pid, "status", "VmHWM:"))
                polls += 1
                time.sleep(_POLL_SECONDS)
        finally:
            if running.poll() is None:  # we are interrupted: leave nothing behind
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        usage.seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        # 3: a page failed, which the summary counts.
        if running.returncode not in (0, 3):
            sys.exit(f"{' '.join(command)}: {err.read().decode()}")
        usage.output = out.read().decode()
    main = processes.pop(running.pid, 0.0)
    for role, seconds in threads.values():
        usage.cpu[role] += seconds
    # Threads that ended between two polls are in their process's time only.
    usage.cpu[OTHER] += max(0.0, main - sum(usage.cpu.values()))
    usage.cpu[WORKERS] = sum(processes.values())
    usage.cpu += Counter()  # drops roles that took nothing
    return usage


def _processes(session: int) -> dict[int, float]:
    """CPU seconds of each process of a session."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(folder)) and int(fields[1][3]) == session:
            found[int(folder.name)] = _seconds(fields[1])
    return found


def _threads(process: int) -> dict[int, tuple[str, float]]:
    """Role and CPU seconds of each thread of a process."""
    found = {}
    try:
        folders = list(Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return {}  # it ended meanwhile
    for folder in folders:
        if fields := _stat(folder):
            found[int(folder.name)] = (_role(folder.name, process, fields[0]), _seconds(fields[1]))
    return found


def _role(thread: str, process: int, name: str) -> str:
    if int(thread) == process:
        return MAIN
    role, _, number = name.rpartition("_")
    return f"{role} threads" if role and number.isdigit() else OTHER


def _stat(folder: Path) -> tuple[str, list[str]] | None:
    try:
        head, _, fields = (folder / "stat").read_text().rpartition(")")
    except OSError:
        return None  # it ended meanwhile
    return head.partition("(")[2], fields.split()


def _seconds(fields: list[str]) -> float:
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(process: int) -> int:
    """Memory of a process, its share of what several processes map (PSS), in bytes."""
    return _value(process, "smaps_rollup", "Pss:")


def _value(process: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    except OSError:
        return 0  # it ended meanwhile
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)
