"""Moments as publishers write them: machine-readable ones, and words in many languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawler.extraction.french_moments import find_moments
from storage.content import ClaimedMoment

# The first news site went on line in 1993 or so, but archives reach back further; a year
# before this is a number that is no year.
_FIRST_YEAR = 1900
_TOLERANCE = timedelta(days=1)

_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?)?$")
_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}(?!\d))?)?",
    re.IGNORECASE,
)
_UNIX = re.compile(r"^\d{10}(?:\d{3})?$")
# JavaScript's Date.toString(): "Thu Sep 23 2021 14:35:00 GMT+0200 (CEST)".
_JAVASCRIPT = re.compile(
    r"^\w{3},? (\w{3}) (\d{1,2}),? (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT([+-]\d{4})"
)
_MONTHS = {name: i for i, name in enumerate(
    (
    "jan feb mar apr may jun jul aug sep oct nov dec"
    ).split(), 1)}  # fmt: skip


def zone_of(name: str | None) -> tzinfo:
    """The time zone called ``name``, UTC where there is none such."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def parse_machine(text: Any, zone: tzinfo = UTC) -> ClaimedMoment | None:
    """A moment as metadata write it: ISO 8601 and its mutilations, RFC 2822, Unix seconds.

    ``zone`` is what a moment without offset is read in.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = str(int(text))
    if not isinstance(text, str):
        return None
    text = text.strip()
    if not text or len(text) > 80:
        return None
    try:
        return _machine(text, zone)
    except (ValueError, OverflowError):
        return None


def _machine(text: str, zone: tzinfo) -> ClaimedMoment | None:
    if _UNIX.match(text):
        seconds = int(text) / (1000 if len(text) > 10 else 1)
        return ClaimedMoment(datetime.fromtimestamp(seconds, UTC))
    match = _COMPACT.match(text)
    if match:
        parts = [int(p) for p in match.groups() if p]
        return _claimed(datetime(*parts), None, zone, day_only=len(parts) == 3)  # type: ignore[arg-type]
    match = _ISO.search(text)
    if match:
        return _from_iso(match, text, zone)
    match = _JAVASCRIPT.match(text)
    if match and match[1].lower() in _MONTHS:
        at = datetime(
            int(match[3]), _MONTHS[match[1].lower()], int(match[2]),
            int(match[4]), int(match[5]), int(match[6]),
        )  # fmt: skip
        return _claimed(at, match[7], zone, day_only=False)
    if re.match(r"^(?:\w{3}, )?\d{1,2} \w{3} \d{4} \d", text):
        at = parsedate_to_datetime(text)
        return ClaimedMoment(at) if at.tzinfo else _claimed(at, None, zone, day_only=False)
    return None


def _from_iso(match: re.Match[str], text: str, zone: tzinfo) -> ClaimedMoment:
    year, month, day, hour, minute, second, offset = match.groups()
    if hour is None:
        return _claimed(datetime(int(year), int(month), int(day)), None, zone, day_only=True)
    hours = int(hour)
    half = re.match(r"\s*([ap])\.?m", text[match.end() :], re.IGNORECASE)
    if half:
        hours = hours % 12 + (12 if half[1].lower() == "p" else 0)
    at = datetime(int(year), int(month), int(day), hours % 24, int(minute), int(second or 0))
    if hours == 24:
        at += timedelta(days=1)
    return _claimed(at, offset, zone, day_only=False)


def _claimed(at: datetime, offset: str | None, zone: tzinfo, *, day_only: bool) -> ClaimedMoment:
    if at.year < _FIRST_YEAR:
        raise ValueError(f"{at.year} is no year of a publication")
    if offset is None:
        return ClaimedMoment(at.replace(tzinfo=zone), zoned=False, day_only=day_only)
    if offset.upper() in ("Z", "UTC", "GMT"):
        return ClaimedMoment(at.replace(tzinfo=UTC))
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:4])
    if minutes >= 60:
        raise ValueError(f"{offset} is no offset")
    ahead = timedelta(hours=hours, minutes=minutes)
    return ClaimedMoment(at.replace(tzinfo=timezone(-ahead if offset[0] == "-" else ahead)))


def plausible(moment: ClaimedMoment | None, now: datetime | None) -> ClaimedMoment | None:
    """``moment``, or ``None`` where it lies in the future of ``now`` or before 1990."""
    if moment is None or moment.at.year < 1990:
        return None
    if now is not None and moment.at > now + _TOLERANCE:
        return None
    return moment


_URL_DATE = re.compile(
    r"(?:^|[/_-])((?:19|20)\d{2})[/_-]?(0[1-9]|1[0-2]|[a-z]{3})[/_-]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_URL_SPACED = re.compile(r"/((?:19|20)\d{2})/(\d{1,2}|[a-z]{3})/(\d{1,2})/")


def from_url(url: str, zone: tzinfo = UTC) -> ClaimedMoment | None:
    """The day that an address names, as in ``/2021/09/23/`` or ``/20210923-``."""
    path = url.partition("://")[2].partition("?")[0].lower()
    for pattern in (_URL_SPACED, _URL_DATE):
        match = pattern.search(path)
        if not match:
            continue
        month = _MONTHS.get(match[2]) or (int(match[2]) if match[2].isdigit() else 0)
        try:
            day = date(int(match[1]), month, int(match[3]))
        except ValueError:
            continue
        at = datetime(day.year, day.month, day.day, tzinfo=zone)
        return ClaimedMoment(at, zoned=False, day_only=True)
    return None


# Words before a moment that say which one it is, in the languages of large press markets.
PUBLISHED_WORDS = re.compile(
    r"publi|post(?:ed|ado)|created|erschienen|veröffentlicht|stand:|veröff|fecha|pubblicat"
    r"|gepubliceerd|geplaatst|opublikowan|publicerad|udgivet|publisert|julkaistu|yayın|diterbitkan"
    r"|опубликован|опубліковано|δημοσ|발행|입력|発信|公開|发布|發布|نشر|פורסם|first",
    re.IGNORECASE,
)
MODIFIED_WORDS = re.compile(
    r"modif|updat|mis(?:e)? à jour|màj|maj |aktualisiert|geändert|actualiza|aggiorn|atualizad"
    r"|bijgewerkt|gewijzigd|zaktualizowan|uppdaterad|opdateret|oppdatert|päivitetty|güncelle"
    r"|обновлен|оновлено|ενημ|수정|更新|تحديث|עודכן",
    re.IGNORECASE,
)
_FRENCH_HOURS = re.compile(r"(\d{1,2})[ \u00a0\u202f]?h[ \u00a0\u202f]?(\d{2})?(?![a-zà-ÿ])", re.I)
_FRENCH_NAMED = {"à midi": "à 12:00", "à minuit": "à 00:00"}
_LABEL = re.compile(
    r"^(?:[^\d\W]+[\s:.,]*){0,5}?(?=(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)?\s*"
    r"(?:le\s+)?\d)", re.IGNORECASE
)  # fmt: skip
_EASTERN = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]?")
# A word of any length would be gone over from each of its letters: no month has twenty.
_HAS_DATE = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}(?:er|st|nd|rd|th|\.)?\s*(?:de\s+)?[^\W\d]{3,20}\.?,?"
    r"\s*(?:de\s+|del\s+)?\d{4}|[^\W\d]{3,20}\.?\s*\d{1,2}(?:st|nd|rd|th)?,?\s*\d{4}"
    r"|\d{4}\s*[年년]\s*\d{1,2}\s*[月월]|\d{4}[./-]\s?\d{1,2}[./-]\s?\d{1,2}",
)


def has_date(text: str) -> bool:
    """Whether ``text`` holds something that looks like a calendar day with its year."""
    return _HAS_DATE.search(text) is not None


_NUMERIC = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_ENGLISH = (
    re.compile(
        r"(?P<month>[a-z]{3,9})\.?\s*(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,?\s*(?P<year>[0-9]{4})"
    ),
    re.compile(
        r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.)?\s*(?P<month>[a-z]{3,9})\.?,?\s*(?P<year>[0-9]{4})"
    ),
)
_ENGLISH_MONTHS = {name: i for i, name in enumerate(
    (
    "january february march april may june july august september october november december"
    ).split(), 1)} | _MONTHS | {"sept": 9}  # fmt: skip


def _plain_day(text: str, order: str) -> datetime | None:
    """A day of digits alone or with an English month, which need no library to be read.

    dateparser takes 60 ms a language, and 230 ms at first, to make its rules.
    """
    match = _NUMERIC.fullmatch(text)
    if match is not None:
        one, other, year = int(match[1]), int(match[3]), int(match[4])
        day, month = (other, one) if order == "MDY" else (one, other)
    else:
        match = next((m for m in (p.fullmatch(text.lower()) for p in _ENGLISH) if m), None)
        if match is None or match["month"] not in _ENGLISH_MONTHS:
            return None
        day, month, year = int(match["day"]), _ENGLISH_MONTHS[match["month"]], int(match["year"])
    try:
        return datetime(year, month, day)
    except ValueError:
        return None


def _worded_day(text: str, language: str | None, order: str) -> datetime | None:
    """A day in the words of ``language``, or in English ones."""
    import dateparser

    settings = {"DATE_ORDER": order, "REQUIRE_PARTS": ["day", "month", "year"],
                "PREFER_LOCALE_DATE_ORDER": False}  # fmt: skip
    # Without languages named, dateparser compiles the rules of two hundred: seconds, for nothing.
    for name in dict.fromkeys((language, "en")):
        try:
            at = dateparser.parse(text, languages=[name], settings=settings) if name else None
        except (ValueError, OverflowError, AttributeError, TypeError):
            # It refuses unknown languages with ValueError, and trips over some inputs itself.
            continue
        if isinstance(at, datetime):
            return at
    return None


def parse_words(text: str, language: str | None, zone: tzinfo = UTC) -> ClaimedMoment | None:
    """A moment in words, as a reader sees it: ``Publié le jeudi 23 septembre 2021 à 14 h 35``."""
    if language is not None and language.split("-")[0] == "fr":
        found = find_moments(text, zone)
        first = next((one for one in found if one.label == "published"), None)
        if found:
            return (first or found[0]).moment
    text = " ".join(text.split())
    match = _HAS_DATE.search(text)
    if match is None or len(text) > 200:
        return None
    text = text[match.start() : match.start() + 60]
    text = _FRENCH_HOURS.sub(lambda m: f"{m[1]}:{m[2] or '00'}", text)
    for word, hour in _FRENCH_NAMED.items():
        text = text.replace(word, hour)
    eastern = _EASTERN.match(text)
    if eastern:
        text = "-".join(part.zfill(2) for part in eastern.groups()) + text[eastern.end() :]
    machine = parse_machine(text, zone) if text[:4].isdigit() else None
    if machine is not None:
        return machine
    day = match.group()
    tail = text[len(day) :]
    clock = re.search(r"(?<!\d)([01]?\d|2[0-3])[:.]([0-5]\d)(?::[0-5]\d)?(?:\s*([ap])\.?m)?", tail[:40],
                      re.IGNORECASE)  # fmt: skip
    short = language.split("-")[0] if language else None
    order = (
        "MDY" if language in ("en-us", "en_us") or (short == "en" and language == "en") else "DMY"
    )
    at = _plain_day(day, order) or _worded_day(day, short, order)
    if at is None:
        return None
    at = at.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if clock is None:
        return ClaimedMoment(at.replace(tzinfo=zone), zoned=False, day_only=True)
    hours = int(clock[1])
    if clock[3]:
        hours = hours % 12 + (12 if clock[3].lower() == "p" else 0)
    at = at.replace(hour=hours, minute=int(clock[2]), tzinfo=zone)
    return ClaimedMoment(at, zoned=False)
