"""Conditional responses: ETag and 304 Not Modified (RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFIXES = ("/api", "/feeds", "/timemap")
# Larger responses are streamed without an ETag.
_MOST = 8_000_000


class Conditional:
    """ASGI middleware that adds an ETag to API responses and answers 304 when it matches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Buffer the response until its ETag is known."""
        if (
            scope["type"] != "http"
            or scope["method"] not in ("GET", "HEAD")
            or not scope["path"].startswith(_PREFIXES)
        ):
            await self._app(scope, receive, send)
            return
        buffered = _BufferedResponse(Headers(scope=scope).get("if-none-match", ""), send)
        await self._app(scope, receive, buffered.send)


class _BufferedResponse:
    """A response that is buffered until it is complete or too large."""

    def __init__(self, known: str, send: Send) -> None:
        self._known = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        self._send = send
        self._start: Message | None = None
        self._parts: list[bytes] = []
        self._size = 0

    async def send(self, message: Message) -> None:
        """Take the next message of the response."""
        if message["type"] == "http.response.start":
            if message["status"] == 200:
                self._start = message
            else:
                await self._send(message)
            return
        if message["type"] != "http.response.body" or self._start is None:
            await self._send(message)
            return
        self._parts.append(message.get("body", b""))
        self._size += len(self._parts[-1])
        more = message.get("more_body", False)
        if not more:
            await self._finish()
        elif self._size > _MOST:
            await self._send(self._start)
            self._start = None
            body = b"".join(self._parts)
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _finish(self) -> None:
        body = b"".join(self._parts)
        start = self._start
        if start is None:
            return
        # Weak, because the compressed response has the same ETag.
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["ETag"] = f"W/{tag}"
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.add_vary_header("Authorization, Cookie, Accept-Encoding")
        status = 200
        if tag in self._known or "*" in self._known:
            status, body = 304, b""
            for name in ("content-length", "content-type"):
                if name in headers:
                    del headers[name]
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})
