"""The time of day in a timestamp, with its zone.

All functions take text that ``timestamps.plain`` made: digits are ASCII, spaces plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.extraction.dates.words import fold, words_of
from crawler.extraction.dates.zones import is_abbreviation, offset_zone, zone_called

if TYPE_CHECKING:
    from datetime import tzinfo

    from crawler.extraction.dates.words import Words

_CLOCK = re.compile(
    r"(?<![\d:])(?<!\d[.,])(?P<hour>[01]?\d|2[0-4])(?:"
    r"\s?:\s?(?P<minute>[0-5]\d)(?:\s?:\s?(?P<second>[0-5]\d|60)(?:[.,]\d{1,9})?)?"
    r"|\.(?P<dotted>[0-5]\d)(?:\.(?P<seconds>[0-5]\d))?(?![.,]?\d)"
    r"|\s?(?:h|hs|hrs?|[時时點点시]|giờ)\.?\s?(?P<worded>[0-5]?\d)\s?(?:[分분]|min\.?|m(?![\w]))?"
    r"(?:\s?(?P<eastern>[0-5]?\d)\s?[秒초])?"
    r"|(?P<full>\s?(?:h|hs|hrs?|[時时點点시]|giờ|uhr|stunda))(?![^\W\d_])"
    r"|(?=\s?(?:[ap]\.?\s?m\b)))(?!\d)",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(?<=\d)T(?P<hour>[01]\d|2[0-4])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?")
_NOUN = re.compile(r"\s*(?:uhr|hrs?\.?|h\b|น\.?|часов|baje|बजे|г\.)", re.IGNORECASE)
_OFFSET = re.compile(
    r"\s*\(?(?:(?P<named>UTC|GMT|Z)\s?)?(?P<offset>[+\-\u2212]\d{2}:?\d{2}(?!\d)|(?<=\d)[+\-\u2212]\d{2}(?![\d:-])"
    r"|(?<=[TC])\s?[+\-\u2212]\d{1,2}(?::\d\d)?(?!\d)|(?<=[TC] )[+\-\u2212]\d{1,2}(?::\d\d)?(?!\d))\)?"
    r"(?:\s(?:UTC|GMT)(?!\w))?", re.IGNORECASE
)  # fmt: skip
_ZULU = re.compile(r"\s?Z(?![^\W_])", re.IGNORECASE)
_IANA = re.compile(r"\s*[\[(]?([A-Z][A-Za-z]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?)[\])]?")
_ABBREVIATION = re.compile(r"\s*[(,]?\s?([A-Za-zА-Я]{2,5})\)?(?![^\W_])")
_NEXT_WORDS = re.compile(r"[\s,(]{0,2}([^\W\d_][^\s\d,;|()]*(?:\s[^\W\d_][^\s\d,;|()]*){0,3})")
_WORDS_BEFORE = re.compile(r"([^\W\d_][^\s\d,;|()]*(?:\s[^\W\d_][^\s\d,;|()]*){0,3})[\s,]{0,2}$")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, the zone it names (a fixed one, or an abbreviation), and where it stands."""

    hour: int
    minute: int
    second: int
    start: int
    end: int
    zone: tzinfo | None = None
    abbreviation: str | None = None
    is_word: bool = False


def find_clocks(text: str, language: str | None, *, shown: bool) -> list[Clock]:
    """The times of day in ``text``; where it is ``shown`` to readers, zones are in capitals."""
    words = words_of(language)
    found: list[Clock] = []
    for pattern in (_COMPACT, _CLOCK):
        for match in pattern.finditer(text):
            if not found or match.start() >= found[-1].end:
                clock = _clock(match, text, words)
                if clock is not None:
                    found.append(_zoned(clock, text, shown=shown))
        if found:
            break
    return found or _named(text, words)


def _clock(match: re.Match[str], text: str, words: Words) -> Clock | None:
    said = match.groupdict()
    minute = said["minute"] or said.get("dotted") or said.get("worded") or "0"
    second = said["second"] or said.get("seconds") or said.get("eastern") or "0"
    clock = Clock(int(match["hour"]), int(minute), min(int(second), 59), match.start(), match.end())
    noun = _NOUN.match(text, clock.end)
    if noun is not None:
        clock = replace(clock, end=noun.end())
    return _halved(clock, text, words)


def _halved(clock: Clock, text: str, words: Words) -> Clock:
    """``clock`` by the word for the part of the day that stands behind or before it."""
    behind = _NEXT_WORDS.match(text, clock.end)
    if behind is not None:
        part, size = _part(behind[1], words, forward=True)
        if part:
            return replace(clock, hour=_hour(clock.hour, part), end=behind.start(1) + size)
    before = _WORDS_BEFORE.search(text[: clock.start])
    if before is not None:
        part, size = _part(before[1], words, forward=False)
        if part:
            return replace(clock, hour=_hour(clock.hour, part), start=before.end(1) - size)
    return clock


def _part(said: str, words: Words, *, forward: bool) -> tuple[str | None, int]:
    """The part of the day that the first (or last) words of ``said`` name, and their length."""
    pieces = said.split(" ")
    for count in range(len(pieces), 0, -1):
        some = " ".join(pieces[:count] if forward else pieces[-count:])
        name = fold(some)
        part = words.parts.get(name) or words.parts.get(name.replace(" ", ""))
        if part:
            return part, len(some)
    return None, 0


def _hour(hour: int, part: str) -> int:
    if hour > 12:
        return hour
    if part == "night":
        part = "pm" if 6 <= hour < 12 else "am"
    if part in ("pm", "noon"):
        return hour if part == "noon" and hour > 9 else hour % 12 + 12
    return hour % 12


def _zoned(clock: Clock, text: str, *, shown: bool) -> Clock:
    for pattern in (_OFFSET, _ZULU):
        match = pattern.match(text, clock.end)
        if match is None:
            continue
        zone = offset_zone(match["offset"].strip() if pattern is _OFFSET else "+00")
        if zone is None:
            return clock
        return replace(clock, end=_commented(text, match.end()), zone=zone)
    match = _IANA.match(text, clock.end)
    if match is not None and (zone := zone_called(match[1])) is not None:
        return replace(clock, end=match.end(), zone=zone)
    match = _ABBREVIATION.match(text, clock.end)
    if match is not None and is_abbreviation(match[1]) and (not shown or match[1].isupper()):
        return replace(clock, end=_commented(text, match.end()), abbreviation=match[1])
    return clock


def _commented(text: str, end: int) -> int:
    """The end of the name of a zone in brackets behind its offset."""
    match = re.compile(r"\s*(?:\([^()\d]{1,60}\)|\[[^\[\]\d]{1,60}\])").match(text, end)
    return match.end() if match else end


def _named(text: str, words: Words) -> list[Clock]:
    """Noon or midnight in words."""
    for match in re.finditer(r"[^\W\d_][^\s\d,;|()]+", text):
        part = words.parts.get(fold(match[0]))
        if part in ("noon", "midnight") and (len(match[0]) >= 4 or not match[0].isascii()):
            hour = 12 if part == "noon" else 0
            return [Clock(hour, 0, 0, match.start(), match.end(), is_word=True)]
    return []
