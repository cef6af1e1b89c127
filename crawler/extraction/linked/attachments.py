"""The text of attachments: PDF, Office Open XML, OpenDocument, old PowerPoint, plain text. Pure."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PAGES = 500
MAX_TEXT = 1_000_000
# Bytes that the parts of one document may unpack to: more is a bomb.
MAX_UNPACKED = 100 * 1024 * 1024
_CHUNK = 64 * 1024
# A report of 300 pages has a fifth of it; only the text up to there is read of what has more.
_MOST_ELEMENTS = 1_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Parts of OOXML and ODF packages that hold text, in reading order.
_PARTS = re.compile(
    r"word/document\.xml|word/footnotes\.xml|ppt/slides/slide\d+\.xml|ppt/notesSlides/notesSlide\d+\.xml"
    r"|xl/sharedStrings\.xml|content\.xml"
)
_PARAGRAPHS = frozenset({"p", "si", "h"})
_TEXTS = frozenset({"t"})
# MS-PPT, 2.9.42 and 2.9.43: atoms of text in UTF-16 and in single bytes.
_TEXT_CHARS, _TEXT_BYTES = 0x0FA0, 0x0FA8


class UnreadableDocument(ValueError):
    """The bytes hold no document whose text can be read; the message says why in a line."""


def document_text(body: bytes) -> str:
    """The text of a document, a line a paragraph; ``""`` where its kind holds none that is read.

    Raises:
        UnreadableDocument: it is damaged, encrypted, or unpacks to too much.
    """
    if body[:5] == b"%PDF-" or b"%PDF-" in body[:1024]:
        text = _pdf(body)
    elif body[:4] == b"PK\x03\x04":
        text = "\n".join(_package(body))
    elif body[:8] == _OLE:
        text = "\n".join(_presentation(body))
    else:
        return ""
    return re.sub(r"[ \t]*\n\s*", "\n", text).strip()[:MAX_TEXT]


def _pdf(body: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableDocument("the PDF is encrypted")
        parts, size = [], 0
        for page in reader.pages[:MAX_PAGES]:
            parts.append(page.extract_text())
            size += len(parts[-1])
            if size > MAX_TEXT:
                break
    # It trips over broken files in many ways of its own; a worker's time limit bounds the rest.
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
            OverflowError, NotImplementedError, OSError, struct.error) as error:  # fmt: skip
        if isinstance(error, UnreadableDocument):
            raise
        raise UnreadableDocument(f"the PDF cannot be read: {type(error).__name__}") from error
    return "\n".join(parts)


def _package(body: bytes) -> Iterator[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            names = sorted((n for n in package.namelist() if _PARTS.fullmatch(n)), key=_natural)
            left, room = MAX_UNPACKED, MAX_TEXT
            for name in names:
                reader = _Paragraphs()
                parser = etree.XMLParser(
                    target=reader, resolve_entities=False, no_network=True, recover=True,
                    huge_tree=False,
                )  # fmt: skip
                with package.open(name) as part:
                    while data := part.read(_CHUNK):
                        left -= len(data)
                        if left < 0:
                            raise UnreadableDocument(
                                f"it unpacks to more than {MAX_UNPACKED} bytes"
                            )
                        parser.feed(data)
                        found = reader.taken()
                        yield from found
                        room -= sum(map(len, found)) + len(found)
                        if room < 0 or reader.elements > _MOST_ELEMENTS:
                            return
                parser.close()
                yield from reader.taken()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError,
            EOFError, zlib.error, etree.XMLSyntaxError) as error:  # fmt: skip
        raise UnreadableDocument(f"its package cannot be read: {type(error).__name__}") from error


class _Paragraphs:
    """Gathers the text of paragraphs as a parser meets it: no tree is built, whatever its size."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._marked: list[str] = []  # in text elements, where a format has such
        self._all: list[str] = []
        self._size = 0  # characters of the paragraph
        self._depth = 0  # of paragraphs in one another
        self._in_text = 0
        self.elements = 0

    def start(self, tag: str, _attributes: object) -> None:
        """An element begins."""
        self.elements += 1
        name = tag.rpartition("}")[2]
        self._depth += name in _PARAGRAPHS
        self._in_text += name in _TEXTS

    def data(self, text: str) -> None:
        """Text."""
        if self._depth and self._size <= MAX_TEXT:
            self._size += len(text)
            self._all.append(text)
            if self._in_text:
                self._marked.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        name = tag.rpartition("}")[2]
        self._in_text -= name in _TEXTS
        self._depth -= name in _PARAGRAPHS
        if self._depth or name not in _PARAGRAPHS:
            return
        words = "".join(self._marked or self._all).split()
        if words:
            self._found.append(" ".join(words))
        self._marked, self._all, self._size = [], [], 0

    def taken(self) -> list[str]:
        """The paragraphs that ended since this was last asked."""
        found, self._found = self._found, []
        return found

    def close(self) -> None:
        """The document ends."""


def _natural(name: str) -> list[str]:
    # As numbers they would be bounded by what int() reads; by length and digits they are not.
    return [
        f"{len(part):09}{part}" if part.isdigit() else part for part in re.split(r"(\d+)", name)
    ]


def _presentation(body: bytes) -> Iterator[str]:
    """The text of an old PowerPoint file; other OLE files hold none that is read here."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(body)) as file:
            if not file.exists("PowerPoint Document"):
                return
            stream = file.openstream("PowerPoint Document").read()
    except (OSError, ValueError, IndexError, struct.error, TypeError, AttributeError) as error:
        raise UnreadableDocument(f"its OLE container is broken: {type(error).__name__}") from error
    yield from _atoms(stream)


def _atoms(stream: bytes) -> Iterator[str]:
    at = 0
    while at + 8 <= len(stream):
        version, kind, size = struct.unpack_from("<HHI", stream, at)
        at += 8
        if version & 0x0F == 0x0F:
            continue  # a container: its records follow
        data = stream[at : at + size]
        at += size
        if kind in (_TEXT_CHARS, _TEXT_BYTES):
            text = data.decode("utf-16-le" if kind == _TEXT_CHARS else "cp1252", "replace")
            yield from (line.strip() for line in re.split(r"[\r\n\v]+", text) if line.strip())
