"""Content codings of HTTP (RFC 9110, 8.4.1): the one function that decodes an answer's body.

The fetch, the reading of captures and imports all call :func:`decode_response`, so that they agree
whatever a header says. Servers name codings wrongly: what is not of the named coding stays as it
was sent, a truncated stream gives what it holds, and only a body that is too large is an error.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Any

import brotli

from storage.captures.warc import zstandard
from storage.errors import BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_BODY = 128 * 1024 * 1024
_PIECE = 1 << 16
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
    """The bytes are not of a coding."""


def decode_response(
    headers: Iterable[tuple[str, str]], body: bytes, limit: int = MAX_BODY
) -> bytes:  # fmt: skip
    """Decode the body of an HTTP answer as its headers and its bytes say.

    An HTML page that is packed by gzip without a word of it is unpacked too.

    Raises:
        BodyTooLarge: it unpacks to more than ``limit`` bytes.
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
    """The decoded body of a capture whose SHA-256 is ``digest``; ``None`` where it is not.

    Older archives have the digest of the body as it was sent where they could not decode it.

    Raises:
        BodyTooLarge: as for :func:`decode_response`.
    """
    decoded = decode_response(headers, body)
    known = {hashlib.sha256(data).hexdigest() for data in {decoded, body}}
    return decoded if digest in known else None


def decode_body(body: bytes, coding: str, limit: int = MAX_BODY) -> bytes:
    """Undo one content coding; ``body`` itself where it is of no known coding.

    Raises:
        BodyTooLarge: it unpacks to more than ``limit`` bytes.
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
    """Undo one of :data:`CODINGS` and no other; ``None`` where ``body`` is not of it.

    Raises:
        BodyTooLarge: it unpacks to more than any page holds.
    """
    try:
        return _ENGINES[coding](body, MAX_BODY)
    except _WrongEncoding:
        return None


def _shown(body: bytes) -> str | None:
    """The coding that the first bytes show, of those that have a magic number."""
    if body.startswith(_GZIP_MAGIC):
        return "gzip"
    return "zstd" if body.startswith(_ZSTD_MAGIC) else None


def _gunzip(body: bytes, limit: int) -> bytes:
    """All members. Their checksums are not compared: WARC records have digests of their own."""
    found = bytearray()
    rest, ended = body, False
    while (start := _behind_head(rest)) is not None:
        one = zlib.decompressobj(wbits=-15)
        if not _drained(one, rest[start:], found, limit) or not one.eof:
            break
        rest, ended = one.unused_data[8:], True
    if not found and not ended:
        raise _WrongEncoding
    return bytes(found)


def _behind_head(data: bytes) -> int | None:
    """Where the packed bytes of a gzip member begin (RFC 1952, 2.3); ``None`` where none does."""
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
    """All frames; what is behind the last is none of it."""
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
    """Decompress a stream into ``found`` in bounded pieces; whether it is undamaged."""
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
    except (zlib.error, zstandard().ZstdError, EOFError):
        return False
    return True


def _inflate(body: bytes, limit: int) -> bytes:
    """With a zlib header as the standard asks, or raw, as some servers send it."""
    for wbits in (15, -15):
        one, found = zlib.decompressobj(wbits=wbits), bytearray()
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
    """(what a stream holds, whether it is whole); ``None`` where an error is in it."""
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
