"""Decompress, decode and repair feeds and sitemaps, and stream their XML events.

Publishers write bare ampersands, HTML entities, control characters and wrong encodings; attackers
send little that unpacks to much. What is read here stays bounded: one element at a time, so many
elements in all, no external entity, no file.
"""

from __future__ import annotations

import codecs
import html.entities
import re
import zlib
from typing import TYPE_CHECKING, Any

from lxml import etree

from crawler.extraction.page.encoding import encoding_named

if TYPE_CHECKING:
    from collections.abc import Iterator

# The sitemaps protocol allows 50 MB; a bomb of 300 kB unpacks to 314 MB.
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
# A tree of 100,000 elements takes 12 MB.
MAX_ELEMENTS_OF_ENTRY = 100_000
# Text between two tags, or one tag, of an entry that holds a book.
MAX_ATTRIBUTES = 5_000
_GZIP = b"\x1f\x8b"
_MAX_LAYERS = 3
_SLICE = 256 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Two ASCII characters in wide encodings without a byte order mark, as the zeros in them show.
_WIDE = (
    (re.compile(rb"[^\0]\0\0\0[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[^\0]\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[^\0]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[^\0]\0[^\0]"), "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{2,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{2,40})", re.IGNORECASE)
_SECTIONS = ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->"))
_MAX_SECTIONS = 500_000
_AMPERSAND = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)"
    rb"(?:([A-Za-z][A-Za-z0-9_.-]{0,30}|#X[0-9a-fA-F]{1,6});)?"
)
# Entities that a document declares for itself; a short text without markup each.
_ENTITY = re.compile(
    rb"<!ENTITY\s+([A-Za-z][A-Za-z0-9_.-]{0,30})\s+[\"']([^&<>\"'%]{0,100})[\"']\s*>"
)
_MOST_ENTITIES, _MOST_REFERENCES = 100, 300_000
# Bytes of text without a tag.
_LONGEST_TEXT = 4 * 2**20
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
# "<" that begins no tag: "a < b", "I <3 you". A slash, "!" or "?" may follow one that does.
_LESS_THAN = re.compile(rb"<(?![A-Za-z_:/!?\x80-\xff])")
# References to what is no character of XML: controls, halves of surrogate pairs, beyond Unicode.
NO_CHARACTER = re.compile(
    rb"&#(?:0*(?:[0-8]|1[1-24-9]|2\d|3[01]|5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d"
    rb"|5734[0-3]|6553[45]|111411[2-9]|11141[2-9]\d|1114[2-9]\d\d|111[5-9]\d{3}|11[2-9]\d{4}"
    rb"|1[2-9]\d{5}|[2-9]\d{6});|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}"
    rb"|[fF]{3}[efEF]|1[1-9a-fA-F][0-9a-fA-F]{4}|[2-9a-fA-F][0-9a-fA-F]{5});)"
)
_LONG_TAG = re.compile(rb"<[^<]{50000,}")


class BadMarkup(ValueError):
    """The bytes cannot be decompressed or hold no XML; the message says why."""


def unpacked(body: bytes) -> tuple[bytes, str | None]:
    """Return ``body`` without gzip, and why it is truncated if it is.

    Raises:
        BadMarkup: its gzip data is damaged from the beginning.
    """
    cut = None
    for _ in range(_MAX_LAYERS):
        if body[:2] != _GZIP or cut is not None:
            break
        body, cut = _gunzip(body)
    return body, cut


def _gunzip(body: bytes) -> tuple[bytes, str | None]:
    """Decompress all members of a gzip file (RFC 1952, 2.2)."""
    out = bytearray()
    rest = body
    while rest[:2] == _GZIP:
        engine = zlib.decompressobj(wbits=31)
        try:
            out += engine.decompress(rest, MAX_UNPACKED_BYTES - len(out))
        except zlib.error as error:
            if not out:
                raise BadMarkup(f"its gzip data is damaged: {error}") from error
            return bytes(out), f"its gzip data is damaged: {error}"
        if engine.unconsumed_tail or len(out) >= MAX_UNPACKED_BYTES:
            return bytes(out), f"decompresses to more than {MAX_UNPACKED_BYTES // 2**20} MB"
        if not engine.eof:
            return bytes(out), "its gzip data is truncated"
        rest = engine.unused_data
    return bytes(out), None


