"""Where a page without text of its own sends its reader: ``Refresh`` headers and elements. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.extraction.page.parse import BadPage, parse_html
from storage.text.urls import resolve_url

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# A page that waits longer shows something meanwhile, or reloads itself.
MAX_DELAY_SECONDS = 5.0
# A page with as much text is no mere signpost, whatever it does next; one that continues only where
# scripts are off must have still less.
_MOST_TEXT, _MOST_TEXT_WITHOUT_SCRIPTS = 1_500, 250
_SPACE = " \t\n\f\r"
_SILENT = frozenset({"script", "style", "template", "noscript", "title", "head"})
_TARGET = re.compile(r"url\s{0,9}=\s{0,9}", re.IGNORECASE)


def read_refresh(value: str) -> tuple[float, str] | None:
    """(seconds, URL) of a refresh, as browsers read it; ``None`` where it names no URL.

    By the HTML standard (shared declarative refresh steps): ``0;url=x``, ``0, URL = 'x'``, ``0 x``.
    """
    text = value.strip(_SPACE)[:4_000]
    match = re.match(r"[0-9]{0,9}(?:\.[0-9.]{0,9})?", text)
    told = match[0] if match else ""
    rest = text[len(told) :]
    if not told or (rest and rest[0] not in f";,{_SPACE}"):
        return None
    rest = rest.lstrip(_SPACE).removeprefix(";").removeprefix(",").lstrip(_SPACE)
    named = _TARGET.match(rest)
    if named is not None:
        rest = rest[named.end() :]
    quote = rest[:1]
    if quote in ("'", '"'):
        rest = rest[1:].partition(quote)[0]
    seconds = float(told.split(".")[0] or 0)
    return (seconds, rest.strip(_SPACE)) if rest.strip(_SPACE) else None


def refresh_target(body: bytes, url: str, content_type: str, header: str | None
                   ) -> tuple[float, str] | None:  # fmt: skip
    """(seconds, URL) of where a page continues by itself; ``None`` where it is a page of its own."""
    try:
        root = parse_html(body, url, content_type).root
    except BadPage as error:
        if error.cause != "empty" or header is None:
            return None
        return _target([(header, False)], url, 0)
    said = [(header, False)] if header else []
    said += [(meta.get("content") or "", _is_in_noscript(meta)) for meta in root.iter("meta")
             if (meta.get("http-equiv") or "").strip().lower() == "refresh"]  # fmt: skip
    base = next((one.get("href") for one in root.iter("base") if one.get("href")), None)
    return _target(said, resolve_url(url, base) or url if base else url, _text_size(root))


def _target(said: list[tuple[str, bool]], base: str, size: int) -> tuple[float, str] | None:
    for value, without_scripts in said:
        found = read_refresh(value)
        most = _MOST_TEXT_WITHOUT_SCRIPTS if without_scripts else _MOST_TEXT
        if found is None or found[0] > MAX_DELAY_SECONDS or size > most:
            continue
        target = resolve_url(base, found[1])
        if target is not None:
            return found[0], target
    return None


def _is_in_noscript(element: HtmlElement) -> bool:
    return any(parent.tag == "noscript" for parent in element.iterancestors())


def _text_size(root: HtmlElement) -> int:
    """Characters that a reader sees."""
    size, hidden = 0, 0
    stack: list[tuple[HtmlElement, bool]] = [(root, False)]
    while stack:
        element, hidden_above = stack.pop()
        hidden = hidden_above or element.tag in _SILENT or not isinstance(element.tag, str)
        if not hidden:
            size += len(" ".join((element.text or "").split()))
        if not hidden_above:
            size += len(" ".join((element.tail or "").split()))
        stack += ((child, hidden) for child in element)
    return size
