"""Pages whose tags are never closed: each is taken to end where the next of its name begins.

``<font>`` before each of three hundred lines, and a parser that nests them has the last line three
hundred elements deep. libxml2 stops at 255 and drops the rest of the page; browsers continue.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

# The last element of a page that is closed lies ten or twenty deep; so deep is one that is not.
DEEP = 50
# How many more are opened than closed of a name whose elements are not meant to hold one another.
_UNCLOSED = 20
# Tags of a page that is looked at; one with more is no text, and takes a gigabyte to parse.
_MOST = 100_000
_TAG = re.compile(rb"<(/?)([a-z][a-z0-9]*)(?=[\s/>])", re.IGNORECASE)
# Elements that hold nothing, those of which there is one, and those that parsers close themselves.
_ALONE = frozenset(
    b"area base br col embed hr html head body img input link meta param source track wbr "
    b"p li dt dd option optgroup tr td th thead tbody tfoot colgroup caption rt rp".split()
)


def depth_of_end(root: Any) -> int:
    """How deep the last element of the tree lies."""
    depth = 0
    while len(root):
        root = root[-1]
        depth += 1
    return depth


def closed(data: bytes, *, every: bool = False) -> bytes:
    """``data`` with each element of a name that is not closed ended before the next of them.

    With ``every`` that is done for all names: nothing is nested in its like any more. A page of
    more tags than any text has stays as it is.
    """
    if data.count(b"<") > _MOST:
        return data
    surplus: Counter[bytes] = Counter()
    for slash, name in _TAG.findall(data):
        surplus[name.lower()] += -1 if slash else 1
    names = [
        name for name, count in surplus.items()
        if name not in _ALONE and (every or count >= _UNCLOSED)
    ]  # fmt: skip
    if not names:
        return data
    opened = re.compile(rb"<(%s)(?=[\s/>])" % b"|".join(sorted(names)), re.IGNORECASE)
    return opened.sub(rb"</\1><\1", data)
