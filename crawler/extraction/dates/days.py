"""The calendar day in a timestamp: in digits or in words, in the order of any language.

All functions take text that ``timestamps.plain`` made: digits are ASCII, spaces plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crawler.extraction.dates import calendars
from crawler.extraction.dates.words import fold, order_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.extraction.dates.words import Words

# Papers that are scanned reach back to 1600, what archives import to 1900; nothing is published
# after 2200, and a year that far keeps every arithmetic with zones inside Python's calendar.
YEARS = range(1900, 2200)
_ERAS = "|".join(calendars.ERAS)
_YEAR_FIRST = re.compile(
    r"(?<![\d./-])(\d{4})(?:\s?([-/.])\s?(\d{1,2})\s?\2\s?|([-/])(\d{1,2})[-/])(\d{1,2})(?!\d)"
)
_YEAR_LAST = re.compile(
    r"(?<![\d.,/-])(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?![\d/-]|\.\d)"
)
_EASTERN = re.compile(
    rf"(?:({_ERAS})\s?)?(?<!\d)(\d{{1,4}}|元)\s?(?:[((]\d{{4}}年?[))]\s?)?(?:[年년]|\s?оны)\s?(\d{{1,2}})\s?"
    r"(?:[月월]|-?р?\s?сарын)\s?(\d{1,2})\s?[日일号號]?"
)
_ERA_LETTER = re.compile(
    r"(?<![a-z\d])([mtshr])\s?(\d{1,2})[./-](\d{1,2})[./-](\d{1,2})(?!\d)", re.I
)
_TOKEN = re.compile(r"(\d+)|([^\W\d_](?:[^\s\d!-/:-@\[-`{-~«»“”„‘’‹›…–—|•·、。，；（）،؛]*))|(\S)")
# Words that may be no part of a date although they stand between a number and a month.
_APART = frozenset("in im en au to for and und et y e i a o или и".split()) - {"a", "e", "y"}
_JOINING = frozenset(",./-’'،、|‐")
_LONGEST_NAME = 4
_MOST_BETWEEN = 2
_SHORT, _LONG = 4, 9
# A month stands within so many tokens of a number.
_NEAR = 3
_ENDING = 5


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day and where it stands."""

    day: date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """A number, a word or a sign of a text."""

    kind: str
    text: str
    start: int
    end: int


def find_day(text: str, language: str | None, clean: str, *, native: bool) -> Day | None:
    """The first day in ``text``.

    ``clean`` is the same text with what is known to be no day blanked out; ``native`` says that
    its digits were those of Persian.
    """
    found = [
        day
        for day in (_in_digits(text, language, native=native), _in_words(clean, language))
        if day is not None
    ]
    return min(found, key=lambda one: one.start, default=None)


def _in_digits(text: str, language: str | None, *, native: bool) -> Day | None:
    best: Day | None = None
    for pattern, read in ((_EASTERN, _eastern), (_YEAR_FIRST, _year_first),
                          (_YEAR_LAST, _year_last), (_ERA_LETTER, _era_letter)):  # fmt: skip
        for match in pattern.finditer(text):
            if best is not None and match.start() >= best.start:
                break
            try:
                day = read(match, language, text, native)
            except ValueError:
                continue
            if day is not None:
                best = Day(day, match.start(), match.end())
                break
    return best


def _eastern(match: re.Match[str], language: str | None, _: str, __: bool) -> date | None:
    era, said, month, day = match.groups()
    year = 1 if said == "元" else int(said)
    if era:
        year += calendars.ERAS[era]
    elif year in calendars.MINGUO_YEARS and (language or "").startswith("zh"):
        year += calendars.ERAS["民國"]
    return _sound(year, int(month), int(day))


def _era_letter(match: re.Match[str], language: str | None, _: str, __: bool) -> date | None:
    if not (language or "").startswith("ja"):
        return None
    year = int(match[2]) + calendars.ERAS[calendars.ERA_LETTERS[match[1].lower()]]
    return _sound(year, int(match[3]), int(match[4]))


