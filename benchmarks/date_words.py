"""Make ``crawler/extraction/dates/locales/dates.json.gz``: how each language writes a date.

    uv pip install babel dateparser; python benchmarks/date_words.py

The names of months and days, the words for the halves of a day, the words that stand between the
parts of a date, and the order of a date in digits: from the CLDR as Babel carries it, and from the
variants that dateparser adds to it. All locales of one language are merged.
"""

from __future__ import annotations

import gzip
import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

from babel import Locale, localedata
from dateparser.data import date_translation_data

from crawler.extraction.dates.words import fold

OUT = (
    Path(__file__).parent.parent / "crawler" / "extraction" / "dates" / "locales" / "dates.json.gz"
)
MONTHS = ("january february march april may june july august september october november "
          "december").split()  # fmt: skip
# The CLDR's periods of a day: which words mean the hours before noon, after it, and neither.
PERIODS = {"am": "am", "morning": "am", "pm": "pm", "afternoon": "pm", "evening": "pm",
           "night": "night", "noon": "noon", "midnight": "midnight"}  # fmt: skip
SETS = ("am", "pm", "night", "noon", "midnight", "between", "after")
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


def order_of(pattern: str) -> str:
    """``DMY``, ``MDY`` or ``YMD``, as a CLDR pattern of digits has them."""
    letters = re.findall(r"[dMy]", re.sub(r"'[^']*'", "", pattern))
    return "".join(dict.fromkeys(letters)).upper()


def keep(table: dict[str, int], name: str, number: int) -> None:
    """Note a name; the first that is noted for a word counts."""
    word = fold(name)
    if word and not word.isdigit() and not re.search(r"[<>|]", word):
        table.setdefault(word, number)


def from_cldr(found: dict[str, Any], code: str) -> None:
    """Add what Babel knows of a locale."""
    locale = Locale.parse(code)
    one = found["languages"].setdefault(locale.language, {
        "months": {}, "days": {}, **{name: set() for name in SETS},
    })  # fmt: skip
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in locale.months[context][width].items():
                keep(one["months"], name, number)
            for number, name in locale.days[context][width].items():
                keep(one["days"], name, number + 1)
            periods = locale.day_periods.get(context, {}).get(width, {})
            for period, name in periods.items():
                part = PERIODS.get(period.rstrip("0123456789"))
                one[part or "am"].update([fold(name)] if part else [])
    for width in ("long", "full", "medium"):
        pattern = locale.date_formats[width].pattern
        one["between"].update(fold(w) for w in re.findall(r"'([^']+)'", pattern))
        one["after"].update(fold(w) for w in re.findall(r"(?<=MMMM)'([^' ]+)'", pattern))
    order = order_of(locale.date_formats["short"].pattern)
    tag = code.replace("_", "-").lower()
    if tag == locale.language or found["orders"].get(locale.language) != order:
        found["orders"][tag] = order


def from_dateparser(found: dict[str, Any], info: dict[str, Any]) -> None:
    """Add the spellings of dateparser's own files."""
    one = found["languages"].get(info["name"])
    if one is None:
        return
    for part in (info, *info.get("locale_specific", {}).values()):
        for number, name in enumerate(MONTHS, 1):
            for word in part.get(name, ()):
                keep(one["months"], word, number)
        for number, name in enumerate(DAYS, 1):
            for word in part.get(name, ()):
                keep(one["days"], word, number)
        for half in ("am", "pm"):
            one[half].update(fold(word) for word in part.get(half, ()))
    words = [*info.get("skip", ()), *info.get("pertain", ())]
    one["between"].update(fold(w) for w in words if any(c.isalpha() for c in w))


def main() -> None:
    """Gather and write."""
    found: dict[str, Any] = {"languages": {}, "orders": {}}
    codes = sorted(localedata.locale_identifiers(), key=lambda code: (code.count("_"), code))
    for code in codes:
        if code != "root":
            from_cldr(found, code)
    for module in pkgutil.iter_modules(date_translation_data.__path__):
        name = f"dateparser.data.date_translation_data.{module.name}"
        from_dateparser(found, importlib.import_module(name).info)
    for one in found["languages"].values():
        for name in SETS:
            one[name] = sorted(word for word in one[name] if word)
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(found['languages'])} languages, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
