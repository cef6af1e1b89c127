"""The words of dates in some three hundred languages: months, days, parts of a day.

``locales/dates.json.gz`` is made from the CLDR (``benchmarks/date_words.py``).
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "locales" / "dates.json.gz"
# Where two languages write different months alike, the month of the larger press is meant.
_PRESS = ("en es fr de pt ru it ar zh ja ko tr pl nl id vi th fa uk el cs sv hu ro da fi nb he hi "
          "bn ur bg hr sr sk sl lt lv et ca").split()  # fmt: skip
# Codes that pages use for a language that the CLDR calls otherwise.
_OTHER_CODES = {"no": "nb", "iw": "he", "in": "id", "tl": "fil", "sh": "sr", "mo": "ro", "ji": "yi"}
# Spaces without width, marks of direction, the Arabic tatweel.
NOTHING = re.compile("[\u00ad\u061c\u0640\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"\s+")
# Accents of Latin, Greek and Cyrillic, vowel signs of Arabic, points of Hebrew: often left out.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
_ARABIC = str.maketrans("يىكأإآ", "ییکااا")
_SHORT = 3
_PARTS = ("am", "pm", "night", "noon", "midnight")


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """``text`` as words are compared: no case, no accents, no points after abbreviations."""
    text = NOTHING.sub("", unicodedata.normalize("NFKD", text).casefold())
    text = unicodedata.normalize("NFKC", _ACCENTS.sub("", text)).replace("ı", "i")
    text = text.translate(_ARABIC).replace(".", "").replace("'", "’")
    return _SPACES.sub(" ", text).strip(" ,’-")


@dataclass(frozen=True, slots=True)
class Words:
    """The words by which a date is read, folded.

    ``months`` and ``days`` map a word to its number from 1 (Monday is the first day), ``parts`` to
    a part of the day (``am``, ``pm``, ``night``, ``noon``, ``midnight``); ``between`` may stand
    between the parts of a date.
    """

    months: dict[str, int]
    days: dict[str, int]
    parts: dict[str, str]
    between: frozenset[str]


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(_FILE.read_bytes()))
    return found


@lru_cache(maxsize=64)
def words_of(language: str | None) -> Words:
    """The words of ``language`` (a BCP 47 tag), and those of all others where these differ."""
    own = _table()["languages"].get(_base(language))
    rest = _any_language()
    if own is None:
        return rest
    parts = {word: part for part in reversed(_PARTS) for word in own[part]}
    return Words(
        {**rest.months, **own["months"]}, {**rest.days, **own["days"]}, {**rest.parts, **parts},
        rest.between.union(own["between"]),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _any_language() -> Words:
    languages = _table()["languages"]
    found = Words({}, {}, {}, frozenset())
    between: set[str] = set()
    for code in dict.fromkeys((*_PRESS, *sorted(languages))):
        one = languages[code]
        parts = {word: part for part in reversed(_PARTS) for word in one[part]}
        tables: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
            (found.months, one["months"]), (found.days, one["days"]), (found.parts, parts),
        )  # fmt: skip
        for table, own in tables:
            for word, meaning in own.items():
                # Two Latin letters are a month in one language and a word in twenty.
                if len(word) >= _SHORT or code == "en" or not word.isascii():
                    table.setdefault(word, meaning)
        between.update(one["between"])
    return Words(found.months, found.days, found.parts, frozenset(between))


def order_of(language: str | None) -> str:
    """In which order ``language`` writes a date in digits: ``DMY``, ``MDY`` or ``YMD``."""
    orders: dict[str, str] = _table()["orders"]
    tag = (language or "").lower().replace("_", "-")
    while tag:
        if tag in orders:
            return orders[tag]
        tag = tag.rpartition("-")[0]
    return "DMY"


def _base(language: str | None) -> str:
    short = (language or "").lower().replace("_", "-").partition("-")[0]
    return _OTHER_CODES.get(short, short)


def warm_up() -> None:
    """Read the table now rather than with the first date in words."""
    _any_language()
