"""One parse of a page: bytes and URL in, a tree and what its head says out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lxml import etree

from crawler.extraction.blocks.walk import module as compiled
from crawler.extraction.page import shadow_roots, streamed_parts, unclosed_tags
from crawler.extraction.page.encoding import decode
from crawler.extraction.page.excess_attributes import without_surplus
from storage.text.urls import resolve_url

# What is asked of the whole tree: one pass looks for all of it.
_FOUND = ("base", "meta", "link", "title", "script")
_TOLD = frozenset({"meta", "link"})
# A page of 30 MB is data or a fault, and its tree would take a gigabyte.
MAX_PAGE_BYTES = 10 * 1024 * 1024


class BadPage(ValueError):
    """The bytes hold no page that could be read. ``cause`` is a short word for counting."""

    def __init__(self, url: str, cause: str, reason: str) -> None:
        self.url = url
        self.cause = cause
        self.reason = reason
        super().__init__(url, cause, reason)

    def __str__(self) -> str:
        """One line: where and why."""
        return f"{self.url}: {self.reason}"


@dataclass(frozen=True)
class Page:
    """A parsed page: its ``<html>`` element, and its bytes in UTF-8."""

    url: str
    root: Any
    data: bytes = field(repr=False)

    @cached_property
    def found(self) -> dict[str, list[Any]]:
        """The elements of some tags, in the page's order; of ``meta`` and ``link`` their
        attributes."""
        if compiled is not None:
            return dict(compiled.found(self.root, _FOUND, _TOLD))
        found: dict[str, list[Any]] = {tag: [] for tag in _FOUND}
        for element in self.root.iter(*_FOUND):
            tag = element.tag
            found[tag].append(dict(element.items()) if tag in _TOLD else element)
        return found

    @cached_property
    def base_url(self) -> str:
        """What relative links are relative to."""
        for base in self.found["base"]:
            href = resolve_url(self.url, base.get("href") or "")
            if href is not None:
                return href
        return self.url

    @cached_property
    def _head(self) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
        """The meta elements by name and the links, in one pass over the page."""
        metas: dict[str, list[str]] = {}
        links: list[tuple[str, str]] = []
        for said in self.found["link"]:
            rel, href = said.get("rel"), said.get("href")
            if rel and href:
                links.append((rel, href))
        for said in self.found["meta"]:
            content = said.get("content", "").strip()
            if not content:
                continue
            # What an ``itemprop`` says is of the item that holds it, which need not be the page.
            names = {said.get(name) for name in ("property", "name", "http-equiv")}
            for name in names:
                if name:
                    metas.setdefault(name.strip().lower(), []).append(content)
        return metas, links

    @property
    def metas(self) -> dict[str, list[str]]:
        """``content`` of the meta elements by name or property in lower case, in their order."""
        return self._head[0]

    @property
    def links(self) -> list[tuple[str, str]]:
        """(rel, href) of the link elements, in their order."""
        return self._head[1]

    def meta(self, *names: str) -> str | None:
        """The first content of the first of ``names`` that the page has."""
        for name in names:
            values = self.metas.get(name)
            if values:
                return " ".join(values[0].split())
        return None

    @cached_property
    def title(self) -> str | None:
        """The text of ``<title>``."""
        for title in self.found["title"]:
            parent = title.getparent()
            if parent is not None and parent.tag == "svg":
                continue
            words = " ".join("".join(title.itertext()).split())
            if words:
                return words
        return None

    @cached_property
    def site_name(self) -> str | None:
        """The site's name as the page gives it."""
        return self.meta("og:site_name", "application-name", "apple-mobile-web-app-title")

    @cached_property
    def language(self) -> str | None:
        """The declared language, as a BCP 47 tag in lower case."""
        declared = (
            self.root.get("lang")
            or self.root.get("{http://www.w3.org/XML/1998/namespace}lang")
            or self.meta("content-language", "og:locale", "language", "dc.language")
            or ""
        )
        match = re.match(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", declared.strip())
        tag = match.group().replace("_", "-").lower()[:35] if match else None
        # Some write the charset where the language belongs.
        return tag if tag is not None and not tag.startswith("utf") else None


_SHADOW = re.compile(rb"\sshadowroot(?:mode)?\b", re.IGNORECASE)
# XML's forbidden control characters, which lxml refuses in text.
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])


def parse_html(body: bytes, url: str, content_type: str = "") -> Page:
    """Parse a page.

    Raises:
        BadPage: it is empty, too large, or no text.
    """
    if not body.strip():
        raise BadPage(url, "empty", "the page is empty")
    if len(body) > MAX_PAGE_BYTES:
        raise BadPage(url, "too-large", f"the page has {len(body) / 2**20:.0f} MB, "
                      f"over the limit of {MAX_PAGE_BYTES // 2**20}")  # fmt: skip
    if body[:4] in (b"%PDF", b"\x89PNG", b"GIF8", b"PK\x03\x04") or body[:3] == b"\xff\xd8\xff":
        raise BadPage(url, "not-html", "the page is a file of another kind, not HTML")
    data = body if _is_utf8(body) else decode(body, content_type).encode("utf-8", "replace")
    return _parse(data, url)


def _is_utf8(body: bytes) -> bool:
    """Whether :func:`decode` would read the bytes as UTF-8, so that they may stay as they are."""
    if body[:2] in (b"\xfe\xff", b"\xff\xfe") or body.isascii():
        return False
    if compiled is not None:
        return bool(compiled.is_utf8(body))
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(data: bytes, url: str) -> Page:
    clean = data.removeprefix(codecs.BOM_UTF8)
    if compiled is None or not compiled.is_clean(clean):
        clean = clean.translate(None, _CONTROLS)
    clean = without_surplus(clean)
    root = _root(clean, url)
    for every in (False, True):
        if unclosed_tags.depth_of_end(root) < unclosed_tags.DEEP:
            break
        # More than is left open on purpose: what the page opens and never closes is nested, and
        # from the 256th level on it is lost.
        other = unclosed_tags.closed(clean, every=every)
        if other != clean:
            clean, root = other, _root(other, url)
    if _SHADOW.search(clean):
        shadow_roots.flatten(root)
    streamed_parts.settle(root, clean)
    return Page(url=url, root=root, data=clean)


def _root(data: bytes, url: str) -> Any:
    # Plain etree: lxml.html looks up a Python class for every element, a third of the time.
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False, collect_ids=False
    )
    try:
        root = etree.fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise BadPage(url, "empty", "the page holds no element") from error
    if root is None:
        raise BadPage(url, "empty", "the page holds no element")
    return root


def take_out(element: Any) -> None:
    """Take an element out of its tree; the text after it stays."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
