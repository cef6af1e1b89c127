"""Articles that a page carries only as data for its own script, to be rendered in the browser.

Next.js, Nuxt and their like send the text as HTML inside JSON inside a script. Where a page shows
no text of its own, the longest such piece of HTML is what a reader would see.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lxml import etree

from crawler.extraction.page.excess_attributes import without_surplus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.extraction.page.parse import Page

# Next.js streams its state as string chunks: self.__next_f.push([1,"…"]).
_CHUNK = re.compile(r'__next_f\.push\(\[\d+,\s*("(?:[^"\\]|\\.)*")\s*\]\)')
_STRING = re.compile(r'"((?:[^"\\]|\\.){200,})"')
_TAG = re.compile(r"<[^<>]{1,300}>")
# Their numbers are short; without a bound each digit of a long one would begin a search of its own.
_TEXT_CHUNK = re.compile(r"[0-9a-f]{1,8}:T[0-9a-f]{1,8},(?=\s*<)")
_NEXT_CHUNK = re.compile(r"\n?[0-9a-f]{1,8}:(?:T[0-9a-f]{1,8},|[\[{\"I])")
# Shorter pieces are captions and teasers.
_MIN_TEXT = 200
_MIN_PARAGRAPHS = 2
MAX_SCRIPT = 4_000_000


def hidden_article(page: Page) -> str | None:
    """The longest HTML of at least two paragraphs that the page's scripts carry."""
    best, length = None, _MIN_TEXT
    for text in _script_texts(page):
        for piece in _strings(text):
            if piece.count("<p") < _MIN_PARAGRAPHS:
                continue
            size = len(_TAG.sub("", piece))
            if size > length:
                best, length = piece, size
    return best


def _script_texts(page: Page) -> Iterator[str]:
    scripts = [
        script.text for script in page.found["script"]
        if script.text and "ld+json" not in (script.get("type") or "")
    ]  # fmt: skip
    whole = "\n".join(scripts)[:MAX_SCRIPT]
    chunks = [_decoded(match[1]) for match in _CHUNK.finditer(whole)]
    if chunks:
        yield "".join(chunks)
    yield whole


def _strings(text: str) -> Iterator[str]:
    """JSON strings of ``text`` that hold HTML, decoded; and bare HTML between its chunks."""
    for match in _STRING.finditer(text):
        if "<p" in match[1] or "003cp" in match[1].lower():
            yield _decoded(f'"{match[1]}"')
    # A long text of Next.js stands in its stream without quotes, after a length: 1a:T2f3,<p>…
    for match in _TEXT_CHUNK.finditer(text):
        end = _NEXT_CHUNK.search(text, match.end())
        yield text[match.end() : end.start() if end else len(text)]


def _decoded(literal: str) -> str:
    try:
        value = json.loads(literal, strict=False)
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""


def tree_of(fragment: str) -> etree._Element | None:
    """``fragment`` as the tree of a page that shows nothing else."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    data = f"<html><body><article>{fragment}</article></body></html>".encode("utf-8", "replace")
    try:
        return etree.fromstring(without_surplus(data), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
