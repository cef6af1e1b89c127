"""Lists of feeds in OPML (http://opml.org/spec2.opml), as feed readers write them: often no XML."""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lxml import etree

from crawler.batch.found import FollowedFeed, Left
from crawler.discovery.markup import NO_CHARACTER, BadMarkup, decoded, unpacked
from storage.errors import ArchiveError
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# 50,000 sources; a tree takes 20 times its text.
_MOST_BYTES = 8 * 2**20
_AMPERSAND = re.compile(r"&(?:(#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);)?", re.IGNORECASE)
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>", re.IGNORECASE)
# Schemes by which browsers gave a feed to a reader: alone, or before the real one.
_FEED = re.compile(
    r"(?:feed|rss|pcast|itpc)(s?):(?://)?(https?:.*)?(.*)", re.IGNORECASE | re.DOTALL
)


def outlines(path: Path) -> Iterator[FollowedFeed | Left]:
    """The sources of a list, and what in it is none that can be followed.

    Raises:
        ArchiveError: it is no OPML.
    """
    root, damage = _read(path)
    found = [_outline(e) for e in root.iter("{*}*") if _name(e) == "outline"]
    if damage is not None:
        if not any(found):
            raise ArchiveError(f"{path} is no OPML: {damage}", "export it again")
        yield Left("damaged", f"what stands behind this: {damage}")
    yield from (one for one in found if one is not None)


def _read(path: Path) -> tuple[Any, str | None]:
    """The tree of a list, and what is wrong with its XML."""
    try:
        size = path.stat().st_size
        body, _ = unpacked(path.read_bytes() if size <= _MOST_BYTES else b"")
    except BadMarkup as error:
        raise ArchiveError(f"{path} is no OPML: {error}", "export it again") from error
    if max(size, len(body)) > _MOST_BYTES:
        raise ArchiveError(f"{path} is too large for a list of feeds", "split it")
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
        raise ArchiveError(f"{path} is no OPML: {damage}", "export it again")
    return root, damage if recover else None


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, recover=recover, encoding="utf-8"
    )


def _entity(match: re.Match[str]) -> str:
    """An ampersand as XML wants it: HTML's entities are letters, and what is none is a sign."""
    name = match[1]
    if name is None:
        return "&amp;" + match[0][1:]
    if name.startswith("#") or name in _XML_ENTITIES:
        return match[0]
    letters = html5.get(f"{name};")
    return "&amp;" + match[0][1:] if letters is None else "".join(f"&#{ord(c)};" for c in letters)


def _name(element: Any) -> str:
    return str(etree.QName(element).localname).lower() if isinstance(element.tag, str) else ""


def _outline(element: Any) -> FollowedFeed | Left | None:
    """What an outline is: a source, ``None`` for a folder, or something that is no source."""
    said = {
        str(etree.QName(name).localname).lower(): str(value).strip()
        for name, value in element.attrib.items()
    }
    title = said.get("title") or said.get("text") or None
    feed = said.get("xmlurl", "")
    if not feed and said.get("type", "").lower() in ("rss", "atom"):
        feed = said.get("url", "")
    if not feed:
        return None if len(element) else Left("no-feed", title or said.get("htmlurl") or "?")
    url = web_url(feed)
    if not is_web_url(url):
        return Left("no-web-address", f"{title or '?'}: {feed[:200]}")
    parts = urlsplit(url)
    home = said.get("htmlurl", "")
    return FollowedFeed(
        url, home if is_web_url(home) else f"{parts.scheme}://{parts.netloc}/", title
    )


def web_url(address: str) -> str:
    """A feed's address without the schemes that only tell what to do with it."""
    match = _FEED.fullmatch(address)
    if match is not None:
        return match[2] or f"http{match[1].lower()}://{match[3].lstrip('/')}"
    return f"https:{address}" if address.startswith("//") else address
