"""Content encodings of HTTP (RFC 9110, 8.4.1): the one function that decodes a response body.

Fetching, reading captures and imports all call :func:`decode_response`, so that they agree whatever
a header says. Servers send wrong encodings: a body that does not have the stated encoding stays
unchanged, a truncated stream yields what it holds, and only a body that is too large is an error.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import brotli
from zlib_ng import zlib_ng

from storage.captures.warc import DAMAGE, zstandard
from storage.errors import BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_BODY = 128 * 1024 * 1024
_PIECE = 1 << 20
_ALIASES = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "x-deflate": "deflate",
            "br": "br", "brotli": "br", "zstd": "zstd", "x-zstd": "zstd"}  # fmt: skip
CODINGS = ("gzip", "br", "zstd", "deflate")
# The note beside a capture whose body is packed without a header that says so.
UNDECLARED = "undeclared-content-coding"
_GZIP_MAGIC = b"\x1f\x8b\x08"
# A frame, and the 16 kinds of frames that are skipped (RFC 8878, 3.1).
_ZSTD_MAGIC = (b"\x28\xb5\x2f\xfd", *(bytes([n]) + b"\x2a\x4d\x18" for n in range(0x50, 0x60)))
# No answer of an honest server has more codings one over the other.
_MOST_LAYERS = 6
# Pages of these types never begin with the magic number of gzip.
_PAGE_TYPES = ("text/html", "application/xhtml+xml")


class _WrongEncoding(Exception):
    """The bytes do not have this encoding."""


def decode_response(
    headers: Iterable[tuple[str, str]], body: bytes, limit: int = MAX_BODY
) -> bytes:
    """Decode the body of an HTTP response by its headers and its bytes.

    An HTML page that is gzip-encoded without a header is decoded too.

    Raises:
        BodyTooLarge: the body decompresses to more than ``limit`` bytes.
    """
    named, page = [], False
    for name, value in headers:
        lowered = name.strip().lower()
        if lowered == "content-encoding":
            named += value.split(",")
        elif lowered == "content-type":
            page = value.strip().lower().startswith(_PAGE_TYPES)
    for coding in reversed(named[-_MOST_LAYERS:]):
        body = decode_body(body, coding, limit)
    layers = 0
    while page and body.startswith(_GZIP_MAGIC) and layers < _MOST_LAYERS:
        undone = decode_body(body, "gzip", limit)
        if undone is body:
            break
        body, layers = undone, layers + 1
    return body


def decode_verified(headers: Iterable[tuple[str, str]], body: bytes, digest: str) -> bytes | None:
    """Return the decoded body of a capture with the SHA-256 ``digest``; ``None`` on a mismatch.

    Older archives have the digest of the encoded body where they could not decode it.

    Raises:
        BodyTooLarge: as for :func:`decode_response`.
    """
    decoded = decode_response(headers, body)
    known = {hashlib.sha256(data).hexdigest() for data in {decoded, body}}
    return decoded if digest in known else None


def decode_body(body: bytes, coding: str, limit: int = MAX_BODY) -> bytes:
    """Decode one content encoding; an unknown encoding returns ``body``.

    Raises:
        BodyTooLarge: the body decompresses to more than ``limit`` bytes.
    """
    name = _ALIASES.get(coding.partition(";")[0].strip().strip("\"'").lower())
    if name is None or not body:
        return body
    # The coding that is named first; then the one that the first bytes show.
    for candidate in dict.fromkeys((name, _shown(body))):
        if candidate is None:
            continue
        try:
            return _ENGINES[candidate](body, limit)
        except _WrongEncoding:
            continue
    return body


def decode_strictly(body: bytes, coding: str) -> bytes | None:
    """Decode one of :data:`CODINGS`; ``None`` where ``body`` does not have it.

    Raises:
        BodyTooLarge: the body decompresses to more than any page holds.
    """
    try:
        return _ENGINES[coding](body, MAX_BODY)
    except _WrongEncoding:
        return None


def _shown(body: bytes) -> str | None:
    """Return the encoding that the magic number of the first bytes shows."""
    if body.startswith(_GZIP_MAGIC):
        return "gzip"
    return "zstd" if body.startswith(_ZSTD_MAGIC) else None


def _gunzip(body: bytes, limit: int) -> bytes:
    """Decode all members, without their checksums: WARC records have digests of their own."""
    found = bytearray()
    rest, ended = body, False
    while (start := _behind_head(rest)) is not None:
        one = zlib_ng.decompressobj(wbits=-15)
        if not _drained(one, rest[start:], found, limit) or not one.eof:
            break
        rest, ended = one.unused_data[8:], True
    if not found and not ended:
        raise _WrongEncoding
    return bytes(found)


def _behind_head(data: bytes) -> int | None:
    """Return the offset of a gzip member's data (RFC 1952, 2.3); ``None`` without a header."""
    if not data.startswith(_GZIP_MAGIC) or len(data) < 18:
        return None
    flags, place = data[3], 10
    if flags & 4:
        place += 2 + int.from_bytes(data[place : place + 2], "little")
    for flag in (8, 16):  # a name and a comment, each ended by NUL
        if flags & flag:
            place = data.find(b"\0", place) + 1
            if place == 0:
                return None
    return place + (2 if flags & 2 else 0)