def as_utf8(body: bytes, content_type: str = "") -> bytes:
    """Return ``body`` in UTF-8 without byte order mark; reads BOM, declaration and header."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            body = body[len(mark) :]
            return body if encoding == "utf-8" else _recoded(body, encoding)
    for zeros, encoding in _WIDE:
        if zeros.match(body):
            return _recoded(body, encoding)
    declared = _DECLARED.search(body[:512])
    charset = _CHARSET.search(content_type)
    name = declared[1].decode() if declared else charset[1] if charset else "utf-8"
    encoding = encoding_named(name) or "utf-8"
    if encoding.startswith("utf-16"):
        # It begins with "<" in one byte, so it is not UTF-16.
        encoding = "utf-8"
    if encoding == "utf-8" and _is_utf8(body):
        return body
    return _recoded(body, "cp1252" if encoding == "utf-8" and not _mostly_utf8(body) else encoding)


def _is_utf8(body: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(body), _SLICE):
            decoder.decode(body[at : at + _SLICE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(body: bytes) -> bool:
    """Tell whether a text has more UTF-8 letters than invalid bytes."""
    sample = body[: 4 * _SLICE].decode("utf-8", "replace")
    return sample.count("\ufffd") * 2 <= sum(1 for c in sample if c > "\x7f")


def _recoded(body: bytes, encoding: str) -> bytes:
    out = bytearray()
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for at in range(0, len(body), _SLICE):
        out += decoder.decode(body[at : at + _SLICE]).encode("utf-8", "replace")
    return bytes(out + decoder.decode(b"", final=True).encode("utf-8", "replace"))


class _Repairer:
    """Splits a document into pieces, and repairs them outside of CDATA and comments."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._entities = dict(_ENTITY.findall(data[:_SLICE])[:_MOST_ENTITIES])
        self._references = _MOST_REFERENCES

    def __iter__(self) -> Iterator[bytes]:
        waiting = bytearray()
        try:
            for piece in self._pieces():
                waiting += piece
                if len(waiting) >= _SLICE // 4:
                    yield bytes(waiting)
                    waiting.clear()
        except BadMarkup:
            # What comes before the cut is read.
            yield bytes(waiting)
            raise
        yield bytes(waiting)

    def _pieces(self) -> Iterator[bytes]:
        at = 0
        for start, end in self._sections():
            yield from self._repaired(self._data[at:start])
            if self._data[start + 2 : start + 3] == b"[":
                yield _CONTROLS.sub(b"", self._data[start:end])
            at = end
        yield from self._repaired(self._data[at:])

    def _sections(self) -> Iterator[tuple[int, int]]:
        """Yield where CDATA sections and comments begin and end; unclosed ones are ignored."""
        data, at = self._data, 0
        begins = [data.find(begin) for begin, _ in _SECTIONS]
        for _ in range(_MAX_SECTIONS):
            found = [place for place in begins if place >= 0]
            if not found:
                return
            start = min(found)
            which = begins.index(start)
            end = data.find(_SECTIONS[which][1], start + len(_SECTIONS[which][0]))
            if end < 0:
                begins[which] = -1
                continue
            at = end + 3
            yield start, at
            for i, (begin, _) in enumerate(_SECTIONS):
                if 0 <= begins[i] < at:
                    begins[i] = data.find(begin, at)
        raise BadMarkup(f"more than {_MAX_SECTIONS} comments and CDATA sections")

    def _repaired(self, part: bytes) -> Iterator[bytes]:
        at = since = 0
        while at < len(part):
            end = part.rfind(b"<", at + 1, at + _SLICE) if len(part) - at > _SLICE else len(part)
            end = end if end > at else min(len(part), at + _SLICE)
            since = end if part.find(b"<", at, end) >= 0 else since
            if end - since > _LONGEST_TEXT:
                raise BadMarkup(f"a text of more than {_LONGEST_TEXT // 2**20} MB")
            piece = part[at:end]
            at = end
            if b"&" in piece:
                piece = NO_CHARACTER.sub(b"&#xFFFD;", _AMPERSAND.sub(self._reference, piece))
            piece, signs = _LESS_THAN.subn(b"&lt;", piece)
            self._count(signs)
            yield _CONTROLS.sub(b"", piece)

    def _count(self, repaired: int) -> None:
        self._references -= repaired
        if self._references < 0:
            raise BadMarkup(f"more than {_MOST_REFERENCES} bare ampersands and HTML entities")

    def _reference(self, match: re.Match[bytes]) -> bytes:
        """Return the replacement of an ampersand that begins no XML reference."""
        name: bytes | None = match[1]
        self._count(1)
        if name is None:
            return b"&amp;"
        if name[:1] == b"#":
            return b"&#x" + name[2:] + b";"
        own: bytes | None = self._entities.get(name)
        if own is not None:
            return own
        signs = html.entities.html5.get(name.decode() + ";")
        if signs:
            return "".join(f"&#{ord(sign)};" for sign in signs).encode()
        return b"&amp;" + name + b";"


