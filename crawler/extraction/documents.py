"""The text of attachments: PDF, Office Open XML, OpenDocument, old PowerPoint, plain text. Pure."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PAGES = 500
MAX_TEXT = 1_000_000
# Bytes that the parts of one document may unpack to: more is a bomb.
MAX_UNPACKED = 100 * 1024 * 1024
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
            left = MAX_UNPACKED
            for name in names:
                with package.open(name) as part:
                    data = part.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise UnreadableDocument("it unpacks to more than 100 MB")
                yield from _xml_text(data)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError,
            EOFError) as error:  # fmt: skip
        raise UnreadableDocument(f"its package cannot be read: {type(error).__name__}") from error


def _xml_text(data: bytes) -> Iterator[str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser=parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableDocument("its XML is broken") from error
    if root is None:
        return
    for node in root.iter():
        if isinstance(node.tag, str) and etree.QName(node).localname in _PARAGRAPHS:
            texts = [
                part.text or "" for part in node.iter()
                if isinstance(part.tag, str) and etree.QName(part).localname in _TEXTS
            ]  # fmt: skip
            words = "".join(texts) or "".join(map(str, node.itertext()))
            if words.strip():
                yield " ".join(words.split())


def _natural(name: str) -> list[int | str]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


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
