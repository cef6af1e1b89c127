"""Time zones as timestamps name them: offsets, abbreviations, names of the IANA database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Hours from UTC. An abbreviation that several countries use has the meaning that news feeds give
# it most often; where the source's own zone is called so, that is meant (see ``named_zone``).
_HOURS = {
    name: float(hours)
    for hours, names in (
        line.split(maxsplit=1)
        for line in """
        0 UT UTC GMT Z WET
        1 CET MET MEZ BST WEST WAT HNEC
        2 CEST MEST MESZ EET CAT SAST HAEC
        3 EEST MSK МСК TRT EAT IDT
        3.5 IRST
        4 GST AZT GET SAMT MSD
        4.5 AFT IRDT
        5 PKT UZT YEKT
        5.5 IST
        5.75 NPT
        6 OMST KGT
        6.5 MMT
        7 ICT WIB KRAT
        8 SGT MYT HKT PHT AWST WITA IRKT
        9 JST KST WIT YAKT
        9.5 ACST
        10 AEST VLAT CHST
        10.5 ACDT
        11 AEDT MAGT
        12 NZST PETT FJT
        13 NZDT
        -2 BRST
        -2.5 NDT
        -3 BRT ART UYT ADT CLST GFT
        -3.5 NST
        -4 EDT HAE AST CLT VET BOT
        -5 EST HNE CDT COT PET ECT
        -6 CST MDT
        -7 MST PDT
        -8 PST AKDT
        -9 AKST HDT
        -10 HST
        """.strip().splitlines()
    )
    for name in names.split()
}
# What changes with the season.
_SEASONAL = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver",
             "PT": "America/Los_Angeles"}  # fmt: skip
_OFFSET = re.compile(r"([+\-\u2212])(\d{1,2}):?(\d{2})?$")
_WIDEST = timedelta(hours=14)


def zone_called(name: str | None) -> tzinfo | None:
    """The zone of the IANA database that is called ``name``."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_zone(text: str) -> tzinfo | None:
    """Return the zone of ``+0200``, ``-5`` or ``+05:30``; ``None`` if it is invalid."""
    match = _OFFSET.match(text)
    if match is None or int(match[3] or 0) >= 60:
        return None
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    if ahead > _WIDEST:
        return None
    if not ahead:
        return UTC
    return timezone(ahead if match[1] == "+" else -ahead)


def named_zone(name: str, at: datetime, own: tzinfo) -> tzinfo | None:
    """The zone that ``name`` abbreviates, at the wall clock ``at`` of a source in ``own``."""
    name = name.upper()
    local = at.replace(tzinfo=own)
    if own is not UTC and local.tzname() == name:
        return own
    if name in _SEASONAL:
        return zone_called(_SEASONAL[name])
    hours = _HOURS.get(name)
    if hours is None:
        return None
    return timezone(timedelta(hours=hours)) if hours else UTC


def is_abbreviation(name: str) -> bool:
    """Return whether ``name`` abbreviates a zone."""
    return name.upper() in _HOURS or name.upper() in _SEASONAL
