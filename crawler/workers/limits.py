"""Limit the CPU seconds and memory of one worker job; larger inputs may use more."""

from __future__ import annotations

import resource
from pathlib import Path

MB = 1024 * 1024
# The slowest page of the bench takes half a second, a report of 300 pages some ten.
_BASE_SECONDS, _SECONDS_PER_MB = 10, 2
# A page of 10 MB needs some 100 MB for its tree.
_BASE_MEMORY_MB, _MEMORY_PER_INPUT_BYTE = 160, 20
_STATM = Path("/proc/self/statm")
# What the job at hand may use at most; none outside a worker.
_job_max_mb: int | None = None


def limit_job(size: int, max_mb: int) -> None:
    """Limit what this process may use from now on, for a job with ``size`` bytes of input.

    Memory is bounded by RLIMIT_DATA: allocations beyond it fail as ``MemoryError``. CPU time is
    bounded by RLIMIT_CPU: the system ends the process with SIGXCPU, even in the middle of a C
    function. Both are soft limits, which the next job moves.
    """
    global _job_max_mb  # noqa: PLW0603  # one job at a time in a process
    _job_max_mb = max_mb
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + _BASE_SECONDS + _SECONDS_PER_MB * size // MB
    _set_soft_limit(resource.RLIMIT_CPU, seconds)
    used_bytes = _data_bytes()
    if used_bytes is not None:
        _set_soft_limit(
            resource.RLIMIT_DATA,
            used_bytes + min(_BASE_MEMORY_MB * MB + _MEMORY_PER_INPUT_BYTE * size, max_mb * MB),
        )


def extend_job(size: int) -> None:
    """Let the job at hand use what an input of ``size`` bytes may: it arrived packed."""
    if _job_max_mb is not None:
        limit_job(size, _job_max_mb)


def _set_soft_limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, hard))


def _data_bytes() -> int | None:
    """Return the bytes that count for RLIMIT_DATA; ``None`` where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return None
