"""Reads timestamps as the French press writes them, in the source's time zone.

``timestamps.py`` reads one timestamp with its year, in any language. This reads what numbered pages
of French agencies have beside: several timestamps in a line with what each is said to be, days
without a year, and times that count from now (``hier à 14 h``, ``il y a deux heures``).
Everything it does not know is left to others: it returns nothing rather than a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Literal

from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

Label = Literal["published", "modified", ""]

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("janvier janv jan", "février fevrier févr fevr fév fev", "mars", "avril avr", "mai",
         "juin", "juillet juil", "août aout aou", "septembre sept sep", "octobre oct",
         "novembre nov", "décembre decembre déc dec"), 1)
    for name in names.split()
}  # fmt: skip
_WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_NUMBERS = {"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7,
            "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "quinze": 15, "vingt": 20,
            "trente": 30}  # fmt: skip
_S = r"[\s\u00a0\u202f\u2009]"
_WEEKDAY = rf"(?:(?:{'|'.join(_WEEKDAYS)}|lun|mar|mer|jeu|ven|sam|dim)\.?,?{_S}+)?"
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_NUMBERS)})"
# "à 14 h 35", "14h", "14:35", "à midi", "à minuit et demi" is not written by anybody.
_CLOCK = (
    rf"(?:{_S}*(?:,|-|–|\||•)?{_S}*(?:à|a|vers|dès)?{_S}*(?:(?P<hour>[01]?\d|2[0-4]){_S}*(?:"
    rf"(?:h|H|heures?){_S}*(?P<minute>[0-5]\d)?(?!\w)|[:.](?P<minute2>[0-5]\d)(?::[0-5]\d)?(?!\d))"
    rf"|(?P<named>midi|minuit)\b))?"
)
_DAYS = (
    rf"(?P<day>[0-3]?\d)(?:er|ᵉʳ)?{_S}+(?P<month>{_MONTH})\b\.?,?(?:{_S}+(?P<year>\d{{4}})\b)?",
    r"(?<![\d/.-])(?P<nday>[0-3]?\d)(?P<sep>[/.-])(?P<nmonth>[01]?\d)(?P=sep)(?P<nyear>\d{4}|\d{2})(?![\d/-])",
    r"(?<![\d/.-])(?P<iyear>(?:19|20)\d{2})-(?P<imonth>[01]\d)-(?P<iday>[0-3]\d)(?!\d)",
    r"(?P<near>avant[- ]hier|aujourd['’]hui|hier|ce\s(?:matin|midi|soir)|cet(?:te)?\s(?:après-midi|nuit))",
    rf"(?P<last>{'|'.join(_WEEKDAYS)}){_S}+dernier",
)  # fmt: skip
_DATED = re.compile(
    rf"(?:\b(?:le|du|ce){_S}+)?{_WEEKDAY}(?:{'|'.join(_DAYS)}){_CLOCK}", re.IGNORECASE
)
_AGO = re.compile(
    rf"il{_S}+y{_S}+a{_S}+(?:environ{_S}+|moins{_S}+d['’]|près{_S}+d['’e]{_S}*)?(?:(?P<quarter>un{_S}+quart{_S}+d['’]heure)"
    rf"|(?P<half>une{_S}+demi[- ]heure)|(?P<count>{_COUNT}){_S}*(?P<unit>secondes?|sec\b|minutes?|min\b|mn\b|heures?|h\b"
    rf"|jours?|j\b|semaines?|mois|ans?))|(?P<now>à l['’]instant|à{_S}+l['’]instant|maintenant)",
    re.IGNORECASE,
)
# "14h35 - 23/09/2021", "10 h 35 le 3 mars 2021".
_CLOCK_BEFORE = re.compile(
    rf"(?<!\d)(?P<hour>[01]?\d|2[0-4]){_S}*(?:h{_S}*(?P<minute>[0-5]\d)?|:(?P<minute2>[0-5]\d)){_S}*"
    rf"(?:[,|•–-]|\ble\b)?{_S}*$",
    re.IGNORECASE,
)
# A line that holds a clock time and nothing else but what it is of.
_CLOCK_ALONE = re.compile(
    rf"\W*(?:[^\W\d]+{_S}+){{0,4}}?(?:à{_S}+)?(?:(?P<hour>[01]?\d|2[0-4]){_S}*(?:h|heures?|:){_S}*(?P<minute>[0-5]\d)?"
    rf"|(?P<named>midi|minuit))\W*",
    re.IGNORECASE,
)
_MODIFIED = re.compile(
    r"mis(?:e|es)?\s+à\s+jour|màj|maj\b|modifié|actualisé|dernière\s+modification|édité",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(r"publi|posté|mis(?:e)?\s+en\s+ligne|paru|diffusé|créé", re.IGNORECASE)
_NEAR = {"aujourd": 0, "ce": 0, "cet": 0, "hier": 1, "avant": 2}
_PARTS = {"matin": 8, "midi": 12, "après-midi": 15, "soir": 19, "nuit": 2}
# A year of two digits up to so many years ahead is of this century.
_AHEAD = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A timestamp in a text: what it is said to be, and where it stands (in characters)."""

    moment: StatedTimestamp
    label: Label
    start: int
    end: int


def find_moments(text: str, zone: tzinfo, now: datetime | None = None) -> list[Found]:
    """The timestamps in ``text`` in their order; those that count from today need ``now`` (aware).

    A day without year is the last such day not after ``now``. An hour that the change of the
    clock leaves out is read as the one that the clock showed instead; of one that comes twice
    the first is meant.
    """
    today = now.astimezone(zone) if now is not None else None
    found: list[Found] = []
    for start, end, moment in sorted(_all(text, zone, today), key=lambda one: one[0]):
        if found and start < found[-1].end:
            continue
        before = text[found[-1].end if found else 0 : start]
        found.append(Found(moment, _label(before), start, end))
    alone = _CLOCK_ALONE.fullmatch(text) if not found and today is not None else None
    if alone is not None and today is not None:
        found.append(Found(_last_clock(alone, today), _label(text), 0, len(text)))
    return found


