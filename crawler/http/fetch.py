"""What spiders share around a request: an answer or why there is none, and its headers as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from crawler.http import failures

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})")


async def fetch(crawler: Crawler, request: Request) -> Response | failures.Failure:
    """The page that answers ``request``, or the reason why none does; outside the scheduler."""
    try:
        response = await crawler.engine.download_async(request)
    except Exception as error:  # noqa: BLE001  # of any kind: who asked is told
        return failures.of_exception(error, request.url)
    return failures.of_status(response) or response


def header(response: Response, name: str) -> str | None:
    """A header of ``response`` as text; ``None`` where it has none, or an empty one."""
    value = response.headers.get(name)
    # NUL is allowed in no header (RFC 9110, 5.5), and PostgreSQL takes none.
    return value.decode("latin-1").replace("\x00", "") if value else None


def http_date(text: str) -> datetime | None:
    """The moment of an HTTP header (RFC 9110, 5.6.7); ``None`` where it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def max_age(response: Response) -> int | None:
    """Seconds for which an answer is fresh by its Cache-Control (RFC 9111, 5.2.2.1)."""
    said = (header(response, "Cache-Control") or "").lower()
    if "no-cache" in said or "no-store" in said:
        return None
    match = _MAX_AGE.search(said)
    return int(match[1]) if match else None


def content_type(response: Response) -> str:
    """The media type with its parameters as the server names it, ``""`` where it does not."""
    return header(response, "Content-Type") or ""


def retry_after(value: bytes | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3), ``None`` where it says none."""
    if not value:
        return None
    text = value.decode("latin-1").strip()
    if text.isdigit():
        return float(text)
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())