def _year_first(match: re.Match[str], language: str | None, _: str, native: bool) -> date | None:
    month, day = int(match[3] or match[5]), int(match[6])
    return _of_calendar(int(match[1]), month, day, language, native=native)


def _year_last(match: re.Match[str], language: str | None, text: str, native: bool) -> date | None:
    one, other, year = int(match[1]), int(match[3]), int(match[4])
    order = order_of(language)
    if len(match[4]) == 2:
        if order == "YMD" or one > 31:
            return _sound(_century(one), other, year)
        year = _century(year)
    days = [(one, other), (other, one)]
    # Who writes the month first parts the numbers with strokes.
    if order == "MDY" and match[2] != ".":
        days.reverse()
    named = _weekday(text, language)
    found = [
        day
        for day in (_maybe(year, m, d, language, native=native) for d, m in days)
        if day is not None
    ]
    # The name of the day tells 3/4 from 4/3.
    return next((day for day in found if day.isoweekday() == named), found[0] if found else None)


def _weekday(text: str, language: str | None) -> int | None:
    days = words_of(language).days
    for match in re.finditer(r"[^\W\d_][^\s\d,.;:()]{2,}", text):
        if (number := days.get(fold(match[0]))) is not None:
            return number
    return None


def _maybe(year: int, month: int, day: int, language: str | None, *, native: bool) -> date | None:
    try:
        return _of_calendar(year, month, day, language, native=native)
    except ValueError:
        return None


def _of_calendar(
    year: int, month: int, day: int, language: str | None, *, native: bool
) -> date | None:
    """A day in digits, by the calendar that its language counts years in."""
    if year in calendars.SOLAR_HIJRI_YEARS:
        if native or _short(language) in calendars.SOLAR_HIJRI_LANGUAGES:
            return calendars.from_solar_hijri(year, month, day)
        return None
    if year in calendars.BUDDHIST_YEARS and _is_buddhist(language):
        year = calendars.from_buddhist(year)
    return _sound(year, month, day)


def _short(language: str | None) -> str:
    return (language or "").lower().partition("-")[0]


def _is_buddhist(language: str | None) -> bool:
    return _short(language) in calendars.BUDDHIST_LANGUAGES


def _century(year: int) -> int:
    return 1900 + year if year >= 70 else 2000 + year


def _sound(year: int, month: int, day: int) -> date | None:
    return date(year, month, day) if year in YEARS else None


def tokens(text: str) -> list[Token]:
    """The numbers, words and signs of ``text``."""
    kinds = ("number", "word", "sign")
    return [
        Token(kinds[(m.lastindex or 3) - 1], m[0], m.start(), m.end())
        for m in _TOKEN.finditer(text)
    ]


def _in_words(text: str, language: str | None) -> Day | None:
    parts = tokens(text)
    words = words_of(language)
    numbers = [i for i, part in enumerate(parts) if part.kind == "number"]
    if len(numbers) < 2:
        return None
    near = {i for at in numbers for i in range(at - _NEAR, at + _NEAR + 1)}
    for i in range(len(parts)):
        if i not in near:
            continue
        for calendar, month, end in _months(parts, i, text, words):
            thai = _is_buddhist(language) or "\u0e00" < parts[end - 1].text[0] < "\u0e7f"
            counted = calendar or ("buddhist" if thai else "")
            day = _around(parts, i, end, month, counted, words)
            if day is not None:
                return day
    return None


def _months(parts: list[Token], i: int, text: str, words: Words) -> Iterator[tuple[str, int, int]]:
    """(calendar, month, index behind it) of the names of months that begin at token ``i``."""
    if parts[i].kind == "sign":
        return
    for size in range(min(_LONGEST_NAME, len(parts) - i), 0, -1):
        last = parts[i + size - 1]
        if last.kind == "sign" or (size == 1 and last.kind == "number"):
            continue
        name = fold(text[parts[i].start : last.end])
        if solar := calendars.SOLAR_HIJRI_MONTHS.get(name):
            yield "solar", solar, i + size
        month = words.months.get(name) or _inflected(name, words)
        if month:
            yield "", month, i + size


