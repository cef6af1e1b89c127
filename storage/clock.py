"""The current time, in one place so that tests can replace it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time in UTC, aware."""
    return datetime.now(UTC)
