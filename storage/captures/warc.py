"""WARC 1.1 records: build, compress each as a member of its own, and read.

(WARC 1.1: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/)
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib
import socket
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit
from uuid import uuid4

from zlib_ng import zlib_ng

from storage.errors import CaptureUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

# The size of the standard library's level 5 at under half its time; HTML shrinks by little more
# above it (table in docs/captures.md).
_LEVEL = 5
# Deflating what was sent in a content coding takes 0.5 ms per page and saves nothing.
_STORED = 0
_ZSTD_LEVEL = 3
# Never stored: credentials for a site must not reach readers of the archive.
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
_STANDARD = "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
MAX_RECORD_BYTES = 256 * 1024 * 1024
# Revisit profiles of WARC 1.1, 6.7: the server sent the same bytes, or said 304.
_SAME_BYTES = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_CAPTURES = frozenset({"response", "revisit", "conversion"})
GZIP_SUFFIX, ZSTD_SUFFIX = ".warc.gz", ".warc.zst"
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class RevisitTarget:
    """The earlier capture that a revisit record refers to."""

    record_id: str
    url: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response; ``body`` is as sent, still content-encoded.

    With ``revisited`` the body is known and only its digest is stored. ``notes`` go into the
    metadata record.
    """

    url: str
    method: str
    request_headers: tuple[tuple[str, str], ...]
    status: int
    response_headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: datetime
    ip_address: str | None = None
    truncated: bool = False
    revisited: RevisitTarget | None = None
    notes: tuple[tuple[str, str], ...] = ()
    # Whether the body was sent in a content coding, by its bytes.
    is_packed: bool = False


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page as a browser rendered it: HTML, from the response ``refers_to`` (its record id)."""

    url: str
    content_type: str
    body: bytes
    fetched_at: datetime
    refers_to: str
    software: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its headers (lower-case names) and its block."""

    headers: dict[str, str]
    block: bytes

    @property
    def kind(self) -> str:
        """Return the record type: ``response``, ``request``, …"""
        return self.headers.get("warc-type", "")

    @property
    def record_id(self) -> str:
        """Return the WARC-Record-ID, in angle brackets."""
        return self.headers.get("warc-record-id", "")

    @property
    def is_capture(self) -> bool:
        """Return whether rows point to records of this type; the others accompany such a record."""
        return self.kind in _CAPTURES

    def http(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body of the HTTP message; for a conversion, the block."""
        if self.kind == "conversion":
            kind = self.headers.get("content-type", "")
            return HTTPStatus.OK, [("Content-Type", kind)], self.block
        head, _, body = self.block.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        parts = first.split(None, 2)
        status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
        headers = []
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.strip(), value.strip()))
        return status, headers, body

    def damage(self) -> str | None:
        """Return what is wrong according to the digests, or ``None``."""
        for name, data in (("block", self.block), ("payload", None)):
            said = self.headers.get(f"warc-{name}-digest", "")
            if not said.startswith("sha1:") or (name == "payload" and self.kind == "revisit"):
                continue
            if digest(self.http()[2] if data is None else data) != said:
                return f"its {name} does not match its digest"
        return None


# -- building ------------------------------------------------------------------------------------


def records_of(exchange: Exchange | Rendering) -> tuple[str, list[bytes]]:
    """Build the records of ``exchange``, uncompressed, the one with a row first; and its id."""
    if isinstance(exchange, Rendering):
        record_id = _new_id()
        return record_id, [_conversion_record(exchange, record_id)]
    record_id, request_id = _new_id(), _new_id()
    records = [
        _response_record(exchange, record_id),
        _request_record(exchange, request_id, record_id),
    ]
    if exchange.notes:
        records.append(_metadata_record(exchange, record_id))
    return record_id, records


def warcinfo_record(filename: str, software: str, now: datetime, operator: str = "") -> bytes:
    """Build the first record of a file: the fields of WARC 1.1, 6.2, as crawlers write them.

    ``operator`` is who runs the archive, as sites see it.
    """
    said = (
        ("software", software),
        ("format", "WARC File Format 1.1"),
        ("conformsTo", _STANDARD),
        ("robots", "obey"),
        ("hostname", socket.gethostname()),
        ("operator", operator or "not named"),
    )
    fields = "".join(f"{name}: {_clean(value)}\r\n" for name, value in said)
    headers = [
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", _new_id()),
        ("WARC-Date", warc_date(now)),
        ("WARC-Filename", filename),
        ("Content-Type", "application/warc-fields"),
    ]
    return _record(headers, fields.encode("utf-8", "replace"))


def digest(data: bytes) -> str:
    """Return the digest that replay tools index; our own rows have SHA-256."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def warc_date(at: datetime) -> str:
    """Format a WARC-Date."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _new_id() -> str:
    return f"<urn:uuid:{uuid4()}>"


def _clean(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _record(headers: Sequence[tuple[str, str]], block: bytes) -> bytes:
    lines = ["WARC/1.1", *(f"{name}: {_clean(value)}" for name, value in headers)]
    lines.append(f"Content-Length: {len(block)}")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + block + b"\r\n\r\n"


def _header_lines(headers: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f"{name}: {_clean(value)}\r\n"
        for name, value in headers
        if name.lower() not in _SECRET_HEADERS
    )


def _response_record(exchange: Exchange, record_id: str) -> bytes:
    try:
        phrase = HTTPStatus(exchange.status).phrase
    except ValueError:
        phrase = ""
    head = f"HTTP/1.1 {exchange.status} {phrase}\r\n" + _header_lines(exchange.response_headers)
    named = any(name.lower() == "content-length" for name, _ in exchange.response_headers)
    revisited = exchange.revisited
    if not named and exchange.status != HTTPStatus.NOT_MODIFIED:
        head += f"Content-Length: {len(exchange.body)}\r\n"
    block = head.encode("latin-1", "replace") + b"\r\n"
    if revisited is None:
        block += exchange.body
    headers = [
        ("WARC-Type", "response" if revisited is None else "revisit"),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", warc_date(exchange.fetched_at)),
        ("WARC-Target-URI", exchange.url),
        ("Content-Type", "application/http;msgtype=response"),
        ("WARC-Block-Digest", digest(block)),
    ]
    unsent = exchange.status == HTTPStatus.NOT_MODIFIED
    if not unsent:
        headers.append(("WARC-Payload-Digest", digest(exchange.body)))
    if revisited is not None:
        headers += [
            ("WARC-Profile", _NOT_MODIFIED if unsent else _SAME_BYTES),
            ("WARC-Refers-To", revisited.record_id),
            ("WARC-Refers-To-Target-URI", revisited.url),
            ("WARC-Refers-To-Date", warc_date(revisited.fetched_at)),
        ]
    if exchange.ip_address:
        headers.append(("WARC-IP-Address", exchange.ip_address))
    if exchange.truncated:
        headers.append(("WARC-Truncated", "length"))
    return _record(headers, block)


def _conversion_record(rendering: Rendering, record_id: str) -> bytes:
    """Build a conversion record (WARC 1.1, 6.8)."""
    headers = [
        ("WARC-Type", "conversion"),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", warc_date(rendering.fetched_at)),
        ("WARC-Target-URI", rendering.url),
        ("WARC-Refers-To", rendering.refers_to),
        ("Content-Type", rendering.content_type),
        ("WARC-Block-Digest", digest(rendering.body)),
        # An extension field, which the standard allows (4): what rendered it.
        ("WARC-Conversion-Software", rendering.software),
    ]
    return _record(headers, rendering.body)


def _request_record(exchange: Exchange, record_id: str, concurrent_to: str) -> bytes:
    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    head = f"{exchange.method} {target} HTTP/1.1\r\nHost: {host}\r\n"
    head += _header_lines([h for h in exchange.request_headers if h[0].lower() != "host"])
    block = head.encode("utf-8", "replace") + b"\r\n"
    headers = [
        ("WARC-Type", "request"),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", warc_date(exchange.fetched_at)),
        ("WARC-Target-URI", exchange.url),
        ("WARC-Concurrent-To", concurrent_to),
        ("Content-Type", "application/http;msgtype=request"),
        ("WARC-Block-Digest", digest(block)),
    ]
    return _record(headers, block)


def _metadata_record(exchange: Exchange, concurrent_to: str) -> bytes:
    block = "".join(f"{name}: {_clean(value)}\r\n" for name, value in exchange.notes).encode()
    headers = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", _new_id()),
        ("WARC-Date", warc_date(exchange.fetched_at)),
        ("WARC-Target-URI", exchange.url),
        ("WARC-Concurrent-To", concurrent_to),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", digest(block)),
    ]
    return _record(headers, block)


# -- packing -------------------------------------------------------------------------------------


class Codec:
    """Compresses records as one gzip member each."""

    def __init__(self) -> None:
        self.suffix = GZIP_SUFFIX

    def pack(self, record: bytes, *, is_packed: bool = False) -> bytes:
        """Compress to one member; what the server packed (``is_packed``) is stored as it is."""
        level = _STORED if is_packed else _LEVEL
        engine = zlib_ng.compressobj(level, zlib_ng.DEFLATED, 31)
        return bytes(engine.compress(record) + engine.flush())

    def unpacker(self) -> Any:
        """Return a decompressor with ``decompress``, ``eof`` and ``unused_data``."""
        return zlib_ng.decompressobj(wbits=31)


class ZstdCodec(Codec):
    """Compresses records as Zstandard frames over a dictionary of similar pages."""

    def __init__(self, dictionary: bytes, name: str) -> None:
        zstd = zstandard()
        super().__init__()
        self.suffix = f".{name}{ZSTD_SUFFIX}"
        self._zstd = zstd
        self._dictionary = zstd.ZstdDict(dictionary, is_raw=True)

    def pack(self, record: bytes, *, is_packed: bool = False) -> bytes:
        """Compress to one frame with a checksum; what does not shrink costs little."""
        options = {
            self._zstd.CompressionParameter.compression_level: _ZSTD_LEVEL,
            self._zstd.CompressionParameter.checksum_flag: 1,
        }
        return bytes(self._zstd.compress(record, options=options, zstd_dict=self._dictionary))

    def unpacker(self) -> Any:
        """Return a decompressor for one frame."""
        return self._zstd.ZstdDecompressor(zstd_dict=self._dictionary)


GZIP = Codec()


def zstandard() -> Any:
    """Import Python's module for Zstandard (new in 3.14), or its backport."""
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        return importlib.import_module("backports.zstd")


# What unpacking raises where the bytes are damaged.
DAMAGE: tuple[Any, ...] = (zlib.error, zlib_ng.error, zstandard().ZstdError, EOFError)


def read_member(stream: BinaryIO, codec: Codec) -> tuple[bytes, int]:
    """Read and decompress the member at the stream's position: (data, compressed length).

    It returns (b"", 0) at the end of the file.

    Raises:
        EOFError: the member is truncated, or decompresses to more than any record holds.
        zlib.error and others in ``DAMAGE``: the member is damaged.
    """
    start = stream.tell()
    engine = codec.unpacker()
    parts: list[bytes] = []
    size = read = 0
    while not engine.eof:
        chunk = stream.read(_PIECE)
        if not chunk:
            if read == 0:
                return b"", 0
            raise EOFError("it is cut off")
        read += len(chunk)
        parts.append(engine.decompress(chunk))
        size += len(parts[-1])
        if size > MAX_RECORD_BYTES:
            raise EOFError("it unpacks to more than any record holds")
    length = read - len(engine.unused_data)
    stream.seek(start + length)
    return b"".join(parts), length


def parse_record(data: bytes) -> Record:
    """Parse a record from its uncompressed bytes.

    Raises:
        EOFError: the bytes are not a record.
    """
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if not lines[0].startswith(b"WARC/"):
        raise EOFError("it is no WARC record")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "")
    if not length.isdigit() or len(rest) < int(length):
        raise EOFError("it is shorter than it says")
    return Record(headers, rest[: int(length)])