def _all(
    text: str, zone: tzinfo, today: datetime | None
) -> Iterator[tuple[int, int, StatedTimestamp]]:
    for match in _DATED.finditer(text):
        moment = _dated(match, zone, today)
        if moment is None:
            continue
        start = match.start()
        clock = _CLOCK_BEFORE.search(text, max(0, start - 20), start) if moment.day_only else None
        if clock is not None:
            wall = moment.at.replace(tzinfo=None, hour=int(clock["hour"]) % 24,
                                     minute=int(clock["minute"] or clock["minute2"] or 0))  # fmt: skip
            start, moment = clock.start(), _at(wall, zone)
        yield start, match.end(), moment
    if today is not None:
        for match in _AGO.finditer(text):
            yield match.start(), match.end(), _ago(match, today)


def _label(before: str) -> Label:
    """Return the label of a timestamp: the nearest word between it and the one before."""
    modified = [m.start() for m in _MODIFIED.finditer(before)]
    published = [m.start() for m in _PUBLISHED.finditer(before)]
    if modified and (not published or modified[-1] > published[-1]):
        return "modified"
    return "published" if published else ""


def _dated(match: re.Match[str], zone: tzinfo, today: datetime | None) -> StatedTimestamp | None:
    day = _day(match, today)
    if day is None:
        return None
    if match["named"]:
        hour, minute = (12 if match["named"].lower() == "midi" else 0), 0
    elif match["hour"]:
        hour, minute = int(match["hour"]), int(match["minute"] or match["minute2"] or 0)
    else:
        return _day_only(day, zone)
    if hour == 24:
        day, hour = day + timedelta(days=1), 0
    return _at(day.replace(hour=hour, minute=minute), zone)


def _day_only(day: datetime, zone: tzinfo) -> StatedTimestamp:
    return StatedTimestamp(day.replace(tzinfo=zone), zoned=False, day_only=True)


def _at(wall: datetime, zone: tzinfo) -> StatedTimestamp:
    """``wall`` in ``zone``; through UTC, so that an hour that did not exist becomes one that did."""
    return StatedTimestamp(wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone), zoned=False)


def _day(match: re.Match[str], today: datetime | None) -> datetime | None:
    try:
        if match["day"]:
            return _in_words(match, today)
        if match["nday"]:
            year = int(match["nyear"])
            if year < 100:
                ahead = (today.year if today is not None else 2026) % 100 + _AHEAD
                year += 2000 if year <= ahead else 1900
            return datetime(year, int(match["nmonth"]), int(match["nday"]))
        if match["iday"]:
            return datetime(int(match["iyear"]), int(match["imonth"]), int(match["iday"]))
    except ValueError:
        return None  # the 31st of a month that has 30 days
    if today is None:
        return None
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if match["last"]:
        back = (midnight.weekday() - _WEEKDAYS.index(match["last"].lower())) % 7 or 7
        return midnight - timedelta(days=back)
    word = re.split(r"[\s'’-]", match["near"].lower())[0]
    return midnight - timedelta(days=_NEAR.get(word, 0))


def _in_words(match: re.Match[str], today: datetime | None) -> datetime | None:
    month, day = _MONTHS[match["month"].lower()], int(match["day"])
    if match["year"]:
        return datetime(int(match["year"]), month, day)
    if today is None:
        return None
    this = datetime(today.year, month, day)
    # A day: the page may have been written in another zone.
    late = this > today.replace(tzinfo=None) + timedelta(days=1)
    return this.replace(year=today.year - 1) if late else this


def _last_clock(match: re.Match[str], today: datetime) -> StatedTimestamp:
    """The last time that the clock showed this."""
    if match["named"]:
        hour, minute = (12 if match["named"].lower() == "midi" else 0), 0
    else:
        hour, minute = int(match["hour"]) % 24, int(match["minute"] or 0)
    wall = today.replace(tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0)
    if wall > today.replace(tzinfo=None):
        wall -= timedelta(days=1)
    return _at(wall, _zone(today))


def _ago(match: re.Match[str], today: datetime) -> StatedTimestamp:
    if match["now"]:
        return StatedTimestamp(today, zoned=False)
    if match["quarter"]:
        return _back(today, timedelta(minutes=15))
    if match["half"]:
        return _back(today, timedelta(minutes=30))
    word = match["count"].lower()
    count = int(word) if word.isdigit() else _NUMBERS[word]
    unit = match["unit"].lower()
    days = {"j": 1, "s": 7, "mois": 30, "an": 365}
    if unit.startswith("sec"):
        return _back(today, timedelta(seconds=count))
    if unit.startswith(("min", "mn")):
        return _back(today, timedelta(minutes=count))
    if unit.startswith("h"):
        return _back(today, timedelta(hours=count))
    size = days["s"] if unit.startswith("sem") else days.get(unit, days.get(unit[:2], days["j"]))
    day = (today - timedelta(days=count * size)).replace(tzinfo=None)
    return _day_only(day.replace(hour=0, minute=0, second=0, microsecond=0), _zone(today))


def _back(today: datetime, step: timedelta) -> StatedTimestamp:
    return StatedTimestamp((today.astimezone(UTC) - step).astimezone(_zone(today)), zoned=False)


def _zone(moment: datetime) -> tzinfo:
    assert moment.tzinfo is not None  # noqa: S101  # made aware by find_moments
    return moment.tzinfo
