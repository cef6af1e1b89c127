"""Arguments of a crawl run: ``limit``, ``since``, ``depth``, ``due``, ``rechecks``, ``urls``,
``media``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from storage.text.normalize import is_whole_number
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

DEFAULT_DEPTH = 1


class BadArgument(ValueError):
    """A run argument is invalid."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A run's limits. ``limit`` 0 means none."""

    limit: int
    since: datetime | None
    depth: int
    due: bool
    rechecks: int
    urls: tuple[str, ...] = ()
    media: int = 0


def read_arguments(raw: dict[str, Any], settings: BaseSettings, now: datetime) -> Arguments:
    """Read the spider's arguments, which are strings when they come from ``scrapy crawl -a``.

    Raises:
        BadArgument: one is unknown or has a value that makes no sense.
    """
    known = {"limit", "since", "depth", "due", "rechecks", "urls", "media"}
    unknown = set(raw) - known
    if unknown:
        raise BadArgument(
            f"unknown argument {min(unknown)!r}. Known arguments: {', '.join(sorted(known))}"
        )
    return Arguments(
        limit=_number(raw, "limit", settings.getint("DATELINE_LIMIT")),
        since=parse_since(raw["since"], now) if raw.get("since") else None,
        depth=_number(raw, "depth", DEFAULT_DEPTH),
        due=str(raw.get("due", "")).lower() in ("1", "true", "yes"),
        rechecks=_number(raw, "rechecks", settings.getint("DATELINE_RECHECKS")),
        urls=_urls(raw.get("urls", ())),
        media=_number(raw, "media", settings.getint("DATELINE_MEDIA")),
    )


def _urls(value: Any) -> tuple[str, ...]:
    urls = value.split() if isinstance(value, str) else tuple(value)
    for url in urls:
        if not is_web_url(url):
            raise BadArgument(
                f"{url!r} is not a web address. Example: https://news.example/a-story"
            )
    return tuple(urls)


def _number(raw: dict[str, Any], name: str, default: int) -> int:
    value = raw.get(name)
    if value is None or value == "":
        return default
    if not is_whole_number(str(value)):
        raise BadArgument(f"{name}={value!r} is not a whole number of 0 or more")
    return int(value)


def parse_since(value: Any, now: datetime) -> datetime:
    """Parse ``2021-09-23``, ``2021-09``, an ISO timestamp, or an age: ``12h 7d 2w 3m 1y``.

    Raises:
        BadArgument: it is none of these.
    """
    if isinstance(value, datetime):
        return value
    text = str(value).strip()
    match = re.fullmatch(r"(\d{1,4})([hdwmy])", text)
    if match:
        days = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}[match[2]]
        return now - timedelta(days=days * int(match[1]))
    if re.fullmatch(r"\d{4}", text):
        text += "-01-01"
    elif re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise BadArgument(
            f"{value!r} is not a date. Write 2021-09-23, 2021-09, or an age such as 7d"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
