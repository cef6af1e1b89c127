"""Content codings of HTTP (RFC 9110, 8.4.1) undone: what a server packed a body with."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import brotli

from storage.errors import CaptureUnreadable
from storage.warc import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_BODY = 256 * 1024 * 1024
_PIECE = 1 << 16


def decode_body(body: bytes, coding: str) -> bytes:
    """Undo a content coding: gzip, deflate, br, zstd, or several one after the other.

    Raises:
        CaptureUnreadable: the coding is unknown, the bytes are not of it, or they unpack to more
            than any page holds.
    """
    for name in reversed([c.strip().lower() for c in coding.split(",") if c.strip()]):
        try:
            body = _decoded(body, name)
        except (zlib.error, brotli.error, zstandard().ZstdError, EOFError) as error:
            raise CaptureUnreadable(f"the body is no {name}: {error}") from error
    return body


def decode_answer(headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """The body of an HTTP answer as its headers say that it was packed.

    Raises:
        CaptureUnreadable: as for :func:`decode_body`.
    """
    coding = next((v for n, v in headers if n.lower() == "content-encoding"), "")
    return decode_body(body, coding)


def _decoded(body: bytes, name: str) -> bytes:
    if name in ("gzip", "x-gzip"):
        return zlib.decompressobj(wbits=31).decompress(body, _MAX_BODY)
    if name == "deflate":
        try:
            return zlib.decompressobj().decompress(body, _MAX_BODY)
        except zlib.error:
            return zlib.decompressobj(wbits=-15).decompress(body, _MAX_BODY)
    if name == "br":
        return _brotli(body)
    if name == "zstd":
        return bytes(zstandard().ZstdDecompressor().decompress(body, _MAX_BODY))
    if name == "identity":
        return body
    raise CaptureUnreadable(f"unknown content coding {name!r}")


def _brotli(body: bytes) -> bytes:
    engine = brotli.Decompressor()
    parts, size = [], 0
    for start in range(0, len(body), _PIECE):
        parts.append(engine.process(body[start : start + _PIECE]))
        size += len(parts[-1])
        if size > _MAX_BODY:
            raise EOFError("it unpacks to more than any page holds")
    return b"".join(parts)
