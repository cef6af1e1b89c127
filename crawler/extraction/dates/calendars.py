"""Days of other calendars as Gregorian ones: Solar Hijri, Buddhist, Minguo, Japanese eras."""

from __future__ import annotations

from datetime import date, timedelta

from crawler.extraction.dates.words import fold

# Months of the Solar Hijri calendar: Iran, then Afghanistan in Dari and in Pashto.
SOLAR_HIJRI_MONTHS = {
    fold(name): number
    for names in (
        "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند",
        "حمل ثور جوزا سرطان اسد سنبله میزان عقرب قوس جدی دلو حوت",
        "وری غویی غبرګولی چنګاښ زمری وږی تله لړم لیندۍ مرغومی سلواغه کب",
    )
    for number, name in enumerate(names.split(), 1)
}
SOLAR_HIJRI_LANGUAGES = frozenset({"fa", "ps", "prs", "lrc", "mzn", "glk"})
SOLAR_HIJRI_YEARS = range(1300, 1500)
BUDDHIST_YEARS = range(2400, 2700)
BUDDHIST_LANGUAGES = frozenset({"th", "lo", "km", "my", "si"})
MINGUO_YEARS = range(1, 200)
# The year before the first of each era.
ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民國": 1911,
        "民国": 1911, "佛曆": -543, "佛历": -543}  # fmt: skip
ERA_LETTERS = {"m": "明治", "t": "大正", "s": "昭和", "h": "平成", "r": "令和"}
_BUDDHIST_LEAD = 543
# Years at which the rule of leap years changes (Borkowski 1996, "The Persian calendar for 3000
# years"); those in use lie between the last of the first row and the first of the second.
_BREAKS = (-61, 9, 38, 199, 426, 686, 756, 818, 1111, 1181, 1210, 1635, 2060, 2097)


def from_buddhist(year: int) -> int:
    """The Gregorian year of a Buddhist one."""
    return year - _BUDDHIST_LEAD


def from_solar_hijri(year: int, month: int, day: int) -> date:
    """The Gregorian day of a Solar Hijri one (years 1210 to 1634).

    Raises:
        ValueError: there is no such day.
    """
    if not (1 <= month <= 12 and 1 <= day <= (31 if month <= 6 else 30)):
        raise ValueError(f"{year}/{month}/{day} is no day")
    first = date(year + 621, 3, _first_of_march(year))
    passed = (month - 1) * 31 - max(0, month - 7)
    return first + timedelta(days=passed + day - 1)


def _first_of_march(year: int) -> int:
    """The day of March on which a Solar Hijri year begins."""
    leaps, start = -14, _BREAKS[0]
    jump = 0
    for end in _BREAKS[1:]:
        jump = end - start
        if year < end:
            break
        leaps += jump // 33 * 8 + jump % 33 // 4
        start = end
    into = year - start
    leaps += into // 33 * 8 + (into % 33 + 3) // 4
    if jump % 33 == 4 and jump - into == 4:
        leaps += 1
    gregorian = year + 621
    gregorian_leaps = gregorian // 4 - (gregorian // 100 + 1) * 3 // 4 - 150
    return 20 + leaps - gregorian_leaps
