"""What a browser would show of a tree elsewhere, or at all: streamed parts, and swallowed pages.

A server that streams sends the frame of a page first, with marks where parts are to come
(``<template id="B:0">``), and the parts after it in hidden boxes (``<div hidden id="S:0">``), each
followed by a line of script that puts it in its place. So the whole article may lie in such a box.

A ``</button>`` ends the button in a browser whatever is left open in it; in libxml2 it does not
where a ``<div>`` is, and the rest of the page is then the button's.
"""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(rb"<div hidden(?:=\"\")? id=\"S:", re.IGNORECASE)
# No button holds one of these.
_OF_PAGES = ("main", "article", "h1")


def settle(root: Any, data: bytes) -> None:
    """Put the streamed parts of a tree into their places, and open buttons that hold a page."""
    if _PART.search(data):
        _place_parts(root)
    if b"<button" in data:
        for button in root.iter("button"):
            if next(button.iter(*_OF_PAGES), None) is not None:
                button.tag = "div"


def _place_parts(root: Any) -> None:
    marks = {mark.get("id"): mark for mark in root.iter("template") if mark.get("id")}
    parts = [
        part for part in root.iter("div")
        if part.get("hidden") is not None and (part.get("id") or "").startswith("S:")
    ]  # fmt: skip
    for part in parts:
        del part.attrib["hidden"]
        mark = marks.get(f"B:{part.attrib['id'][2:]}")
        # A mark inside its own part does not count; without a mark the part stays in place.
        if mark is None or any(node is part for node in mark.iterancestors()):
            continue
        above = mark.getparent()
        if above is None:
            continue
        tail, part.tail = part.tail, mark.tail
        around = part.getparent()
        if tail and around is not None:
            before = part.getprevious()
            if before is not None:
                before.tail = (before.tail or "") + tail
            else:
                around.text = (around.text or "") + tail
        above.replace(mark, part)
