"""The encoding that a page declares, found as the HTML standard's prescan finds it.

(https://html.spec.whatwg.org/#prescan-a-byte-stream-to-determine-its-encoding)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Browsers look at 1,024 bytes and at what they parse later; scripts may come first in a head.
_LOOKED_AT = 65_536
_SPACE = rb"[\t\n\f\r ]"
_NEXT = re.compile(rb"<(?:(!--)|(meta)(?=[\t\n\f\r /])|/?[a-z]|([!/?]))", re.IGNORECASE)
_NAME_END = re.compile(rb"[\t\n\f\r >]")
_ATTRIBUTE = re.compile(
    rb"[\t\n\f\r /]*+(?:(?P<end>>)|(?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*+)(?:" + _SPACE + rb"*+="
    + _SPACE + rb"*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'"
    rb"|(?P<bare>[^\t\n\f\r >\"'][^\t\n\f\r >]*+)|(?=>)))?)"
)  # fmt: skip
_UNENDED = re.compile(_SPACE + rb"*+=")
_CHARSET = re.compile(
    rb"charset" + _SPACE + rb"*=" + _SPACE
    + rb"*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r ;\"'][^\t\n\f\r ;]*))",
    re.IGNORECASE,
)  # fmt: skip
_XML = re.compile(rb"<\?xml\b[^>]*?\bencoding\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^>]*>")


def declared_label(body: bytes, is_known: Callable[[str], bool]) -> str | None:
    """The label of the first declaration of a known one; ``None`` where the page has none."""
    data = body[:_LOOKED_AT]
    at = 0
    while match := _NEXT.search(data, at):
        at = match.end()
        if match[1]:
            end = data.find(b"-->", match.start() + 2)
            if end < 0:
                break
            at = end + 3
        elif match[2]:
            attributes, at = _attributes(data, at)
            label = _of_meta(attributes)
            if label and is_known(label):
                return label
        elif match[3]:
            at = data.find(b">", at) + 1
        else:
            name = _NAME_END.search(data, at)
            _, at = _attributes(data, name.start()) if name else ({}, 0)
        if at <= 0:
            break
    xml = _XML.match(data.lstrip())
    return (xml[1] or xml[2]).decode("latin-1") if xml and (xml[1] or xml[2]) else None


def _attributes(data: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """The attributes of a tag and where it ends; 0 where the data end before."""
    found: dict[bytes, bytes] = {}
    while match := _ATTRIBUTE.match(data, at):
        at = match.end()
        if match["end"]:
            return found, at
        value = match["double"] or match["single"] or match["bare"] or b""
        if at >= len(data) or (not value and _UNENDED.match(data, at)):
            return found, 0
        found.setdefault(match["name"].lower(), value)
    return found, 0


def _of_meta(attributes: dict[bytes, bytes]) -> str | None:
    """The label of a ``<meta>``: of ``charset``, or of ``content`` beside the right pragma."""
    label = attributes.get(b"charset")
    if label is None and attributes.get(b"http-equiv", b"").lower() == b"content-type":
        match = _CHARSET.search(attributes.get(b"content", b""))
        label = (match[1] or match[2] or match[3]) if match else None
    return label.decode("latin-1") if label else None