def _inflected(name: str, words: Words) -> int | None:
    """The month whose name stands in ``name`` with an ending or a word glued to it."""
    # An abbreviation has no endings, and "marching" is no month.
    shortest = 5 if name.isascii() else 3
    for length in range(len(name) - 1, max(shortest, len(name) - _ENDING) - 1, -1):
        if not name[length:].isalpha() and any(c in " 0123456789-" for c in name[length:]):
            break
        if month := words.months.get(name[:length]):
            return month
    if name.isascii() or " " in name:
        return None
    # "Month" and "in" stand before the name in scripts without spaces.
    tails = (name[start:] for start in range(1, min(len(name) - 2, 7)))
    return next((words.months[tail] for tail in tails if tail in words.months), None)


def _around(
    parts: list[Token], begin: int, end: int, month: int, calendar: str, words: Words
) -> Day | None:
    left = _numbers(parts, range(begin - 1, -1, -1), month, words)
    right = _numbers(parts, range(end, len(parts)), month, words)
    chosen = _choose(left, right)
    if chosen is None:
        return None
    day, year = chosen
    number = int(year.text)
    try:
        if calendar == "solar":
            if number not in calendars.SOLAR_HIJRI_YEARS:
                return None
            found: date | None = calendars.from_solar_hijri(number, month, int(day.text))
        else:
            if number in calendars.BUDDHIST_YEARS:
                number = calendars.from_buddhist(number)
            elif number < 100:
                # Thais shorten 2569 to 69.
                number = number + 1957 if calendar == "buddhist" else _century(number)
            found = _sound(number, month, int(day.text))
    except ValueError:
        return None
    first = min(parts[begin].start, day.start, year.start)
    last = max(parts[end - 1].end, day.end, year.end)
    return None if found is None else Day(found, first, last)


def _choose(left: list[Token], right: list[Token]) -> tuple[Token, Token] | None:
    """(day, year) among the numbers on both sides of a month, the nearest first."""
    for day, year in (
        (left[:1], right[:1]), (right[:1], right[1:]), (right[:1], left[:1]), (left[:1], left[1:]),
    ):  # fmt: skip
        if day and year and _is_day(day[0]) and len(year[0].text) == 4:
            return day[0], year[0]
    if left and right and _is_day(left[0]) and len(right[0].text) == 2:
        # "12-Mar-26", "12 Mar 26".
        return left[0], right[0]
    return None


def _is_day(token: Token) -> bool:
    return len(token.text) <= 2 and 1 <= int(token.text) <= 31


def _numbers(parts: list[Token], order: range, month: int, words: Words) -> list[Token]:
    """The next one or two numbers, over what may stand between the parts of a date."""
    found: list[Token] = []
    between = 0
    for i in order:
        token = parts[i]
        if token.kind == "number":
            found.append(token)
            between = 0
            if len(found) == 2:
                break
        elif token.kind == "sign":
            if token.text not in _JOINING:
                break
        else:
            name = fold(token.text)
            if words.months.get(name) == month or name in words.days or _is_ending(parts, i):
                continue
            between += 1
            if between > _MOST_BETWEEN or not _may_join(name, words):
                break
    return found


def _is_ending(parts: list[Token], i: int) -> bool:
    """Return whether a word is glued to the number before it: ``12th``, ``2026ko``, ``12-én``."""
    before = i - 1
    if before >= 0 and parts[before].text == "-" and parts[before].end == parts[i].start:
        before -= 1
    return (
        before >= 0 and parts[before].kind == "number"
        and parts[i].start - parts[before].end <= 1
        and (parts[i].start == parts[before].end or parts[i - 1].text == "-")
        and len(parts[i].text) <= _SHORT
    )  # fmt: skip


def _may_join(name: str, words: Words) -> bool:
    if name in words.between:
        return name not in _APART
    if name in _APART or words.months.get(name):
        return False
    return len(name) <= (_SHORT if name.isascii() else _LONG)
