"""What every answer is made safe with: headers, hosts, sizes, and no request from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders

from dateline.web.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing from elsewhere, no script but our files, no inline style; frames only of our captures.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none';"
    " base-uri 'none'; manifest-src 'self'"
)
# An archived page: no origin, no script, nothing fetched; its own styles are let be.
CAPTURE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "Content-Security-Policy": POLICY,
}
MAX_BODY = 1_000_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Safety:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        """Serve only ``hosts`` (names without port); an empty set means any.

        Without it a page elsewhere could give its own name our address (DNS rebinding).
        """
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what must not be served, and put the headers on what is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        problem = self._refusal(scope["method"], scope["path"], headers)

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    if name not in found:
                        found[name] = value
            await send(message)

        if problem is not None:
            response = JSONResponse(problem.model_dump(), problem.status, media_type=MEDIA_TYPE)
            await response(scope, receive, safely)
            return
        if scope["method"] == "HEAD":
            # What is read by GET may be asked for by HEAD (RFC 9110, 9.3.2).
            scope = {**scope, "method": "GET"}
            await self._app(scope, _Bounded(receive).receive, _without_body(safely))
            return
        await self._app(scope, _Bounded(receive).receive, safely)

    def _refusal(self, method: str, path: str, headers: Headers) -> Problem | None:
        if "\x00" in path:
            # No name has one, and PostgreSQL would not take it for one.
            return Problem(title="Not found", status=404, detail="there is no such address")
        host = headers.get("host", "")
        if self._hosts and _name_of(host) not in self._hosts:
            return Problem(title="Not here", status=400, detail=f"no archive is served as {host!r}",
                           hint="`dateline serve --name HOST` adds a name")  # fmt: skip
        length = headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 9 or int(length) > MAX_BODY):
            return Problem(title="Too large", status=413, detail="the request is too large")
        if method not in _SAFE and _is_from_elsewhere(headers, host):
            return Problem(title="Not allowed", status=403,
                           detail="the request comes from another site")  # fmt: skip
        return None


def _without_body(send: Send) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headed


class _Bounded:
    """Reads no more of a body than is allowed, whatever its head said."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def receive(self) -> Message:
        """The next part of the request; nothing more once it is too large."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > MAX_BODY:
                return {"type": "http.disconnect"}
        return message


def _name_of(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_from_elsewhere(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site sends this.

    Fetch metadata (https://www.w3.org/TR/fetch-metadata/) first, Origin where it is not sent.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()
