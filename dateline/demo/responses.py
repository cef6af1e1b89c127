"""HTTP responses like those of real servers, for the demonstration, tests and benchmarks.

Successive responses vary: content codings that the request accepts, Content-Length or chunks,
strong or weak ETag, sometimes a cookie. Headers of the page itself are kept; a response with its
own Content-Length or Content-Encoding is sent unchanged.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from itertools import count
from typing import TYPE_CHECKING

import brotli

from storage.captures.warc import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from http.server import BaseHTTPRequestHandler

_CHUNK = 4_000
# Servers compress text only; pictures and documents are compressed formats.
_TEXTS = ("text/", "application/xml", "application/json", "application/rss", "application/atom",
          "application/xhtml", "application/feed")  # fmt: skip
_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 5),
    "br": lambda body: bytes(brotli.compress(body, quality=4)),
    "zstd": lambda body: bytes(zstandard().compress(body)),
    "deflate": zlib.compress,
}
_OK = 200


class ResponseVariants:
    """Cycles through the response variants of one server. Thread-safe."""

    def __init__(self) -> None:
        self._turns = count()

    def next(
        self, accepted: str, status: int, headers: Iterable[tuple[str, str]], body: bytes
    ) -> tuple[list[tuple[str, str]], list[bytes]]:  # fmt: skip
        """Return (headers, pieces of the body as sent) of an HTTP/1.1 response.

        ``accepted`` is the request's Accept-Encoding.
        """
        found = list(headers)
        named = {name.lower() for name, _ in found}
        turn = next(self._turns)
        if "content-length" in named or "transfer-encoding" in named:
            return found, [body]
        if status == _OK and body:
            if "etag" not in named and "last-modified" not in named:
                tag = hashlib.sha256(body).hexdigest()[:16]
                found.append(("ETag", f'"{tag}"' if turn % 2 else f'W/"{tag}"'))
            if turn % 3 == 0:
                found.append(("Set-Cookie", f"visit={turn}; Path=/; HttpOnly"))
            body = self._compressed(turn, accepted, found, named, body)
        if body and turn // 4 % 2:
            found.append(("Transfer-Encoding", "chunked"))
            return found, _chunked(body)
        found.append(("Content-Length", str(len(body))))
        return found, [body]

    def _compressed(
        self, turn: int, accepted: str, found: list[tuple[str, str]], named: set[str], body: bytes
    ) -> bytes:  # fmt: skip
        kind = next((value for name, value in found if name.lower() == "content-type"), "")
        takes = {word.partition(";")[0].strip().lower() for word in accepted.split(",")}
        possible = [name for name in _COMPRESSORS if name in takes]
        if "content-encoding" in named or not kind.lower().startswith(_TEXTS) or not possible:
            return body
        coding = possible[turn % len(possible)]
        found += [("Content-Encoding", coding), ("Vary", "Accept-Encoding")]
        return _COMPRESSORS[coding](body)


def send(
    handler: BaseHTTPRequestHandler, variants: ResponseVariants, status: int,
    headers: Iterable[tuple[str, str]], body: bytes,
) -> None:  # fmt: skip
    """Send the next response variant with a server of the standard library."""
    accepted = handler.headers.get("Accept-Encoding", "")
    fields, pieces = variants.next(accepted, status, headers, body)
    handler.send_response(status)
    for name, value in fields:
        handler.send_header(name, value)
    handler.end_headers()
    for piece in pieces:
        handler.wfile.write(piece)


def _chunked(body: bytes) -> list[bytes]:
    parts = [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)]
    return [*(b"%x\r\n%s\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n"]