def _unzstd(body: bytes, limit: int) -> bytes:
    """Decode all frames, and ignore bytes after the last one."""
    found = bytearray()
    rest, ended = body, False
    while rest.startswith(_ZSTD_MAGIC):
        one = zstandard().ZstdDecompressor()
        if not _drained(one, rest, found, limit) or not one.eof:
            break
        rest, ended = one.unused_data, True
    if not found and not ended:
        raise _WrongEncoding
    return bytes(found)


def _drained(one: Any, data: bytes, found: bytearray, limit: int) -> bool:
    """Decompress a stream into ``found`` in bounded pieces; return whether it is undamaged."""
    try:
        while not one.eof:
            piece = one.decompress(data, _PIECE)
            found += piece
            if len(found) > limit:
                raise BodyTooLarge(limit)
            # zlib hands back what it has not read, Zstandard's engine keeps it.
            data = getattr(one, "unconsumed_tail", b"")
            if not data and not piece:
                return True  # it is cut off: what there is was given
    except DAMAGE:
        return False
    return True


def _inflate(body: bytes, limit: int) -> bytes:
    """Decode with a zlib header, as the standard requires, or raw, as some servers send it."""
    for wbits in (15, -15):
        one, found = zlib_ng.decompressobj(wbits=wbits), bytearray()
        if _drained(one, body, found, limit) and (found or one.eof):
            return bytes(found)
    raise _WrongEncoding


def _unbrotli(body: bytes, limit: int) -> bytes:
    found = _brotli(body, limit)
    if found is None:
        # The engine fails on bytes behind the end: the longest start that it takes ends there.
        good, bad = 0, len(body)
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if _brotli(body[:middle], limit) is None else (middle, bad)
        found = _brotli(body[:good], limit)
        if found is None or not found[1]:
            raise _WrongEncoding
    if not found[0] and not found[1]:
        raise _WrongEncoding
    return found[0]


def _brotli(body: bytes, limit: int) -> tuple[bytes, bool] | None:
    """Return (decoded bytes, whether the stream is complete); ``None`` for invalid data."""
    engine = brotli.Decompressor()
    found = bytearray()
    try:
        piece = engine.process(body, output_buffer_limit=_PIECE)
        while piece:
            found += piece
            if len(found) > limit:
                raise BodyTooLarge(limit)
            if engine.is_finished():
                break
            piece = engine.process(b"", output_buffer_limit=_PIECE)
    except brotli.error:
        return None
    return bytes(found), engine.is_finished()


_ENGINES: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip, "deflate": _inflate, "br": _unbrotli, "zstd": _unzstd,
}  # fmt: skip
