"""Parses field values that are not words: days, ages, languages, states. Pure."""

from __future__ import annotations

import difflib
import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from storage.errors import BadQuery
from storage.search.query.ast import DayRange, HasFlag, HasState, InLanguage, TimeRange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage.search.query.ast import Expression, Flag, State

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGE = re.compile(r"(\d{1,5})\s*([a-zé]+)", re.IGNORECASE)
_UNITS = {
    "h": "hours", "hour": "hours", "hours": "hours", "heure": "hours", "heures": "hours",
    "d": "days", "day": "days", "days": "days", "j": "days", "jour": "days", "jours": "days",
    "w": "weeks", "week": "weeks", "weeks": "weeks", "s": "weeks", "sem": "weeks",
    "semaine": "weeks", "semaines": "weeks",
    "m": "months", "month": "months", "months": "months", "mois": "months",
    "y": "years", "year": "years", "years": "years", "a": "years", "an": "years", "ans": "years",
}  # fmt: skip
_RELATIVE = {
    "today": 0, "aujourd'hui": 0, "aujourdhui": 0, "yesterday": 1, "hier": 1,
}  # fmt: skip
_IS_FLAGS: dict[str, Flag] = {
    "teaser": "teaser", "extrait": "teaser", "full": "full", "complet": "full",
    "revised": "revised", "révisé": "revised", "revise": "revised",
}  # fmt: skip
_IS_STATES: dict[str, State] = {
    "duplicate": "duplicate", "doublon": "duplicate", "gone": "gone", "disparu": "gone",
    "undated": "undated", "sansdate": "undated",
    "doubtful": "doubtful", "douteux": "doubtful",
}  # fmt: skip
_HAS_FLAGS: dict[str, Flag] = {
    "attachment": "attachment", "pièce": "attachment", "piece": "attachment",
    "picture": "picture", "image": "picture",
}  # fmt: skip


def parse_value(field: str, text: str, place: int, now: datetime) -> Expression:  # noqa: PLR0911
    """Parse ``field:text``.

    Raises:
        BadQuery: the field does not accept this value.
    """
    if field == "lang":
        code = re.sub(r"[^a-z0-9]", "", text.lower())
        if not re.fullmatch(r"[a-z]{2,3}[a-z0-9]{0,8}", code):
            raise BadQuery(f"{text!r} is not a language", place, "write lang:fr or lang:en")
        return InLanguage(code)
    if field == "date":
        return _parse_days(text, place, now)
    if field == "since":
        return _parse_since(text, place, now)
    if field == "until":
        return DayRange(last=parse_day(text, place, now, end=True))
    word = text.lower()
    if field == "has":
        return HasFlag(_HAS_FLAGS[_require_one_of(word, _HAS_FLAGS, "has", place)])
    if word in _IS_STATES:
        return HasState(_IS_STATES[word])
    return HasFlag(_IS_FLAGS[_require_one_of(word, {**_IS_FLAGS, **_IS_STATES}, "is", place)])


def _require_one_of(word: str, known: Mapping[str, str], field: str, place: int) -> str:
    if word in known:
        return word
    near = difflib.get_close_matches(word, known, n=1)
    listed = ", ".join(dict.fromkeys(str(value) for value in known.values()))
    hint = f"did you mean {field}:{near[0]}?" if near else f"choose one of {listed}"
    raise BadQuery(f"{field}: does not accept {word!r}", place, hint)


def _parse_days(text: str, place: int, now: datetime) -> DayRange:
    first, dots, last = text.partition("..")
    if not dots:
        return DayRange(parse_day(text, place, now), parse_day(text, place, now, end=True))
    if not first and not last:
        raise BadQuery("the date range is empty", place, "write date:2021-09..2021-12")
    begin = parse_day(first, place, now) if first else None
    end = parse_day(last, place, now, end=True) if last else None
    if begin is not None and end is not None and end < begin:
        raise BadQuery("the date range ends before it begins", place, "swap the two dates")
    return DayRange(begin, end)


def parse_day(text: str, place: int, now: datetime, *, end: bool = False) -> date:
    """Return the first day of a day, month or year; with ``end``, the last one."""
    ago = _RELATIVE.get(text.lower())
    if ago is not None:
        return now.date() - timedelta(days=ago)
    match = _DAY.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        year, month = int(match[1]), int(match[2] or (12 if end else 1))
        if match[3] is not None:
            return date(year, month, int(match[3]))
        return date(year, month, monthrange(year, month)[1] if end else 1)
    except ValueError as error:
        raise BadQuery(
            f"{text!r} is not a date", place, "write 2021-09-23, 2021-09 or 2021"
        ) from error


def _parse_since(text: str, place: int, now: datetime) -> Expression:
    match = _AGE.fullmatch(text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        return DayRange(first=parse_day(text, place, now))
    return TimeRange(since=time_before(now, int(match[1]), unit))


def time_before(now: datetime, count: int, unit: str) -> datetime:
    """Return ``now`` minus ``count`` units (hours to years), but not before the year 1."""
    if unit in ("months", "years"):
        months = count * (12 if unit == "years" else 1)
        month = now.year * 12 + now.month - 1 - months
        year, number = divmod(month, 12)
        if year < 1:
            return datetime(1, 1, 1, tzinfo=UTC)
        return now.replace(
            year=year, month=number + 1, day=min(now.day, monthrange(year, number + 1)[1])
        )
    try:
        return now - timedelta(**{unit: count})
    except OverflowError:
        return datetime(1, 1, 1, tzinfo=UTC)
