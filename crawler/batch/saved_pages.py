"""Read pages that people saved: HTML, or one file with all parts (MHTML, Safari web archives).

A page's URL is what it states itself, the most reliable first: the note of the program that saved
it, a web archive header, the canonical URL, ``og:url``, and ``mainEntityOfPage`` of its
structured data.
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

from crawler.batch.found import MAX_PAGE_BYTES, SkippedEntry, SourcePage
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
EXTENSIONS = (*_HTML, *_MHTML, _SAFARI, _FIREFOX)
# Notes stand at the top; what a page says of itself may stand behind pictures put into its head.
_NOTE_BYTES, _HEAD_BYTES = 64 * 1024, 4 * 1024 * 1024
_MAX_NOTE_CHARS = 4_096
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


def saved_pages(path: Path) -> Iterator[SourcePage | SkippedEntry]:
    """Yield the saved pages of a file, or of a folder and its subfolders."""
    if path.is_file():
        yield _read_page(path)
        return
    for one in sorted(p for p in path.rglob("*") if p.is_file()):
        if one.name.lower().endswith(EXTENSIONS):
            yield _read_page(one)


def is_saved(head: bytes, name: str) -> bool:
    """Tell whether a file that begins with ``head`` is a saved page, by its name or first bytes."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<!--")) or b"<head" in text:
        return True
    return name.lower().endswith(EXTENSIONS) or _is_mhtml(head) or head.startswith(b"bplist00")


def _is_mhtml(data: bytes) -> bool:
    """Tell whether ``data`` begins with the mail header of an MHTML file."""
    header = _HEADER.match(data.lstrip(b"\xef\xbb\xbf\r\n"))
    declared = header[0].lower() if header is not None else b""
    return b"mime-version:" in declared and (
        b"multipart/related" in declared or b"text/html" in declared
    )


def _read_page(path: Path) -> SourcePage | SkippedEntry:
    name = path.name.lower()
    if name.endswith(_FIREFOX):
        return SkippedEntry("maff-not-supported", f"{path} (unpack it and import the folder)")
    data = _read_bytes(path)
    if isinstance(data, SkippedEntry):
        return data
    timestamp = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if name.endswith(_MHTML) or _is_mhtml(data):
        return _mhtml_page(path, data, timestamp)
    if name.endswith(_SAFARI) or data.startswith(b"bplist00"):
        return _safari_page(path, data, timestamp)
    return _html_page(path, data, "text/html", timestamp)


def _read_bytes(path: Path) -> bytes | SkippedEntry:
    """Return the decompressed content of a file, or why it is skipped."""
    if path.stat().st_size > MAX_PAGE_BYTES:
        return SkippedEntry("too-large", str(path))
    try:
        data, _ = unpacked(path.read_bytes())
    except BadMarkup as error:
        return SkippedEntry("damaged", f"{path}: {error}")
    return data if len(data) <= MAX_PAGE_BYTES else SkippedEntry("too-large", str(path))


def _html_page(
    path: Path, body: bytes, kind: str, timestamp: datetime, url: str | None = None
) -> SourcePage | SkippedEntry:
    noted_url, at = _url_in_note(body)
    url = noted_url or url or _declared_url(body)
    if url is None:
        return SkippedEntry("no-address", str(path))
    return SourcePage(url, 200, (("Content-Type", kind),), body, at or timestamp)


# -- notes of what saved a page ------------------------------------------------------------------


def _url_in_note(body: bytes) -> tuple[str | None, datetime | None]:
    """Return the URL and timestamp that the saving program noted in the page."""
    for text in _comments(decode(body[:_NOTE_BYTES])):
        for pattern in _NOTES:
            match = pattern.search(text)
            if match is None:
                continue
            declared = match.groupdict()
            url = declared.get("url") or f"http://{declared.get('bare')}"
            if is_web_url(url):
                return url, _parse_timestamp(declared)
    return None, None


def _comments(text: str) -> Iterator[str]:
    """Yield the beginnings of comments; an unclosed one ends the search, in linear time."""
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        yield text[start + 4 : min(end, start + 4 + _MAX_NOTE_CHARS)]
        at = end + 3


