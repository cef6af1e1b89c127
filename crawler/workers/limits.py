"""What one job of a worker process may use: CPU seconds and memory, more for a larger input."""

from __future__ import annotations

import resource
from pathlib import Path

MB = 1024 * 1024
# The slowest page of the bench takes half a second, a report of 300 pages some ten.
_SECONDS, _SECONDS_PER_MB = 10, 2
# A page of 10 MB needs some 100 MB for its tree.
_MEMORY_MB, _TIMES_INPUT = 160, 20
_STATM = Path("/proc/self/statm")


def limit(size: int, most_mb: int) -> None:
    """Bound what this process may use from now on, for a job whose input has ``size`` bytes.

    Memory is bounded by RLIMIT_DATA: allocations beyond it fail as ``MemoryError``. CPU time is
    bounded by RLIMIT_CPU: the system ends the process with SIGXCPU, even in the middle of a C
    function. Both are soft limits, which the next job moves.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + _SECONDS + _SECONDS_PER_MB * size // MB
    _move(resource.RLIMIT_CPU, seconds)
    held = _data_bytes()
    if held is not None:
        _move(resource.RLIMIT_DATA, held + min(_MEMORY_MB * MB + _TIMES_INPUT * size, most_mb * MB))


def _move(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, hard))


def _data_bytes() -> int | None:
    """Bytes that count for RLIMIT_DATA; ``None`` where the system does not say."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return None
