"""Read the pages of WARC and ARC files of any producer, record by record, in bounded memory.

A record that cannot be read is named and left out, and what follows it is read. Only a file that
ends within a record is an error, so that an import of a file that grew continues.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.batch.found import SkippedEntry, SourcePage
from crawler.batch.unpacking import CutOff, Damaged, DecompressionBomb, MemberReader
from crawler.http.bodies import CodedBody
from storage.captures.content_encoding import decode_response
from storage.errors import ArchiveError, BodyTooLarge
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.batch.unpacking import Readable

# As a crawl takes (crawler.settings).
MAX_PAGE_BYTES = 12 * 1024 * 1024
_MAX_LINE_BYTES, _MAX_HEAD_BYTES = 64 * 1024, 512 * 1024
# Lines of what is no record that may each begin a record of an ARC file.
_MAX_LINES_SKIPPED = 20_000
# Behind more bytes than this the next member is looked for in the packed file.
_MAX_BYTES_READ_OVER = 64 * 1024 * 1024
# No page of more than this is a hundredth of its size when packed.
_BOMB_BYTES, _BOMB_RATIO = 2 * 1024 * 1024, 100
_CHUNK_BYTES = 1 << 16
# Their coding is undone when a record is read, so these would be wrong of what is kept.
_CODING_HEADERS = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_DECODED_BY = frozenset({"content-encoding", "content-type"})
_PAGE_RECORD_TYPES = frozenset({"response", "resource"})
_MAX_ARC_LINE_BYTES = 8_192
_FIRST_FINAL_STATUS, _MAX_INTERIM = 200, 5
_DATE = re.compile(rb"\d{8,17}")
_STATUS = re.compile(rb"(?:ICY|HTTP/\d(?:\.\d)?)\s+(\d{3})\b|:status:?\s*(\d{3})\b")
# What a WACZ has its records in.
_MEMBER = re.compile(r"archive/.+\.w?arc(?:\.|$)", re.IGNORECASE)
_CHUNK = re.compile(rb"\s*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")


@dataclass(slots=True)
class _Record:
    """The head of one record; ``remaining`` bytes of its block are unread."""

    kind: str
    url: str
    date: str
    content_type: str
    remaining: int
    is_segment: bool = False


class _BadRecord(Exception):
    """A record that is skipped: its cause and what it is."""

    def __init__(self, cause: str, what: str) -> None:
        self.entry = SkippedEntry(cause, what[:200], damaged=True)
        super().__init__(cause)


class _BadHead(Exception):
    """The HTTP message of a record has no readable head; the message is the cause."""


def warc_file(path: Path) -> Iterator[SourcePage | SkippedEntry]:
    """Yield the pages of a WARC or ARC file.

    Raises:
        EOFError: it ends within a record, or holds none.
        ArchiveError: none of its records is a page, or it is a bomb.
    """
    kinds: Counter[str] = Counter()
    with path.open("rb") as stream:
        yield from _pages(stream, path.stat().st_size, path.name, kinds)
    _refuse_empty(path, kinds)


def wacz_file(path: Path) -> Iterator[SourcePage | SkippedEntry]:
    """Yield the pages of the WARC files in a WACZ; unreadable members are skipped.

    Raises:
        EOFError, ArchiveError: as for :func:`warc_file`.
    """
    kinds: Counter[str] = Counter()
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if _MEMBER.match(m.filename)]
        for member in members:
            name = member.filename
            if member.file_size > max(_BOMB_BYTES, _BOMB_RATIO * member.compress_size):
                kinds["left"] += 1
                yield SkippedEntry("too-large", name, damaged=True)
                continue
            try:
                with archive.open(member) as stream:
                    yield from _pages(stream, path.stat().st_size, name, kinds)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
                # RuntimeError: it is encrypted, or packed by a method that is not known.
                kinds["left"] += 1
                yield SkippedEntry("damaged-file", f"{name}: {error}"[:200], damaged=True)
    if not members:
        raise ArchiveError(
            f"{path} contains no WARC file", "a WACZ has them in its folder archive/"
        )
    _refuse_empty(path, kinds)


def _refuse_empty(path: Path, kinds: Counter[str]) -> None:
    if kinds["page"] or kinds["left"]:
        return
    types_found = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
    raise ArchiveError(
        f"{path} contains no pages: its records are {types_found or 'none'}",
        "pages are in records of the types response and resource",
    )


def _pages(
    stream: Readable, size: int, name: str, kinds: Counter[str]
) -> Iterator[SourcePage | SkippedEntry]:
    reader = _Reader(MemberReader(stream, size))
    if reader.source.form != "plain" and reader.source.peek(3).startswith(b"\x1f\x8b\x08"):
        # Packed once more as a whole.
        reader = _Reader(MemberReader(reader.source, size))
    seen = 0
    try:
        for one in reader:
            seen += 1
            if isinstance(one, _Record):
                kinds[one.kind or "unnamed"] += 1
            else:
                kinds["page" if isinstance(one, SourcePage) else "left"] += 1
                yield one
    except DecompressionBomb as error:
        raise ArchiveError(
            f"{name} decompresses to more than 300 times its size, at record {seen}",
            "this is not an archive of pages; do not import it",
        ) from error
    if not seen:
        raise EOFError("it contains no complete record")


class _Reader:
    """Iterates over records, and resynchronizes after damage."""

    def __init__(self, source: MemberReader) -> None:
        self.source = source
        self._record: _Record | None = None

    def __iter__(self) -> Iterator[SourcePage | SkippedEntry | _Record]:
        """Yield pages, skipped entries, and records of other types in file order."""
        must_resync = False
        while True:
            self._record = None
            packed = self.source.packed_read
            try:
                if must_resync and not self._skip_to_next_record():
                    return
                must_resync = False
                record = self._record = self._read_record()
                if record is None:
                    return
                yield self._page_of(record, packed)
                self._skip(record)
            except _BadRecord as error:
                yield error.entry
                must_resync = True
            except Damaged as error:
                what = self._record.url if self._record is not None else f"a record: {error}"
                yield SkippedEntry("damaged", what[:200], damaged=True)
                if not self.source.skip_to_next_member():
                    return

    def _skip_to_next_record(self) -> bool:
        """Skip to the next line that begins a record."""
        for _ in range(_MAX_LINES_SKIPPED):
            if self.source.peek(5) == b"WARC/":
                return True
            line, end, _ = self.source.peek(_MAX_ARC_LINE_BYTES).partition(b"\n")
            if end and _arc_head(line) is not None:
                return True
            if not self.source.line(_MAX_LINE_BYTES):
                return False
        return (
            self.source.skip_to_line(b"WARC/", _MAX_BYTES_READ_OVER)
            or self.source.skip_to_next_member()
        )

    def _read_record(self) -> _Record | None:
        """Return the head of the next record; ``None`` at the end of the file."""
        line = b"\n"
        while line and not line.strip():
            line = self.source.line(_MAX_LINE_BYTES)
        if not line:
            return None
        if line.startswith(b"WARC/"):
            return self._warc_head()
        record = _arc_head(line)
        if record is None:
            raise _BadRecord("not-a-record", repr(line[:80])[2:-1])
        return record

    def _warc_head(self) -> _Record:
        fields: dict[str, str] = {}
        size, last = 0, ""
        while (line := self.source.line(_MAX_LINE_BYTES)).strip():
            size += len(line)
            if size > _MAX_HEAD_BYTES or len(line) >= _MAX_LINE_BYTES:
                raise _BadRecord("header-too-long", fields.get("warc-target-uri", "a record"))
            text = line.decode("utf-8", "replace")
            if text[0] in " \t" and last:
                fields[last] += " " + text.strip()
                continue
            name, _, value = text.partition(":")
            last = name.strip().lower()
            fields[last] = value.strip()
        url = fields.get("warc-target-uri", "").strip("<>").strip()
        length = fields.get("content-length", "")
        if not line:
            raise CutOff("it is truncated within a record")
        if not (length.isascii() and length.isdigit() and len(length) < 19):
            raise _BadRecord("no-length", url or "a record")
        return _Record(
            fields.get("warc-type", "").lower(),
            url,
            fields.get("warc-date", ""),
            fields.get("content-type", ""),
            int(length),
            is_segment="warc-segment-number" in fields,
        )

    def _page_of(self, record: _Record, packed: int) -> SourcePage | SkippedEntry | _Record:
        if record.kind == "revisit":
            return SkippedEntry("revisit", record.url)
        if record.kind not in _PAGE_RECORD_TYPES:
            return record
        if not is_web_url(record.url):
            return SkippedEntry("no-web-address", record.url[:200])
        if record.is_segment:
            return SkippedEntry("segmented", record.url)
        return self._page(record, packed)

    def _page(self, record: _Record, packed: int) -> SourcePage | SkippedEntry:
        status, headers = 200, [("Content-Type", record.content_type)]
        if record.kind == "response":
            try:
                status, headers = self._http_head(record)
            except _BadHead as error:
                return SkippedEntry(str(error), record.url, damaged=True)
        timestamp = _parse_timestamp(record.date)
        cause = _skip_cause(record, status, headers)
        if cause is not None or timestamp is None:
            return SkippedEntry(cause or "no-date", record.url)
        body = self._body(record)
        if any(n.lower() == "transfer-encoding" and "chunked" in v.lower() for n, v in headers):
            body = dechunked(body)
        # What was unpacked may have been read with the record before.
        packed = max(self.source.packed_read - packed, _CHUNK_BYTES // 2)
        decoded = _decoded(headers, body, packed)
        if decoded is None:
            return SkippedEntry("too-large", record.url)
        kept = tuple((n, v) for n, v in headers if n.lower() not in _CODING_HEADERS)
        coded = None
        if decoded is not body:
            named = tuple((n, v) for n, v in headers if n.lower() in _DECODED_BY)
            coded = CodedBody(body, named)
        return SourcePage(record.url, status, kept, decoded, timestamp, coded)

    def _body(self, record: _Record) -> bytes:
        """Return the rest of a block. If the file ends within it, the HTML must be complete."""
        found = bytearray()
        try:
            for piece in self._block(record):
                found += piece
        except CutOff:
            if not found.rstrip().lower().endswith(b"</html>"):
                raise
            record.remaining = 0
        return bytes(found)

    def _http_head(self, record: _Record) -> tuple[int, list[tuple[str, str]]]:
        """Return the status and headers of a response, after interim ones (RFC 9110, 15.2)."""
        for _ in range(_MAX_INTERIM):
            status, headers = self._one_head(record)
            if status >= _FIRST_FINAL_STATUS:
                break
        return status, headers

    def _one_head(self, record: _Record) -> tuple[int, list[tuple[str, str]]]:
        first = self._line(record)
        match = _STATUS.match(first.strip())
        if match is None:
            raise _BadHead("not-http")
        headers: list[tuple[str, str]] = []
        size = len(first)
        while (line := self._line(record)).strip():
            size += len(line)
            if size > _MAX_HEAD_BYTES or len(line) >= _MAX_LINE_BYTES:
                raise _BadHead("header-too-long")
            text = line.decode("latin-1")
            name, _, value = text.partition(":")
            if text[0] in " \t" and headers:
                headers[-1] = (headers[-1][0], f"{headers[-1][1]} {text.strip()}")
            elif name.strip():
                headers.append((name.strip(), value.strip()))
        return int(match[1] or match[2]), headers

    def _line(self, record: _Record) -> bytes:
        line = self.source.line(min(record.remaining, _MAX_LINE_BYTES)) if record.remaining else b""
        record.remaining -= len(line)
        if not line and record.remaining:
            raise CutOff("it is truncated within a record")
        return line

    def _block(self, record: _Record) -> Iterator[bytes]:
        """Yield the rest of a block; a member that begins another record within it ends it."""
        while record.remaining:
            at_member = self.source.peek(5) == b"WARC/" and (
                self.source.offset == self.source.member_at
            )
            if at_member:
                record.remaining = 0
                raise _BadRecord("cut-off", record.url or f"a record ({record.kind})")
            data = self.source.read(min(record.remaining, _CHUNK_BYTES))
            if not data:
                raise CutOff("it is truncated within a record")
            record.remaining -= len(data)
            yield data

    def _skip(self, record: _Record) -> None:
        if record.remaining > _MAX_BYTES_READ_OVER and self.source.form != "plain":
            if not self.source.skip_to_next_member():
                record.remaining = 0
            return
        for _ in self._block(record):
            pass


def _skip_cause(record: _Record, status: int, headers: list[tuple[str, str]]) -> str | None:
    """Return why a record with this HTTP head is not imported."""
    kind = next((v for n, v in headers if n.lower() == "content-type"), "").lower()
    if status != 200:
        return f"http-{status}"
    if kind and "html" not in kind:
        return "not-html"
    return "too-large" if record.remaining > MAX_PAGE_BYTES else None


def _decoded(headers: list[tuple[str, str]], body: bytes, packed: int) -> bytes | None:
    """Decode the body; ``None`` where it is too large, or a decompression bomb."""
    try:
        decoded = decode_response(headers, body, MAX_PAGE_BYTES)
    except BodyTooLarge:
        return None
    is_bomb = len(decoded) > max(_BOMB_BYTES, _BOMB_RATIO * min(packed, len(body)))
    return None if is_bomb else decoded


def _arc_head(line: bytes) -> _Record | None:
    """Return the record that a line of an ARC file (version 1 or 2) begins.

    Its fields: URL (with blanks in some), IP address, date, media type, more, length.
    """
    words = line.split() if len(line) < _MAX_ARC_LINE_BYTES else []
    if len(words) < 5 or not words[-1].isdigit() or len(words[-1]) > 18 or b":" not in words[0]:
        return None
    date = next((n for n in range(2, len(words) - 2) if _DATE.fullmatch(words[n])), None)
    if date is None:
        return None
    url = b" ".join(words[: date - 1]).decode("utf-8", "replace")
    kind = "filedesc" if url.startswith("filedesc:") else "response"
    at, media_type = (word.decode("latin-1") for word in words[date : date + 2])
    return _Record(kind, url, at, media_type, int(words[-1]))


def dechunked(body: bytes) -> bytes:
    """Decode the chunked transfer coding (RFC 9112, 7.1); other bodies are returned unchanged."""
    found = bytearray()
    position = 0
    while (match := _CHUNK.match(body, position)) is not None:
        size = int(match[1], 16)
        if size == 0:
            return bytes(found)
        found += body[match.end() : match.end() + size]
        position = match.end() + size
    # Cut off within a chunk, or never chunked.
    return bytes(found) + body[position:]


def _parse_timestamp(text: str) -> datetime | None:
    """Parse a WARC-Date, or the digits of an ARC file."""
    digits = text.strip()
    if digits.isascii() and digits.isdigit():
        digits = digits[:14]
        form = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 8: "%Y%m%d"}.get(len(digits))
        try:
            found = None if form is None else datetime.strptime(f"{digits}+0000", f"{form}%z")
        except ValueError:
            return None
        return found
    try:
        timestamp = datetime.fromisoformat(digits)
        return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
