"""Pages that people saved, as HTML or with all their parts in one file (MHTML, Safari's archives).

Where a page comes from is what it says of itself, the surest first: the note of what saved it, the
address in an archive's header, the page's canonical URL, ``og:url``, and ``mainEntityOfPage`` of
its structured data.
"""

from __future__ import annotations

import email
import plistlib
import re
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from xml.parsers.expat import ExpatError

from lxml import etree

from crawler.batch.found import MAX_PAGE_BYTES, FoundPage, Left
from crawler.discovery.markup import BadMarkup, unpacked
from crawler.extraction.fields.json_ld import json_ld
from crawler.extraction.fields.json_ld_graph import ARTICLE_TYPES, all_nodes
from crawler.extraction.page.encoding import decode
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

_HTML = (".html", ".htm", ".xhtml", ".html.gz", ".htm.gz")
_MHTML = (".mht", ".mhtml")
_SAFARI = ".webarchive"
_FIREFOX = ".maff"
ENDINGS = (*_HTML, *_MHTML, _SAFARI, _FIREFOX)
# Notes stand at the top; what a page says of itself may stand behind pictures put into its head.
_NOTE_BYTES, _HEAD_BYTES = 64 * 1024, 4 * 1024 * 1024
_MOST_NOTE = 4_096
_NOTES = (
    # Browsers; the number counts the URL's letters.
    re.compile(r"saved from url=\(\d+\)(?P<url>\S+)"),
    # SingleFile; the date is as JavaScript writes it.
    re.compile(r"\burl:\s*(?P<url>\S+)(?:\s+saved date:\s*(?P<js>[^\r\n]+))?"),
    # monolith.
    re.compile(r"\bSaved from (?P<url>https?://\S+)(?: at (?P<iso>\S+))?"),
    # HTTrack, which leaves the scheme out.
    re.compile(r"Mirrored from (?P<bare>\S+) by HTTrack.*?\],\s*(?P<http>[^\r\n]+GMT)"),
)
_JS_DATE = re.compile(r"\w{3} (\w{3} \d{1,2} \d{4} \d\d:\d\d:\d\d) (?:GMT|UTC)([+-]\d{4})?")
_PART = re.compile(rb"""\bcid:([^"'\s<>()]+)""")
_HEADER = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+\r?\n")


def saved_pages(path: Path) -> Iterator[FoundPage | Left]:
    """The saved pages of a file, or of a folder and those below it."""
    if path.is_file():
        yield _page_of(path)
        return
    for one in sorted(p for p in path.rglob("*") if p.is_file()):
        if one.name.lower().endswith(ENDINGS):
            yield _page_of(one)


