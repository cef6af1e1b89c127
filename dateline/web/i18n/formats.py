"""Dates, times, numbers and names of languages as each language writes them (CLDR, by Babel)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent

from storage.types.content import StatedTimestamp

# English dates as most of the world writes them: "23 September 2021", "14:05".
_LOCALES = {"en": "en_GB", "fr": "fr_FR"}
_PERIODS = {"month": "yMMM", "year": "y"}
NOTHING = "—"


@lru_cache(maxsize=len(_LOCALES))
def locale_of(language: str) -> Locale:
    """The locale whose conventions ``language`` is written with."""
    return Locale.parse(_LOCALES[language])


def number(value: float, language: str) -> str:
    """A whole number with its thousands apart: ``1,234``, ``1 234``."""
    return format_decimal(value, "#,##0", locale=locale_of(language))


def decimal(value: float, language: str) -> str:
    """A number with up to two significant decimals: ``0.25``, ``0,25``."""
    return format_decimal(value, "#,##0.##", locale=locale_of(language))


def percent(value: float, language: str, digits: int = 0) -> str:
    """A share as a percentage: ``12%``, ``12 %``."""
    text = format_percent(value, locale=locale_of(language))
    if digits:
        pattern = locale_of(language).percent_formats[None].pattern
        text = format_percent(
            value, pattern.replace("0", f"0.{'#' * digits}"), locale=locale_of(language)
        )
    return text


def day(value: date | datetime, language: str) -> str:
    """``23 September 2021``, ``1er septembre 2021``."""
    text = format_date(value, "long", locale=locale_of(language))
    # CLDR has no ordinal for the first of a month, which French writes with one.
    return text.replace("1 ", "1er ", 1) if language == "fr" and value.day == 1 else text


def period(first: date, by: str, language: str) -> str:
    """The name of a day, month or year: ``23 Sept 2021``, ``sept. 2021``, ``2021``."""
    if by == "day":
        return format_date(first, "medium", locale=locale_of(language))
    return format_skeleton(_PERIODS[by], first, locale=locale_of(language))


def moment(value: datetime | StatedTimestamp | str | None, language: str) -> str:
    """A date with its time where that is known.

    A publisher's timestamp keeps the publisher's time zone; all others are in UTC.
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        value = StatedTimestamp.fromisoformat(value)
    if isinstance(value, StatedTimestamp):
        at, only_day = value.at, value.day_only
    else:
        at, only_day = value.astimezone(UTC), False
    if only_day:
        return day(at, language)
    return f"{day(at, language)}, {format_time(at.timetz(), 'short', locale=locale_of(language))}"


def language_name(code: str, language: str) -> str:
    """The name of the language ``code``: ``French``, ``français``; the code where it has none."""
    try:
        return Locale.parse(code, sep="-").get_display_name(locale_of(language)) or code
    except (UnknownLocaleError, ValueError):
        return code
