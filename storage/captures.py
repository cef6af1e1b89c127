"""Captures: HTTP exchanges in WARC 1.1 files, one gzip member a record.

A file belongs to one writer. While it grows it ends in ``.open`` and is locked; when it is
closed the suffix goes. Rows name it without the suffix. What a dead writer left is cut back to
its last whole record by :func:`recover`, for a torn tail would hide all that follows it.
(WARC 1.1: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/)
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from storage.errors import CaptureUnreadable, FolderNotWritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

OPEN_SUFFIX = ".open"
# 1 GB is the size that the WARC specification's annex recommends.
MAX_FILE_BYTES = 1_000_000_000
# HTML shrinks by little more above level 5, at twice the time.
_LEVEL = 5
# Never kept: who we are to a site is nobody's business who reads the archive.
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
_MAX_RECORD_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. ``body`` is as it was sent: content coding not undone."""

    url: str
    method: str
    request_headers: tuple[tuple[str, str], ...]
    status: int
    response_headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: datetime
    ip_address: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the response record lies; ``file`` is relative to the captures folder."""

    file: str
    offset: int
    length: int
    record_id: str


class CaptureWriter:
    """Appends exchanges to WARC files of its own. Not for two threads at once."""

    def __init__(self, folder: Path, label: str, software: str) -> None:
        self._folder = folder
        self._label = label
        self._software = software
        self._file: BinaryIO | None = None
        self._path: Path | None = None

    def append(self, exchange: Exchange) -> Place:
        """Write the records of ``exchange``; they are safe only after :meth:`sync`.

        Raises:
            FolderNotWritable: the disk is full, or the folder cannot be written.
        """
        try:
            file, path = self._current(exchange.fetched_at)
            start = file.tell()
            try:
                return self._write(file, path, exchange)
            except OSError:
                # Cut what was half written, so that later records stay readable.
                file.truncate(start)
                file.seek(start)
                raise
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> FolderNotWritable:
        return FolderNotWritable(
            f"cannot write captures in {self._folder}: {error.strerror}",
            "free some space or correct the folder's rights, then crawl again",
        )

    def sync(self) -> None:
        """Bring all that was appended to the disk.

        Raises:
            FolderNotWritable: it could not be.
        """
        if self._file is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Sync and give the file its final name.

        Raises:
            FolderNotWritable: the disk is full; the next run mends the file and closes it.
        """
        if self._file is None or self._path is None:
            return
        self.sync()
        try:
            self._path.rename(final_path(self._path))
            self._file.close()
            _sync_folder(self._folder)
        except OSError as error:
            raise self._unwritable(error) from error
        self._file = self._path = None

    def _current(self, now: datetime) -> tuple[BinaryIO, Path]:
        if self._file is not None and self._file.tell() >= MAX_FILE_BYTES:
            self.close()
        if self._file is None or self._path is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"{self._label}-{now:%Y%m%d%H%M%S}-{uuid4().hex[:8]}.warc.gz{OPEN_SUFFIX}"
            self._path = self._folder / name
            self._file = self._path.open("xb")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.write(_info_record(final_path(self._path).name, self._software, now))
        return self._file, self._path

    def _write(self, file: BinaryIO, path: Path, exchange: Exchange) -> Place:
        response_id, request_id = _new_id(), _new_id()
        record = _response_record(exchange, response_id)
        request = _request_record(exchange, request_id, response_id)
        offset = file.tell()
        file.write(record)
        file.write(request)
        file.flush()
        return Place(final_path(path).name, offset, len(record), response_id)


def final_path(path: Path) -> Path:
    """The name of a file once it is closed."""
    return path.with_name(path.name.removesuffix(OPEN_SUFFIX))


def read_http(folder: Path, file: str, offset: int) -> tuple[list[tuple[str, str]], bytes]:
    """The HTTP headers and the body of the response record at ``offset`` of ``file``.

    Raises:
        CaptureUnreadable: the file is gone or the record is damaged.
    """
    path = folder / file
    if not path.exists() and path.with_name(file + OPEN_SUFFIX).exists():
        path = path.with_name(file + OPEN_SUFFIX)
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            member = _inflate_member(stream)
    except OSError as error:
        raise CaptureUnreadable(
            f"cannot read {path}: {error.strerror}", "restore it from a backup"
        ) from error
    except (zlib.error, EOFError) as error:
        raise CaptureUnreadable(
            f"the record at byte {offset} of {path} is damaged: {error}", "restore the file"
        ) from error
    _, _, block = member.partition(b"\r\n\r\n")
    head, _, body = block.removesuffix(b"\r\n\r\n").partition(b"\r\n\r\n")
    headers = []
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.strip(), value.strip()))
    return headers, body


