"""Security middleware: response headers, allowed hosts, size limits, cross-site requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders

from dateline.web.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Only our own scripts, styles and images; no inline styles; frames only of our captures.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none';"
    " base-uri 'none'; manifest-src 'self'"
)
# A captured page: no origin, no scripts, no requests; its inline styles are allowed.
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
    """ASGI middleware that checks each request and adds security headers to each response."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        """Accept only requests to ``hosts`` (names without port); an empty set allows any host.

        This prevents DNS rebinding: a foreign page whose host name resolves to our IP address.
        """
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse forbidden requests; add the security headers to every response."""
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
            # Every GET route answers HEAD too (RFC 9110, section 9.3.2).
            scope = {**scope, "method": "GET"}
            await self._app(scope, _Bounded(receive).receive, _without_body(safely))
            return
        await self._app(scope, _Bounded(receive).receive, safely)

    def _refusal(self, method: str, path: str, headers: Headers) -> Problem | None:
        if "\x00" in path:
            # No path has NUL, and PostgreSQL refuses it in text.
            return Problem(title="Not found", status=404, detail="There is no such page.")
        host = headers.get("host", "")
        if self._hosts and _name_of(host) not in self._hosts:
            return Problem(
                title="Host not allowed",
                status=400,
                detail=f"The server does not accept requests for the host {host!r}.",
                hint="Allow the host: dateline serve --allowed-host HOST",
            )
        length = headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 9 or int(length) > MAX_BODY):
            return Problem(
                title="Request too large",
                status=413,
                detail=f"The request body is larger than {MAX_BODY:,} bytes.",
            )
        if method not in _SAFE and _is_from_elsewhere(headers, host):
            return Problem(
                title="Not allowed",
                status=403,
                detail="The request was sent by a page of another site.",
            )
        return None


def _without_body(send: Send) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headed


class _Bounded:
    """Limits the request body to ``MAX_BODY`` bytes, whatever its Content-Length says."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def receive(self) -> Message:
        """Receive the next message; disconnect when the body is too large."""
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
    """Return whether the browser says that another site sent the request.

    Reads Fetch metadata (https://www.w3.org/TR/fetch-metadata/), else the Origin header.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()