def _parse_timestamp(declared: dict[str, str | None]) -> datetime | None:
    """Return the timestamp of a note; ``None`` where it has none."""
    try:
        if declared.get("iso"):
            at = datetime.fromisoformat(declared["iso"] or "")
        elif declared.get("http"):
            at = parsedate_to_datetime(declared["http"] or "")
        elif match := _JS_DATE.match(declared.get("js") or ""):
            text = f"{match[1]} {match[2] or '+0000'}"
            at = datetime.strptime(text, "%b %d %Y %H:%M:%S %z")
        else:
            return None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# -- what a page says of itself ------------------------------------------------------------------


def _declared_url(body: bytes) -> str | None:
    parser = etree.HTMLParser(recover=True, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(body[:_HEAD_BYTES], parser)
    except etree.LxmlError:
        return None
    if root is None:
        return None
    urls = [declared.strip() for declared in _declared_urls(root)]
    bases = [(e.get("href") or "").strip() for e in root.iter("base")]
    # A canonical link without a host is of the host whose home page the page names elsewhere.
    homes = [one for one in urls if is_web_url(one)][:1]
    homes = [one for one in homes if urlsplit(one).path in ("", "/")]
    base = next((one for one in (*bases, *homes) if is_web_url(one)), "")
    for declared in urls:
        try:
            url = urljoin(base, declared)
        except ValueError:
            continue
        if is_web_url(url):
            return url
    return None


def _declared_urls(root: Any) -> Iterator[str]:
    """Yield the URLs that may be the page's own, the most reliable first."""
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


def _mhtml_page(path: Path, data: bytes, timestamp: datetime) -> SourcePage | SkippedEntry:
    """Read the page of an MHTML file (RFC 2557) as browsers write it."""
    mail = email.message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n"))
    part = _root_part(mail)
    body = part.get_payload(decode=True) if part is not None else None
    if part is None or not isinstance(body, bytes) or not body.strip():
        return SkippedEntry("no-page", f"{path} (an MHTML file without an HTML part)")
    declared = [
        _unfolded(mail, "Snapshot-Content-Location"),
        _unfolded(part, "Content-Location"),
        _unfolded(mail, "Content-Location"),
    ]
    url = next((one for one in declared if is_web_url(one)), None)
    charset = part.get_content_charset()
    if charset is None and "blink" in str(mail.get("From", "")).lower():
        charset = "utf-8"  # Chromium writes no other, and does not say so
    kind = f"text/html; charset={charset}" if charset else "text/html"
    at = _parse_timestamp({"http": str(mail.get("Date") or "")})
    return _html_page(path, _with_parts(mail, body), kind, at or timestamp, url)


def _root_part(mail: Message) -> Message | None:
    """Return the root part: the one that ``start`` names, or the first HTML part."""
    pages = [
        one
        for one in mail.walk()
        if one.get_content_type() in ("text/html", "application/xhtml+xml")
    ]
    start = mail.get_param("start")
    named = [one for one in pages if start and _unfolded(one, "Content-ID") == str(start)]
    return next(iter(named or pages), None)


def _unfolded(part: Message, name: str) -> str:
    """Return a header that is a URL, without the line breaks of folding."""
    text = "".join(str(part.get(name) or "").split())
    try:
        # Long ones are written as encoded words (RFC 2047).
        return str(make_header(decode_header(text))) if "=?" in text else text
    except (ValueError, LookupError, HeaderParseError):
        return text


def _with_parts(mail: Message, body: bytes) -> bytes:
    """Return ``body`` with ``cid:`` references replaced by the URLs of the parts."""
    locations = {
        _unfolded(one, "Content-ID").strip("<>"): _unfolded(one, "Content-Location")
        for one in mail.walk()
    }

    def absolute_url(match: re.Match[bytes]) -> bytes:
        location = locations.get(match[1].decode("latin-1"), "")
        return location.encode() if is_web_url(location) else match[0]

    return _PART.sub(absolute_url, body)


def _safari_page(path: Path, data: bytes, timestamp: datetime) -> SourcePage | SkippedEntry:
    """Read the page of a Safari web archive, a property list."""
    try:
        declared = plistlib.loads(data)["WebMainResource"]
        body, url = declared["WebResourceData"], str(declared.get("WebResourceURL") or "")
        if not isinstance(body, bytes):
            raise TypeError("its page is not data")
        charset = str(declared.get("WebResourceTextEncodingName") or "")
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
        return SkippedEntry(
            "damaged", f"{path}: not a valid Safari web archive ({type(error).__name__})"
        )
    kind = f"text/html; charset={charset}" if charset else "text/html"
    return _html_page(path, body, kind, timestamp, url if is_web_url(url) else None)