def is_saved(head: bytes, name: str) -> bool:
    """Whether a file that begins with ``head`` is a saved page by its name or its first bytes."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<!--")) or b"<head" in text:
        return True
    return name.lower().endswith(ENDINGS) or _is_mhtml(head) or head.startswith(b"bplist00")


def _is_mhtml(data: bytes) -> bool:
    """Whether ``data`` begins with the header of a mail that holds a page."""
    header = _HEADER.match(data.lstrip(b"\xef\xbb\xbf\r\n"))
    said = header[0].lower() if header is not None else b""
    return b"mime-version:" in said and (b"multipart/related" in said or b"text/html" in said)


def _page_of(path: Path) -> FoundPage | Left:
    name = path.name.lower()
    if name.endswith(_FIREFOX):
        return Left("maff-not-supported", f"{path} (unpack it, and import the folder)")
    data = _bytes_of(path)
    if isinstance(data, Left):
        return data
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if name.endswith(_MHTML) or _is_mhtml(data):
        return _of_mhtml(path, data, moment)
    if name.endswith(_SAFARI) or data.startswith(b"bplist00"):
        return _of_safari(path, data, moment)
    return _of_html(path, data, "text/html", moment)


def _bytes_of(path: Path) -> bytes | Left:
    """What a file holds, unpacked; or why it is left out."""
    if path.stat().st_size > MAX_PAGE_BYTES:
        return Left("too-large", str(path))
    try:
        data, _ = unpacked(path.read_bytes())
    except BadMarkup as error:
        return Left("damaged", f"{path}: {error}")
    return data if len(data) <= MAX_PAGE_BYTES else Left("too-large", str(path))


def _of_html(
    path: Path, body: bytes, kind: str, moment: datetime, url: str | None = None
) -> FoundPage | Left:
    noted, at = _noted(body)
    url = noted or url or _own_address(body)
    if url is None:
        return Left("no-address", str(path))
    return FoundPage(url, 200, (("Content-Type", kind),), body, at or moment)


# -- notes of what saved a page ------------------------------------------------------------------


def _noted(body: bytes) -> tuple[str | None, datetime | None]:
    """The address and the moment that whatever saved a page noted in it."""
    for text in _comments(decode(body[:_NOTE_BYTES])):
        for pattern in _NOTES:
            match = pattern.search(text)
            if match is None:
                continue
            said = match.groupdict()
            url = said.get("url") or f"http://{said.get('bare')}"
            if is_web_url(url):
                return url, _moment(said)
    return None, None


def _comments(text: str) -> Iterator[str]:
    """The beginnings of comments; one that is not closed ends the search, in linear time."""
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        yield text[start + 4 : min(end, start + 4 + _MOST_NOTE)]
        at = end + 3


def _moment(said: dict[str, str | None]) -> datetime | None:
    """The moment that a note names; ``None`` where it is no moment."""
    try:
        if said.get("iso"):
            at = datetime.fromisoformat(said["iso"] or "")
        elif said.get("http"):
            at = parsedate_to_datetime(said["http"] or "")
        elif match := _JS_DATE.match(said.get("js") or ""):
            text = f"{match[1]} {match[2] or '+0000'}"
            at = datetime.strptime(text, "%b %d %Y %H:%M:%S %z")
        else:
            return None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# -- what a page says of itself ------------------------------------------------------------------


def _own_address(body: bytes) -> str | None:
    parser = etree.HTMLParser(recover=True, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(body[:_HEAD_BYTES], parser)
    except etree.LxmlError:
        return None
    if root is None:
        return None
    addresses = [said.strip() for said in _addresses(root)]
    bases = [(e.get("href") or "").strip() for e in root.iter("base")]
    # A canonical link without a host is of the host whose home page the page names elsewhere.
    homes = [one for one in addresses if is_web_url(one)][:1]
    homes = [one for one in homes if urlsplit(one).path in ("", "/")]
    base = next((one for one in (*bases, *homes) if is_web_url(one)), "")
    for said in addresses:
        try:
            url = urljoin(base, said)
        except ValueError:
            continue
        if is_web_url(url):
            return url
    return None


def _addresses(root: Any) -> Iterator[str]:
    """What may be the page's address, the surest first."""
    for link in root.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            yield link.get("href") or ""
    for meta in root.iter("meta"):
        names = (meta.get("property"), meta.get("name"))
        if any((name or "").strip().lower() == "og:url" for name in names):
            yield meta.get("content") or ""
    nodes = all_nodes(json_ld(root.iter("script")))
    for node in nodes:
        yield _text(node.get("mainEntityOfPage"))
    for node in nodes:
        kinds = node.get("@type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if any(str(kind).lower() in ARTICLE_TYPES for kind in kinds):
            yield _text(node.get("url")) or _text(node.get("@id"))


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("@id") or value.get("url")
    return value if isinstance(value, str) else ""


# -- files that hold a page with its parts -------------------------------------------------------


def _of_mhtml(path: Path, data: bytes, moment: datetime) -> FoundPage | Left:
    """The page of an MHTML file (RFC 2557) as Chromium, Internet Explorer and others write it."""
    mail = email.message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n"))
    part = _root_part(mail)
    body = part.get_payload(decode=True) if part is not None else None
    if part is None or not isinstance(body, bytes) or not body.strip():
        return Left("no-page", f"{path} (an MHTML file without an HTML part)")
    said = [
        _joined(mail, "Snapshot-Content-Location"),
        _joined(part, "Content-Location"),
        _joined(mail, "Content-Location"),
    ]
    url = next((one for one in said if is_web_url(one)), None)
    charset = part.get_content_charset()
    if charset is None and "blink" in str(mail.get("From", "")).lower():
        charset = "utf-8"  # Chromium writes no other, and does not say so
    kind = f"text/html; charset={charset}" if charset else "text/html"
    at = _moment({"http": str(mail.get("Date") or "")})
    return _of_html(path, _with_parts(mail, body), kind, at or moment, url)


def _root_part(mail: Message) -> Message | None:
    """The part that the others belong to: the one that is named, or the first that is a page."""
    pages = [
        one
        for one in mail.walk()
        if one.get_content_type() in ("text/html", "application/xhtml+xml")
    ]
    start = mail.get_param("start")
    named = [one for one in pages if start and _joined(one, "Content-ID") == str(start)]
    return next(iter(named or pages), None)


def _joined(part: Message, name: str) -> str:
    """A header that is an address, without the breaks that long ones are folded with."""
    text = "".join(str(part.get(name) or "").split())
    try:
        # Long ones are written as encoded words (RFC 2047).
        return str(make_header(decode_header(text))) if "=?" in text else text
    except (ValueError, LookupError, HeaderParseError):
        return text


def _with_parts(mail: Message, body: bytes) -> bytes:
    """``body`` with its references to other parts turned into the addresses of these."""
    places = {
        _joined(one, "Content-ID").strip("<>"): _joined(one, "Content-Location")
        for one in mail.walk()
    }

    def turned(match: re.Match[bytes]) -> bytes:
        place = places.get(match[1].decode("latin-1"), "")
        return place.encode() if is_web_url(place) else match[0]

    return _PART.sub(turned, body)


def _of_safari(path: Path, data: bytes, moment: datetime) -> FoundPage | Left:
    """The page of a Safari archive, a property list."""
    try:
        said = plistlib.loads(data)["WebMainResource"]
        body, url = said["WebResourceData"], str(said.get("WebResourceURL") or "")
        if not isinstance(body, bytes):
            raise TypeError("its page is no data")
        charset = str(said.get("WebResourceTextEncodingName") or "")
    except (
        plistlib.InvalidFileException,
        ExpatError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        return Left("damaged", f"{path}: no archive of Safari ({type(error).__name__})")
    kind = f"text/html; charset={charset}" if charset else "text/html"
    return _of_html(path, body, kind, moment, url if is_web_url(url) else None)