def with_http_header(data: bytes, name: str, value: str) -> bytes:
    """Return the record ``data`` with another header in its HTTP message, and a new digest.

    Raises:
        EOFError: the bytes are not a record.
    """
    block = parse_record(data).block
    head, _, body = block.partition(b"\r\n\r\n")
    block = head + f"\r\n{name}: {_clean(value)}\r\n\r\n".encode("latin-1", "replace") + body
    told = {b"content-length": str(len(block)), b"warc-block-digest": digest(block)}
    lines = []
    for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        field = line.partition(b":")[0]
        new = told.get(field.strip().lower())
        lines.append(line if new is None else field + b": " + new.encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n"


def read_records(path: Path, codec: Codec = GZIP) -> Iterator[tuple[int, int, Record]]:
    """Yield (offset, compressed length, record) of a capture file, in order.

    Raises:
        CaptureUnreadable: a record is damaged; those before it were yielded.
    """
    with path.open("rb") as stream:
        yield from records_in(stream, str(path), codec)


def intact_records(path: Path, codec: Codec = GZIP) -> Iterator[Record]:
    """Yield the records of a file up to the first damaged one, which ``verify`` reports."""
    with contextlib.suppress(CaptureUnreadable):
        for _, _, record in read_records(path, codec):
            yield record


def records_in(
    stream: BinaryIO, name: str, codec: Codec = GZIP
) -> Iterator[tuple[int, int, Record]]:
    """Yield records as :func:`read_records`, from an open file that errors call ``name``.

    Raises:
        CaptureUnreadable: as for :func:`read_records`.
    """
    while True:
        offset = stream.tell()
        try:
            data, length = read_member(stream, codec)
            if length == 0:
                return
            record = parse_record(data)
        except DAMAGE as error:
            raise CaptureUnreadable(
                f"the record at byte {offset} of {name} is damaged: {error}",
                "restore the file from a backup",
            ) from error
        yield offset, length, record
