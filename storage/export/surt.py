"""SURT keys, by which CDX indexes sort URLs, as the Internet Archive's ``surt`` makes them. Pure.

Replay tools look a page up by the key that they make of its URL themselves, so ours must be theirs
to the letter, odd steps included. That library is under the AGPL, so this is code of our own; tests
hold keys that it gave.
"""

from __future__ import annotations

import contextlib
import re
import socket
from urllib.parse import quote_from_bytes, unquote_to_bytes

_BLANKS = re.compile(rb"[\n\r\t]")
_SCHEME = re.compile(rb"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SCHEMES = re.compile(rb"(https?://)+")
_PARTS = re.compile(rb"([^:/?#]+):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_WWW = re.compile(rb"www\d*\.")
_NUMBERS = re.compile(rb"(?:[1-9][0-9]*(?:\.[0-9]+){0,3}|0[0-7]*(?:\.[0-7]+){0,3})")
# All printable ASCII but "#", "%" and the space; letters and digits are never escaped.
_PLAIN = rb"""!"$&'()*+,-./:;<=>?@[\]^_`{|}~"""
_DEFAULT_PORTS = {b"http": b"80", b"https": b"443"}
# Session numbers of ASP.NET in a path, and of several servers in a query.
_PATH_SESSIONS = [
    re.compile(rb"(.*/)" + number + rb"/([^?]+\.aspx.*)", re.IGNORECASE)
    for number in (rb"\((?:[a-z]\([0-9a-z]{24}\))+\)", rb"\([0-9a-z]{24}\)")
]
_QUERY_SESSIONS = [
    re.compile(rb"(.*)" + number + rb"(?:&(.*))?", re.IGNORECASE)
    for number in (
        rb"jsessionid=[0-9a-z]{32}",
        rb"phpsessid=[0-9a-z]{32}",
        rb"sid=[0-9a-z]{32}",
        rb"aspsessionid[a-z]{8}=[a-z]{24}",
        rb"cfid=[^&]+&cftoken=[^&]+",
    )
]


def surt(url: str) -> str:
    """The key of a web URL: ``https://www.a.example/B/?y&x`` is ``example,a)/b?x&y``."""
    data = _BLANKS.sub(b"", url.encode("utf-8", "surrogatepass").strip())
    if _SCHEME.match(data) is None:
        data = b"http://" + data
    data = _SCHEMES.sub(lambda m: m[1], data, count=1) if _SCHEMES.match(data) else data
    match = _PARTS.match(data)
    if match is None:
        return url
    scheme, place, path, query = match.groups()
    if not place:
        place, _, rest = path.lstrip(b"/").partition(b"/")
        path = b"/" + rest
    name, port = _divided(place)
    turned = b",".join(reversed(_host(name).split(b".")))
    shown = b"" if port in (b"", _DEFAULT_PORTS.get(scheme.lower())) else b":" + port
    key = turned + shown + b")" + _path(path) + _query(query or b"")
    return key.decode("utf-8", "replace")


def _divided(place: bytes) -> tuple[bytes, bytes]:
    """Host and port of an authority, without its user."""
    place = place.rpartition(b"@")[2]
    if place.startswith(b"["):
        name, _, port = place[1:].partition(b"]")
        port = port.lstrip(b":")
    else:
        name, _, port = place.partition(b":")
    number = port.lstrip(b"0") if port.isdigit() else b""
    return name.lower(), number


def _host(name: bytes) -> bytes:
    name = _unescaped(name)
    if not name.isascii():
        # What is no name of the DNS is escaped instead.
        with contextlib.suppress(ValueError):
            name = name.decode("utf-8", "ignore").encode("idna")
    name = name.replace(b"..", b".").strip(b".")
    number = _number(name)
    name = number if number is not None else _escaped(name.lower()).lower()
    www = _WWW.match(name)
    return name[www.end() :] if www else name


def _number(name: bytes) -> bytes | None:
    """An IPv4 address written as numbers in any of the ways of C's ``inet_aton``."""
    if name.isdigit():
        return socket.inet_ntoa((int(name[:40]) & 0xFFFFFFFF).to_bytes(4)).encode()
    if not _NUMBERS.fullmatch(name):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(name.decode())).encode()
    except OSError:
        return None


def _path(path: bytes) -> bytes:
    kept: list[bytes] = []
    # What stands before the first slash is no part of a path.
    for part in _unescaped(path).split(b"/")[1:]:
        if part == b".":
            continue
        if part == b".." and kept:
            kept.pop()
        else:
            kept.append(part)
    folders = b"".join(part + b"/" for part in kept[:-1] if part)
    path = _escaped(b"/" + folders + b"".join(kept[-1:])).lower()
    for pattern in _PATH_SESSIONS:
        if match := pattern.fullmatch(path):
            path = match[1] + match[2]
    return path[:-1] if path.endswith(b"/") and len(path) > 1 else path


def _query(query: bytes) -> bytes:
    query = _escaped(_unescaped(query))
    for pattern in _QUERY_SESSIONS:
        if match := pattern.fullmatch(query):
            query = match[1] + (match[2] or b"")
    pairs = sorted(tuple(pair.split(b"=", 1)) for pair in query.lower().split(b"&"))
    query = b"&".join(b"=".join(pair) for pair in pairs)
    return b"?" + query if query else b""


def _unescaped(data: bytes) -> bytes:
    """``data`` with no escape left, however often it was escaped."""
    while (plain := unquote_to_bytes(data)) != data:
        data = plain
    return data


def _escaped(data: bytes) -> bytes:
    return quote_from_bytes(data, safe=_PLAIN).encode()
