"""Authentication: signed sessions, passwords, tokens, rate limit of logins."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.exceptions import HTTPException

from storage.users import accounts

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.responses import Response

    from storage.archive import Archive

COOKIE = "dateline"
_AGE = 30 * 86_400
_SECRET_FILE = "web-secret"  # noqa: S105 - the name of a file
# At most 5 wrong passwords in 5 minutes per IP address. Not per user name: anyone who knows a name
# could lock its user out.
_TRIES = 5
_WINDOW = 300.0
_REMEMBERED = 10_000
MIN_PASSWORD = 10


@dataclass
class Session:
    """Contents of the signed session cookie."""

    user: str | None = None
    generation: int = 0
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    visited: str | None = None
    since: str | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """The authenticated reader: a user, a token, or a local user while no account exists."""

    name: str | None
    kind: Literal["user", "token", "local"]
    may_write: bool


def secret_of(archive: Archive) -> str:
    """Return the archive's secret for signing sessions; create it at first use, mode 600."""
    path = Path(archive.location.folder, _SECRET_FILE)
    if not path.exists():
        made = path.with_name(f".{_SECRET_FILE}.{secrets.token_hex(4)}")
        try:
            made.touch(mode=0o600)
        except OSError:
            # Read-only archive: sessions last as long as this process.
            return secrets.token_urlsafe(48)
        made.write_text(secrets.token_urlsafe(48), encoding="ascii")
        # Another process may have created the secret first; then use that one.
        try:
            made.rename(path) if not path.exists() else made.unlink()
        except OSError:
            made.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()


class Sessions:
    """Reads and writes sessions; authenticates requests."""

    def __init__(self, archive: Archive, secret: str, *, secure: bool) -> None:
        self._archive = archive
        self._signer = URLSafeTimedSerializer(secret, salt="session")
        self._secure = secure
        self.attempts = Attempts()

    def read(self, request: Request) -> Session:
        """Return the session of a request, or a new one if its cookie is missing or invalid."""
        held: Session | None = getattr(request.state, "session", None)
        if held is not None:
            return held
        session = Session()
        cookie = request.cookies.get(COOKIE)
        if cookie:
            try:
                data = self._signer.loads(cookie, max_age=_AGE)
                session = Session(
                    user=data.get("u"), generation=int(data.get("g", 0)), csrf=str(data["c"]),
                    visited=data.get("v"), since=data.get("s"),
                )  # fmt: skip
            except (BadSignature, KeyError, TypeError, ValueError, AttributeError):
                session = Session(changed=True)
        else:
            session.changed = True
        request.state.session = session
        return session

    def write(self, session: Session, response: Response) -> None:
        """Set the cookie of a session that changed."""
        if session.changed:
            data = {"u": session.user, "g": session.generation, "c": session.csrf,
                    "v": session.visited, "s": session.since}  # fmt: skip
            response.set_cookie(
                COOKIE, self._signer.dumps(data), max_age=_AGE, httponly=True, samesite="lax",
                secure=self._secure,
            )  # fmt: skip

    def reader(self, request: Request) -> Reader | None:
        """Return the reader of a request; ``None`` if it is not authenticated.

        Raises:
            HTTPException: 401 for an invalid or revoked token.
        """
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind:
            now = datetime.now(UTC)
            scope = None
            token = _token_of(kind, secret)
            if token:
                scope = accounts.token_scope(self._archive, token, now, timedelta(minutes=10))
            if scope is None:
                raise HTTPException(
                    401, "Invalid or revoked token.", {"WWW-Authenticate": "Bearer"}
                )
            return Reader(None, "token", scope == "write")
        session = self.read(request)
        if session.user is not None:
            user = accounts.find_user(self._archive, session.user)
            if (
                user is not None
                and user.generation == session.generation
                and not accounts.is_session_ended(self._archive, session.csrf)
            ):
                return Reader(user.name, "user", may_write=True)
        if not accounts.has_users(self._archive):
            return Reader(None, "local", may_write=True)
        return None

    def check_csrf(self, request: Request, given: Any) -> None:
        """Verify the CSRF token of a form.

        Raises:
            HTTPException: 403.
        """
        wanted = self.read(request).csrf
        if not isinstance(given, str) or not hmac.compare_digest(wanted.encode(), given.encode()):
            raise HTTPException(
                403, "This form has expired. Go back, reload the page and send it again."
            )

    def log_in(self, request: Request, name: str, password: str) -> bool:
        """Verify a password; start a new session if it is correct.

        Raises:
            HTTPException: 429 after too many wrong passwords.
        """
        address = _network_of(request.client.host if request.client else "")
        self.attempts.refuse_too_many(address)
        user = accounts.find_user(self._archive, name)
        # An unknown name takes as long as a wrong password (timing attacks).
        right = _matches(user.password if user else _dummy_hash(), password)
        if user is None or not right:
            self.attempts.note(address)
            return False
        self.attempts.forget(address)
        old = self.read(request)
        request.state.session = Session(
            user=user.name, generation=user.generation, visited=old.visited, since=old.since,
            changed=True,
        )  # fmt: skip
        return True

    def log_out(self, request: Request) -> None:
        """End the session, also for copies of its cookie."""
        session = self.read(request)
        if session.user is not None:
            now = datetime.now(UTC)
            accounts.end_session(self._archive, session.csrf, now, now + timedelta(seconds=_AGE))
        request.state.session = Session(changed=True)


def _token_of(kind: str, secret: str) -> str:
    """Return the token of an Authorization header: Bearer, or the password of Basic.

    Feed readers support user names and passwords only.
    """
    if kind.lower() == "bearer":
        return secret.strip()
    if kind.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(secret.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2]


def _network_of(address: str) -> str:
    """Return the IP address, or its /64 network for IPv6: one machine can use all of it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return address if ip.version == 4 else str(ip_network((ip, 64), strict=False))


class Attempts:
    """Counts recent failed logins per IP address."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def refuse_too_many(self, *who: str) -> None:
        """Raise 429 if one of ``who`` failed too often."""
        now = time.monotonic()
        for one in who:
            lately = [at for at in self._failed.get(one, ()) if now - at < _WINDOW]
            if len(lately) >= _TRIES:
                wait = int(_WINDOW - (now - lately[0])) + 1
                raise HTTPException(
                    429, f"Too many wrong passwords. Try again in {wait} seconds.",
                    {"Retry-After": str(wait)},
                )  # fmt: skip

    def note(self, *who: str) -> None:
        """Count a failed login."""
        now = time.monotonic()
        for one in who:
            self._failed[one] = [
                *(at for at in self._failed.pop(one, ()) if now - at < _WINDOW), now
            ]  # fmt: skip
        while len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)

    def forget(self, *who: str) -> None:
        """Reset the count after a successful login."""
        for one in who:
            self._failed.pop(one, None)


def hashed(password: str) -> str:
    """Hash a password: Argon2id with the library's parameters (RFC 9106, second choice)."""
    return PasswordHasher().hash(password)


def _matches(kept: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return hashed(secrets.token_urlsafe(16))
