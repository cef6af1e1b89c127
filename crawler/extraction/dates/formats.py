"""Reads timestamps as publishers write them: machine-readable, or words of many languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from crawler.extraction.dates.timestamps import find_timestamp, has_day, read_timestamp
from crawler.extraction.dates.zones import zone_called
from storage.types.content import StatedTimestamp

_MONTHS_OF_A_YEAR = 12
_TOLERANCE = timedelta(days=1)
# No line with a date is longer.
_MOST_SHOWN = 200
# "Published:", "Mis en ligne le".
_LABEL_WORDS = 4
_LABEL_WORD = re.compile(r"\s*[^\W\d_][^\s\d]*[\s:]+")
_NAMES = (
    "january february march april may june july august september october november december"
).split()
_MONTHS = {form: i for i, name in enumerate(_NAMES, 1) for form in (name, name[:3])}


def zone_of(name: str | None) -> tzinfo:
    """Return the time zone called ``name``; UTC if it is unknown."""
    return zone_called(name) or UTC


def parse_machine(
    text: Any, zone: tzinfo = UTC, language: str | None = None
) -> StatedTimestamp | None:
    """A timestamp that is a value of its own, as metadata and feeds write it.

    ``zone`` is what a timestamp without offset is read in.
    """
    found = read_timestamp(text, zone, language)
    return None if found is None else found.moment


def parse_value(text: Any, zone: tzinfo, language: str | None) -> StatedTimestamp | None:
    """As :func:`parse_machine`; a value of text may begin with words that say what it is."""
    found = parse_machine(text, zone, language)
    if found is not None or not isinstance(text, str) or len(text) > _MOST_SHOWN:
        return found
    rest = text
    for _ in range(_LABEL_WORDS):
        label = _LABEL_WORD.match(rest)
        if label is None:
            return None
        rest = rest[label.end() :]
        found = parse_machine(rest, zone, language)
        if found is not None:
            return found
    return None


def parse_words(text: str, language: str | None, zone: tzinfo = UTC) -> StatedTimestamp | None:
    """A timestamp among other words: ``Publié le jeudi 23 septembre 2021 à 14 h 35``."""
    return find_timestamp(text, zone, language) if len(text) <= _MOST_SHOWN else None


def has_date(text: str) -> bool:
    """Return whether ``text`` holds a calendar day with its year."""
    return has_day(text) if len(text) <= _MOST_SHOWN else False


def plausible(moment: StatedTimestamp | None, now: datetime | None) -> StatedTimestamp | None:
    """``moment``, or ``None`` where it lies in the future of ``now`` or before 1990."""
    if moment is None or moment.at.year < 1990:
        return None
    if now is not None and moment.at > now + _TOLERANCE:
        return None
    return moment


_URL_DATE = re.compile(
    r"(?:^|[/_-])((?:19|20)\d{2})[/_-]?(0[1-9]|1[0-2]|[a-z]{3})[/_-]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_URL_SPACED = re.compile(r"/((?:19|20)\d{2})/(\d{1,2}|[a-z]{3,9})/(\d{1,2})/")
# With the year last only where no month is that great: 29-10-2021.
_URL_YEAR_LAST = re.compile(r"(?:^|[/_~-])(\d{2})[-_.](\d{2})[-_.]((?:19|20)\d{2})(?!\d)")


def from_url(url: str, zone: tzinfo = UTC) -> StatedTimestamp | None:
    """The day that a URL names, as in ``/2021/09/23/`` or ``/20210923-``."""
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
        return _day(day, zone)
    last = _URL_YEAR_LAST.search(path)
    if last:
        one, other, year = (int(number) for number in last.groups())
        day_, month = (one, other) if other <= _MONTHS_OF_A_YEAR else (other, one)
        if month <= _MONTHS_OF_A_YEAR < day_:
            try:
                return _day(date(year, month, day_), zone)
            except ValueError:
                return None
    return None


def _day(day: date, zone: tzinfo) -> StatedTimestamp:
    at = datetime(day.year, day.month, day.day, tzinfo=zone)
    return StatedTimestamp(at, zoned=False, day_only=True)


# Words before a timestamp that say which one it is, in the languages of large press markets.
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
