"""Fetch one request, and read response headers as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from crawler.http import failures

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})")


class Redirect(NamedTuple):
    """Where a page's refresh sends its reader, after how many seconds."""

    seconds: float
    url: str


async def fetch(crawler: Crawler, request: Request) -> Response | failures.Failure:
    """Fetch ``request`` outside the scheduler; return the response or the failure."""
    try:
        response = await crawler.engine.download_async(request)
    except Exception as error:  # noqa: BLE001  # of any kind: who asked is told
        return failures.classify_exception(error, request.url)
    return failures.classify_status(response) or response


def header(response: Response, name: str) -> str | None:
    """Return a header of ``response`` as text; ``None`` where it is missing or empty."""
    value = response.headers.get(name)
    # NUL is allowed in no header (RFC 9110, 5.5), and PostgreSQL takes none.
    return value.decode("latin-1").replace("\x00", "") if value else None


def http_date(text: str) -> datetime | None:
    """Parse the date of an HTTP header (RFC 9110, 5.6.7); ``None`` where it is invalid."""
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def max_age(response: Response) -> int | None:
    """Return the seconds for which Cache-Control calls a response fresh (RFC 9111, 5.2.2.1)."""
    value = (header(response, "Cache-Control") or "").lower()
    if "no-cache" in value or "no-store" in value:
        return None
    match = _MAX_AGE.search(value)
    return int(match[1]) if match else None


def content_type(response: Response) -> str:
    """Return the media type with its parameters as the server sends it, ``""`` for none."""
    return header(response, "Content-Type") or ""


def retry_after(value: bytes | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3), ``None`` for none."""
    if not value:
        return None
    text = value.decode("latin-1").strip()
    if text.isdigit():
        return float(text)
    parsed = http_date(text)
    return None if parsed is None else max(0.0, (parsed - now).total_seconds())