def recover(folder: Path) -> list[tuple[str, int]]:
    """Mend and close the files of dead writers; returns (name, bytes cut off) of each."""
    mended = []
    for path in sorted(folder.glob(f"*{OPEN_SUFFIX}")):
        try:
            with path.open("r+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its writer is alive
                size = file.seek(0, os.SEEK_END)
                good = _good_bytes(file)
                if good == 0:
                    path.unlink()
                else:
                    file.truncate(good)
                    os.fsync(file.fileno())
                    path.rename(final_path(path))
                mended.append((final_path(path).name, size - good))
        except FileNotFoundError:
            continue  # another process was faster
    if mended:
        _sync_folder(folder)
    return mended


def _good_bytes(file: BinaryIO) -> int:
    """How many bytes from the start are whole gzip members."""
    file.seek(0)
    good = 0
    while True:
        try:
            used = sum(1 for _ in _member_sizes(file, good))
        except (zlib.error, EOFError):
            return good
        if used == 0:
            return good
        good = file.tell()


def _member_sizes(file: BinaryIO, start: int) -> Iterator[int]:
    file.seek(start)
    engine = zlib.decompressobj(wbits=31)
    read = 0
    while chunk := file.read(1 << 16):
        read += len(chunk)
        data = chunk
        while data:
            out = engine.decompress(data, 1 << 20)
            del out
            data = engine.unconsumed_tail
        if engine.eof:
            file.seek(start + read - len(engine.unused_data))
            yield read
            return
    if read:
        raise EOFError("the last record is cut off")


def _inflate_member(stream: BinaryIO) -> bytes:
    engine = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    size = 0
    while not engine.eof:
        chunk = stream.read(1 << 16)
        if not chunk:
            raise EOFError("the file ends within it")
        parts.append(engine.decompress(chunk))
        size += len(parts[-1])
        if size > _MAX_RECORD_BYTES:
            raise EOFError("it unpacks to more than any record holds")
    return b"".join(parts)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _new_id() -> str:
    return f"<urn:uuid:{uuid4()}>"


def _digest(data: bytes) -> str:
    # SHA-1 in base 32 is what every replay tool of the field indexes; our own rows have SHA-256.
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def _clean(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _member(headers: list[tuple[str, str]], block: bytes) -> bytes:
    lines = ["WARC/1.1", *(f"{name}: {_clean(value)}" for name, value in headers)]
    lines.append(f"Content-Length: {len(block)}")
    head = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"
    engine = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    return engine.compress(head + block + b"\r\n\r\n") + engine.flush()


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _info_record(filename: str, software: str, now: datetime) -> bytes:
    fields = f"software: {software}\r\nformat: WARC File Format 1.1\r\n"
    headers = [
        ("WARC-Type", "warcinfo"), ("WARC-Record-ID", _new_id()), ("WARC-Date", _moment(now)),
        ("WARC-Filename", filename), ("Content-Type", "application/warc-fields"),
    ]  # fmt: skip
    return _member(headers, fields.encode())


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
    if not any(name.lower() == "content-length" for name, _ in exchange.response_headers):
        head += f"Content-Length: {len(exchange.body)}\r\n"
    block = head.encode("latin-1", "replace") + b"\r\n" + exchange.body
    headers = [
        ("WARC-Type", "response"), ("WARC-Record-ID", record_id),
        ("WARC-Date", _moment(exchange.fetched_at)), ("WARC-Target-URI", exchange.url),
        ("Content-Type", "application/http;msgtype=response"),
        ("WARC-Block-Digest", _digest(block)), ("WARC-Payload-Digest", _digest(exchange.body)),
    ]  # fmt: skip
    if exchange.ip_address:
        headers.append(("WARC-IP-Address", exchange.ip_address))
    if exchange.truncated:
        headers.append(("WARC-Truncated", "length"))
    return _member(headers, block)


def _request_record(exchange: Exchange, record_id: str, concurrent_to: str) -> bytes:
    from urllib.parse import urlsplit

    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    head = f"{exchange.method} {target} HTTP/1.1\r\nHost: {host}\r\n"
    head += _header_lines([h for h in exchange.request_headers if h[0].lower() != "host"])
    block = head.encode("utf-8", "replace") + b"\r\n"
    headers = [
        ("WARC-Type", "request"), ("WARC-Record-ID", record_id),
        ("WARC-Date", _moment(exchange.fetched_at)), ("WARC-Target-URI", exchange.url),
        ("WARC-Concurrent-To", concurrent_to),
        ("Content-Type", "application/http;msgtype=request"),
        ("WARC-Block-Digest", _digest(block)),
    ]  # fmt: skip
    return _member(headers, block)
