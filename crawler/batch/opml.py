"""Read feed lists in OPML (http://opml.org/spec2.opml), which are often malformed XML."""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lxml import etree

from crawler.batch.found import FollowedFeed, SkippedEntry
from crawler.discovery.markup import NO_CHARACTER, BadMarkup, decoded, unpacked
from storage.errors import ArchiveError
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# 50,000 sources; a tree takes 20 times its text.
_MAX_BYTES = 8 * 2**20
_AMPERSAND = re.compile(r"&(?:(#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);)?", re.IGNORECASE)
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>", re.IGNORECASE)
# Schemes by which browsers gave a feed to a reader: alone, or before the real one.
_FEED = re.compile(
    r"(?:feed|rss|pcast|itpc)(s?):(?://)?(https?:.*)?(.*)", re.IGNORECASE | re.DOTALL
)


def read_opml(path: Path) -> Iterator[FollowedFeed | SkippedEntry]:
    """Yield the sources of a list, and the entries that cannot be followed.

    Raises:
        ArchiveError: it is not a valid OPML file.
    """
    root, damage = _read(path)
    found = [_outline(e) for e in root.iter("{*}*") if _name(e) == "outline"]
    if damage is not None:
        if not any(found):
            raise ArchiveError(f"{path} is not a valid OPML file: {damage}", "export it again")
        yield SkippedEntry("damaged", f"entries after this error: {damage}")
    yield from (one for one in found if one is not None)


def _read(path: Path) -> tuple[Any, str | None]:
    """Return the tree of a list, and what is wrong with its XML."""
    try:
        size = path.stat().st_size
        body, _ = unpacked(path.read_bytes() if size <= _MAX_BYTES else b"")
    except BadMarkup as error:
        raise ArchiveError(
            f"{path} is not a valid OPML file: {error}", "export it again"
        ) from error
    if max(size, len(body)) > _MAX_BYTES:
        raise ArchiveError(
            f"{path} is too large for a list of feeds", "split it into smaller files"
        )
    text = _DECLARATION.sub("", _AMPERSAND.sub(_entity, decoded(body)), count=1)
    data = NO_CHARACTER.sub(b"&#xFFFD;", text.encode("utf-8", "replace"))
    root, damage = None, "it is empty"
    for recover in (False, True):
        try:
            root = etree.fromstring(data, _parser(recover=recover))
            break
        except etree.XMLSyntaxError as error:
            damage = str(error.msg)
    if root is None:
        raise ArchiveError(f"{path} is not a valid OPML file: {damage}", "export it again")
    return root, damage if recover else None


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, recover=recover, encoding="utf-8"
    )


def _entity(match: re.Match[str]) -> str:
    """Return an ampersand as XML needs it: HTML entities become characters, others are escaped."""
    name = match[1]
    if name is None:
        return "&amp;" + match[0][1:]
    if name.startswith("#") or name in _XML_ENTITIES:
        return match[0]
    letters = html5.get(f"{name};")
    return "&amp;" + match[0][1:] if letters is None else "".join(f"&#{ord(c)};" for c in letters)


def _name(element: Any) -> str:
    return str(etree.QName(element).localname).lower() if isinstance(element.tag, str) else ""


def _outline(element: Any) -> FollowedFeed | SkippedEntry | None:
    """Return the source of an outline, ``None`` for a folder, or an entry to skip."""
    attributes = {
        str(etree.QName(name).localname).lower(): str(value).strip()
        for name, value in element.attrib.items()
    }
    title = attributes.get("title") or attributes.get("text") or None
    feed = attributes.get("xmlurl", "")
    if not feed and attributes.get("type", "").lower() in ("rss", "atom"):
        feed = attributes.get("url", "")
    if not feed:
        return (
            None
            if len(element)
            else SkippedEntry("no-feed", title or attributes.get("htmlurl") or "?")
        )
    url = web_url(feed)
    if not is_web_url(url):
        return SkippedEntry("no-web-address", f"{title or '?'}: {feed[:200]}")
    parts = urlsplit(url)
    home = attributes.get("htmlurl", "")
    return FollowedFeed(
        url, home if is_web_url(home) else f"{parts.scheme}://{parts.netloc}/", title
    )


def web_url(url: str) -> str:
    """Return a feed's URL without the scheme prefixes of feed readers (``feed:``, ``rss:``)."""
    match = _FEED.fullmatch(url)
    if match is not None:
        return match[2] or f"http{match[1].lower()}://{match[3].lstrip('/')}"
    return f"https:{url}" if url.startswith("//") else url
