"""The one reader of timestamps: feeds, sitemaps, structured data, metadata and shown dates.

:func:`read_timestamp` takes a whole value, and understands all of it or refuses it: a zone that
it does not know is no reason to guess another. :func:`find_timestamp` looks for a timestamp among
other words, as a page shows it to readers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Literal

from crawler.extraction.dates.clocks import Clock, find_clocks
from crawler.extraction.dates.days import YEARS, Day, find_day, tokens
from crawler.extraction.dates.words import NOTHING, fold, words_of
from crawler.extraction.dates.zones import named_zone
from storage.types.content import StatedTimestamp

Precision = Literal["month", "day", "time"]
_MOST_CHARS = 100
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::[0-5]\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_COMPACT = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?)?(?!\d)"
)
_UNIX = re.compile(r"\d{10}(?:\d{3}|\d{6})?(?:\.\d{1,6})?")
_PERSIAN = re.compile("[\u06f0-\u06f9]")
_EASTERN_NUMBER = re.compile("[〇零一二三四五六七八九十]{1,4}(?=[年月日號号])")
_EASTERN_DIGITS = {sign: i for i, sign in enumerate("〇一二三四五六七八九")} | {"零": 0}
# How far from its day a time of day may stand.
_REACH, _REACH_BACK = 40, 25
# "23 septembre 2021 à midi".
_REACH_OF_WORDS = 6


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A timestamp as stated: ``at`` is aware, and in the reader's zone where none was stated."""

    at: datetime
    zoned: bool
    precision: Precision

    @property
    def moment(self) -> StatedTimestamp | None:
        """As a claim of a page; a month alone is no day."""
        if self.precision == "month":
            return None
        return StatedTimestamp(self.at, self.zoned, day_only=self.precision == "day")


def plain(text: str) -> str:
    """``text`` with ASCII digits, plain spaces and no marks that cannot be seen."""
    text = text.replace("İ", "I").replace("º", "").replace("ª", "")
    text = NOTHING.sub("", unicodedata.normalize("NFKC", text))
    if not text.isascii():
        text = "".join(_digit(c) for c in text)
        text = _EASTERN_NUMBER.sub(lambda m: str(_eastern_number(m[0])), text)
    return " ".join(text.split())


def _digit(sign: str) -> str:
    return str(unicodedata.decimal(sign)) if sign.isdecimal() else sign


def _eastern_number(signs: str) -> int:
    """``二〇二六`` as 2026, ``二十三`` as 23."""
    if "十" not in signs:
        return int("".join(str(_EASTERN_DIGITS[sign]) for sign in signs))
    tens, _, ones = signs.partition("十")
    return 10 * (_EASTERN_DIGITS.get(tens, 0) if tens else 1) + _EASTERN_DIGITS.get(ones, 0)


