"""Who asks: signed sessions, passwords, tokens, and how often a login may be tried."""

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
# Five wrong passwords in five minutes from one address, then it waits. Not by name: whoever knows a
# name could lock its user out.
_TRIES = 5
_WINDOW = 300.0
_REMEMBERED = 10_000
MIN_PASSWORD = 10


@dataclass
class Session:
    """What a browser brings along, signed by us."""

    user: str | None = None
    generation: int = 0
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    visited: str | None = None
    since: str | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a user, a token, or whoever sits at this machine while nobody has an account."""

    name: str | None
    kind: Literal["user", "token", "local"]
    may_write: bool


def secret_of(archive: Archive) -> str:
    """The archive's own secret that sessions are signed with; made once, readable by us only."""
    path = Path(archive.location.folder, _SECRET_FILE)
    if not path.exists():
        made = path.with_name(f".{_SECRET_FILE}.{secrets.token_hex(4)}")
        try:
            made.touch(mode=0o600)
        except OSError:
            # An archive that can only be read: its sessions last as long as this process.
            return secrets.token_urlsafe(48)
        made.write_text(secrets.token_urlsafe(48), encoding="ascii")
        # Another process may have been first: its secret is as good.
        try:
            made.rename(path) if not path.exists() else made.unlink()
        except OSError:
            made.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()


class Sessions:
    """Reads and writes sessions, and knows who a request is from."""

    def __init__(self, archive: Archive, secret: str, *, secure: bool) -> None:
        self._archive = archive
        self._signer = URLSafeTimedSerializer(secret, salt="session")
        self._secure = secure
        self.attempts = Attempts()

    def read(self, request: Request) -> Session:
        """The session of a request; a new one where it brings none of ours."""
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
        """Send a session back where it changed."""
        if session.changed:
            data = {"u": session.user, "g": session.generation, "c": session.csrf,
                    "v": session.visited, "s": session.since}  # fmt: skip
            response.set_cookie(
                COOKIE, self._signer.dumps(data), max_age=_AGE, httponly=True, samesite="lax",
                secure=self._secure,
            )  # fmt: skip

    def reader(self, request: Request) -> Reader | None:
        """Who a request is from; ``None`` where that is not known.

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
        """Refuse a form that one of our pages did not make for this browser.

        Raises:
            HTTPException: 403.
        """
        wanted = self.read(request).csrf
        if not isinstance(given, str) or not hmac.compare_digest(wanted.encode(), given.encode()):
            raise HTTPException(403, "the form is too old; go back, load the page again and resend")

    def log_in(self, request: Request, name: str, password: str) -> bool:
        """Whether the password is the user's; a new session is begun then.

        Raises:
            HTTPException: 429 after too many wrong ones.
        """
        address = _network_of(request.client.host if request.client else "")
        self.attempts.refuse_too_many(address)
        user = accounts.find_user(self._archive, name)
        # A name that nobody has takes as long as a wrong password.
        right = _matches(user.password if user else _nobody(), password)
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
        """End the session, here and for whoever holds a copy of its cookie."""
        session = self.read(request)
        if session.user is not None:
            now = datetime.now(UTC)
            accounts.end_session(self._archive, session.csrf, now, now + timedelta(seconds=_AGE))
        request.state.session = Session(changed=True)


def _token_of(kind: str, secret: str) -> str:
    """The token that an Authorization header brings: as Bearer, or as the password of Basic.

    Feed readers know names and passwords only.
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
    """What one machine can change its address within: an IPv6 network of 64 bits."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return address if ip.version == 4 else str(ip_network((ip, 64), strict=False))


class Attempts:
    """How often logins failed lately, by address."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def refuse_too_many(self, *who: str) -> None:
        """Raise 429 where one of ``who`` failed too often."""
        now = time.monotonic()
        for one in who:
            lately = [at for at in self._failed.get(one, ()) if now - at < _WINDOW]
            if len(lately) >= _TRIES:
                wait = int(_WINDOW - (now - lately[0])) + 1
                raise HTTPException(
                    429, f"too many wrong passwords; try again in {wait} s",
                    {"Retry-After": str(wait)},
                )  # fmt: skip

    def note(self, *who: str) -> None:
        """One more failed."""
        now = time.monotonic()
        for one in who:
            self._failed[one] = [
                *(at for at in self._failed.pop(one, ()) if now - at < _WINDOW), now
            ]  # fmt: skip
        while len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)

    def forget(self, *who: str) -> None:
        """One was right."""
        for one in who:
            self._failed.pop(one, None)


def hashed(password: str) -> str:
    """A password as it is kept: Argon2id with the library's parameters (RFC 9106's second)."""
    return PasswordHasher().hash(password)


def _matches(kept: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    return hashed(secrets.token_urlsafe(16))
