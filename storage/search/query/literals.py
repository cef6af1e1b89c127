"""Values of a query's fields that are no words: days, moments, languages, states. Pure."""

from __future__ import annotations

import difflib
import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from storage.errors import BadQuery
from storage.search.query.ast import Days, Flagged, InLanguage, InState, Moments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage.search.query.ast import Expression, Flag, State

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGO = re.compile(r"(\d{1,5})\s*([a-zé]+)", re.IGNORECASE)
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
_FLAGS: dict[str, Flag] = {
    "teaser": "teaser", "extrait": "teaser", "full": "full", "complet": "full",
    "revised": "revised", "révisé": "revised", "revise": "revised",
}  # fmt: skip
_STATES: dict[str, State] = {
    "duplicate": "duplicate", "doublon": "duplicate", "gone": "gone", "disparu": "gone",
    "undated": "undated", "sansdate": "undated",
}  # fmt: skip
_HAVING: dict[str, Flag] = {
    "attachment": "attachment", "pièce": "attachment", "piece": "attachment",
    "picture": "picture", "image": "picture",
}  # fmt: skip


def read(field: str, text: str, place: int, now: datetime) -> Expression:  # noqa: PLR0911
    """The meaning of ``field:text``.

    Raises:
        BadQuery: the field takes no such value.
    """
    if field == "lang":
        code = re.sub(r"[^a-z0-9]", "", text.lower())
        if not re.fullmatch(r"[a-z]{2,3}[a-z0-9]{0,8}", code):
            raise BadQuery(f"{text!r} is no language", place, "write lang:fr or lang:en")
        return InLanguage(code)
    if field == "date":
        return _days(text, place, now)
    if field == "since":
        return _since(text, place, now)
    if field == "until":
        return Days(last=day(text, place, now, end=True))
    word = text.lower()
    if field == "has":
        return Flagged(_HAVING[_one_of(word, _HAVING, "has", place)])
    if word in _STATES:
        return InState(_STATES[word])
    return Flagged(_FLAGS[_one_of(word, {**_FLAGS, **_STATES}, "is", place)])


def _one_of(word: str, known: Mapping[str, str], field: str, place: int) -> str:
    if word in known:
        return word
    near = difflib.get_close_matches(word, known, n=1)
    listed = ", ".join(dict.fromkeys(str(value) for value in known.values()))
    hint = f"did you mean {field}:{near[0]}?" if near else f"it may be {listed}"
    raise BadQuery(f"{field}: takes no {word!r}", place, hint)


def _days(text: str, place: int, now: datetime) -> Days:
    first, dots, last = text.partition("..")
    if not dots:
        return Days(day(text, place, now), day(text, place, now, end=True))
    if not first and not last:
        raise BadQuery("the span of days is empty", place, "write date:2021-09..2021-12")
    begin = day(first, place, now) if first else None
    end = day(last, place, now, end=True) if last else None
    if begin is not None and end is not None and end < begin:
        raise BadQuery("the span of days ends before it begins", place, "turn it round")
    return Days(begin, end)


def day(text: str, place: int, now: datetime, *, end: bool = False) -> date:
    """The first day that ``text`` names, or the last."""
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
        raise BadQuery(f"{text!r} is no day", place, "write 2021-09-23, 2021-09 or 2021") from error


def _since(text: str, place: int, now: datetime) -> Expression:
    match = _AGO.fullmatch(text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        return Days(first=day(text, place, now))
    return Moments(since=ago(now, int(match[1]), unit))


def ago(now: datetime, count: int, unit: str) -> datetime:
    """``count`` hours, days, weeks, months or years before ``now``, not before the year 1."""
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