def read_timestamp(value: Any, zone: tzinfo = UTC, language: str | None = None) -> Timestamp | None:
    """The timestamp that ``value`` is, all of it; ``None`` where any part is not understood.

    ``zone`` is what a time without zone is read in, ``language`` (BCP 47) decides between the
    orders of days and months.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_unix(value) if abs(value) < 1e17 else None
    if not isinstance(value, str) or len(value) > _MOST_CHARS:
        return None
    text = value.strip()
    try:
        if _ISO.fullmatch(text):
            return _from_iso(text, zone)
        return _read(text, zone, language)
    except (ValueError, OverflowError):
        return None


def _from_unix(seconds: float) -> Timestamp | None:
    """Seconds, milliseconds or microseconds since 1970."""
    while seconds > 1e11:
        seconds /= 1000
    if seconds < 1e8:
        return None
    return Timestamp(datetime.fromtimestamp(int(seconds), UTC), True, "time")


def _from_iso(text: str, zone: tzinfo) -> Timestamp:
    day, clock = text[:10], text[11:]
    after = 0
    if clock.startswith("24:00"):
        clock, after = "00" + clock[2:], 1
    at = datetime.fromisoformat(f"{day}T{clock}" if clock else day).replace(microsecond=0)
    return _stamp(at + timedelta(days=after), zone, "time" if clock else "day")


def _stamp(at: datetime, zone: tzinfo, precision: Precision) -> Timestamp:
    if at.year not in YEARS:
        raise ValueError(f"{at.year} is no year of a publication")
    if at.tzinfo is not None:
        return Timestamp(at, True, precision)
    return Timestamp(at.replace(tzinfo=zone), False, precision)


def _read(value: str, zone: tzinfo, language: str | None) -> Timestamp | None:
    text = plain(value)
    if _UNIX.fullmatch(text):
        return _from_unix(float(text))
    if match := _COMPACT.match(text):
        year, month, day, hour, minute, second = match.groups()
        clock = f" {hour}:{minute}:{second or '00'}" if hour else ""
        text = f"{year}-{month}-{day}{clock}{text[match.end() :]}"
    if match := _MONTH.fullmatch(text):
        return _stamp(datetime(int(match[1]), int(match[2]), 1), zone, "month")
    found = _day_and_clock(text, value, language, shown=False)
    if found is None or len(found[1]) > 1 or not _is_all(text, found[0], found[1], language):
        return None
    return _joined(found[0], found[1][0] if found[1] else None, zone)


def find_timestamp(
    text: str, zone: tzinfo = UTC, language: str | None = None
) -> StatedTimestamp | None:
    """The first timestamp that stands in ``text``, with the time of day nearest to it."""
    if _MAY_HOLD.search(text) is None:
        return None
    found = _day_and_clock(plain(text), text, language, shown=True)
    if found is None:
        return None
    day, clocks = found
    behind = [
        c for c in clocks
        if day.end <= c.start <= day.end + (_REACH_OF_WORDS if c.is_word else _REACH)
    ]  # fmt: skip
    inside = [c for c in clocks if day.start < c.start < day.end]
    before = [c for c in clocks if c.end <= day.start <= c.end + _REACH_BACK]
    clock = next(iter([*inside, *behind, *reversed(before)]), None)
    try:
        return _joined(day, clock, zone).moment
    except (ValueError, OverflowError):
        return None


_MAY_HOLD = re.compile(
    r"\d{4}|\d\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2}|[年년]|元|[-’'\u0e00-\u0e7f]\.?\s?\d{2}(?!\d)"
)


@lru_cache(maxsize=4096)
def has_day(text: str) -> bool:
    """Return whether a calendar day with its year stands in ``text``."""
    if _MAY_HOLD.search(text) is None:
        return False
    clean = plain(text)
    native = _PERSIAN.search(text) is not None
    return find_day(clean, None, clean, native=native) is not None


def _day_and_clock(
    text: str, value: str, language: str | None, *, shown: bool
) -> tuple[Day, list[Clock]] | None:
    native = _PERSIAN.search(value) is not None
    day = find_day(text, language, text, native=native)
    clocks = find_clocks(_blank(text, day, "\0"), language, shown=shown)
    if clocks:
        # A day in words may stand around the time: "Nov 12 14:30:00 CET 2026".
        clean = text
        for clock in clocks:
            clean = _blank(clean, clock)
        day = find_day(clean, language, clean, native=native) or day
        if day is not None:
            clocks = [c for c in clocks if c.end <= day.start or c.start >= day.start]
    return None if day is None else (day, clocks)


def _blank(text: str, part: Day | Clock | None, sign: str = " ") -> str:
    if part is None:
        return text
    return f"{text[: part.start]}{sign * (part.end - part.start)}{text[part.end :]}"


def _is_all(text: str, day: Day, clocks: list[Clock], language: str | None) -> bool:
    """Return whether nothing of ``text`` is left that may mean something."""
    rest = text
    for clock in clocks:
        rest = _blank(rest, clock)
    rest = _blank(rest, day)
    words = words_of(language)
    for token in tokens(rest):
        if token.kind == "number":
            return False
        name = fold(token.text)
        if token.kind == "word" and not (
            name in words.days or name in words.between or name in ("t", "uhr", "hrs", "h")
        ):
            return False
    return True


def _joined(day: Day, clock: Clock | None, zone: tzinfo) -> Timestamp:
    at = datetime(day.day.year, day.day.month, day.day.day)
    if clock is None:
        return _stamp(at, zone, "day")
    at += timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
    if clock.zone is not None:
        return _stamp(at.replace(tzinfo=clock.zone), zone, "time")
    if clock.abbreviation is not None:
        named = named_zone(clock.abbreviation, at, zone)
        if named is None:
            raise ValueError(f"{clock.abbreviation} is no known time zone")
        return _stamp(at.replace(tzinfo=named), zone, "time")
    return _stamp(at, zone, "time")
