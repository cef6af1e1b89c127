"""Tags of more attributes than any page has: libxml2 takes time by the square of their number.

Twenty thousand in one tag take it half a second, three hundred thousand minutes. What stands in a
tag after the first thousand is cut away before the page is parsed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from crawler.extraction.blocks.walk import module as compiled

MOST = 1_000
# In a smaller page there is no room for so many that it matters.
_LOOKED_AT = 50_000

_VALUE = rb"\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\s>\"'][^\s>]*+|"
_ATTRIBUTE = rb"[^\s/>][^\s/>=]*+\s*+(?:=\s*+(?:" + _VALUE + rb"))?+[\s/]*+"
_RAW = rb"script|style|textarea|title|xmp|iframe|noembed|noframes"


@lru_cache(maxsize=4)
def _pieces(most: int) -> re.Pattern[bytes]:
    """Comments, and tags up to their first ``most`` attributes and the rest of them.

    Its parts are possessive: nothing is gone over twice, whatever the page.
    """
    return re.compile(
        rb"<!--(?:.*?-->|.*+)|<(?P<name>[a-z][^\s/>]*+)[\s/]*+(?:" + _ATTRIBUTE + rb"){0,%d}+"
        rb"(?P<rest>(?:" % most + _ATTRIBUTE + rb")*+)",
        re.IGNORECASE | re.DOTALL,
    )


_RAW_NAME = re.compile(_RAW, re.IGNORECASE)


def without_surplus(data: bytes) -> bytes:
    """``data`` without the attributes of a tag beyond the first :data:`MOST`."""
    if len(data) < _LOOKED_AT:
        return data
    spans = compiled.surplus(data, MOST) if compiled is not None else surplus(data, MOST)
    if not spans:
        return data
    kept, last = [], 0
    for start, end in spans:
        kept.append(data[last:start])
        last = end
    return b"".join([*kept, data[last:]])


def surplus(data: bytes, most: int) -> list[tuple[int, int]]:
    """(start, end) of what stands in each tag after its first ``most`` attributes."""
    spans = []
    at = 0
    pieces = _pieces(most)
    while match := pieces.search(data, at):
        at = match.end()
        if match["rest"]:
            spans.append(match.span("rest"))
        if match["name"] and _RAW_NAME.fullmatch(match["name"]):
            end = re.compile(b"</" + match["name"], re.IGNORECASE).search(data, at)
            at = end.end() if end else len(data)
    return spans