class Elements:
    """Iterate over XML elements, at their start and end: ``(event,
    element, depth)``.

    Whoever goes over it calls :meth:`release` for what was read. ``cut`` says why the document
    was read in part, ``damage`` what is wrong in it, ``root`` is the local name of its first
    element.
    """

    def __init__(self, data: bytes, max_elements: int) -> None:
        self.data = data
        self._most = max_elements
        self.root: str | None = None
        self.cut: str | None = None
        self.damage: str | None = None
        self._count = 0
        self._since = 0

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Iterate over the document once."""
        parser = etree.XMLPullParser(
            ("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=True,
            remove_comments=True,
            remove_pis=True,
            encoding="utf-8",
        )
        try:
            for piece in _Repairer(self.data):
                long = next(
                    (m for m in _LONG_TAG.finditer(piece) if m[0].count(b"=") > MAX_ATTRIBUTES),
                    None,
                )
                parser.feed(piece if long is None else piece[: long.start()])
                yield from self._events(parser)
                if long is not None:
                    raise BadMarkup(f"an element has more than {MAX_ATTRIBUTES} attributes")
                if self.cut is not None:
                    return
            parser.close()
            if parser.feed_error_log:
                self.damage = f"malformed XML: {parser.feed_error_log[0].message}"
            yield from self._events(parser)
        except BadMarkup as error:
            self.cut = str(error)
        except etree.XMLSyntaxError as error:
            self.cut = f"malformed XML: {error.msg}"

    def _events(self, parser: Any) -> Iterator[tuple[str, Any]]:
        for event, element in parser.read_events():
            if event == "start":
                self.root = self.root or local(element)
                self._count += 1
                self._since += 1
                if self._count > self._most or self._since > MAX_ELEMENTS_OF_ENTRY:
                    max_elements = self._most if self._count > self._most else MAX_ELEMENTS_OF_ENTRY
                    self.cut = f"more than {max_elements} elements"
                    return
            yield event, element

    def release(self, element: Any) -> None:
        """Free an element that was read, and all elements before it."""
        self._since = 0
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def local(element: Any) -> str:
    """Return the local name of an element in lower case."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def namespace(element: Any) -> str:
    """Return the namespace of an element in lower case; its prefix where that is undeclared."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag[1:].partition("}")[0].lower() if tag[0] == "{" else tag.rpartition(":")[0].lower()


def text_in(element: Any) -> str:
    """Return all text of an element and its descendants."""
    return "".join(element.itertext())


def decoded(body: bytes, content_type: str = "") -> str:
    """Decode text that is not XML."""
    return as_utf8(body, content_type).decode("utf-8", "replace")
