"""Answers over HTTP as real servers give them: for the demonstration, the tests and benchmarks.

Each answer of a server has the next manner in turn: the codings that the request accepts, a length
or chunks, a strong or weak ETag, a cookie now and then. What the page's own headers say is left as
it is; an answer with a Content-Length or Content-Encoding of its own goes out as it stands.
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
# As servers are set up: texts are packed, pictures and documents are packed by themselves.
_TEXTS = ("text/", "application/xml", "application/json", "application/rss", "application/atom",
          "application/xhtml", "application/feed")  # fmt: skip
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 5),
    "br": lambda body: bytes(brotli.compress(body, quality=4)),
    "zstd": lambda body: bytes(zstandard().compress(body)),
    "deflate": zlib.compress,
}
_OK = 200


class Manners:
    """The manners of one server, each in turn. Safe for several threads."""

    def __init__(self) -> None:
        self._turns = count()

    def dressed(
        self, accepted: str, status: int, headers: Iterable[tuple[str, str]], body: bytes
    ) -> tuple[list[tuple[str, str]], list[bytes]]:  # fmt: skip
        """(headers, pieces of the body as they are sent) of the answer to a request of HTTP/1.1.

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
            body = self._packed(turn, accepted, found, named, body)
        if body and turn // 4 % 2:
            found.append(("Transfer-Encoding", "chunked"))
            return found, _chunked(body)
        found.append(("Content-Length", str(len(body))))
        return found, [body]

    def _packed(
        self, turn: int, accepted: str, found: list[tuple[str, str]], named: set[str], body: bytes
    ) -> bytes:  # fmt: skip
        kind = next((value for name, value in found if name.lower() == "content-type"), "")
        takes = {word.partition(";")[0].strip().lower() for word in accepted.split(",")}
        possible = [name for name in _PACKERS if name in takes]
        if "content-encoding" in named or not kind.lower().startswith(_TEXTS) or not possible:
            return body
        coding = possible[turn % len(possible)]
        found += [("Content-Encoding", coding), ("Vary", "Accept-Encoding")]
        return _PACKERS[coding](body)


def send(
    handler: BaseHTTPRequestHandler, manners: Manners, status: int,
    headers: Iterable[tuple[str, str]], body: bytes,
) -> None:  # fmt: skip
    """Answer a request of the library's server with the next manner in turn."""
    accepted = handler.headers.get("Accept-Encoding", "")
    fields, pieces = manners.dressed(accepted, status, headers, body)
    handler.send_response(status)
    for name, value in fields:
        handler.send_header(name, value)
    handler.end_headers()
    for piece in pieces:
        handler.wfile.write(piece)


def _chunked(body: bytes) -> list[bytes]:
    parts = [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)]
    return [*(b"%x\r\n%s\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n"]
