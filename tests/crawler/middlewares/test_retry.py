"""Retry-After, as RFC 9110 writes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.http.fetch import retry_after

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b"120", 120.0), (b" 3 ", 3.0), (b"Thu, 05 Mar 2026 09:01:00 GMT", 60.0),
     (b"Thu, 05 Mar 2026 08:00:00 GMT", 0.0), (b"soon", None), (b"", None), (None, None)],
)  # fmt: skip
def test_seconds_and_dates(value: bytes | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds
