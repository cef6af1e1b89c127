"""User accounts of the reading room, and tokens of the HTTP API."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, func, select, update

from storage.database.engine import insert_ignore
from storage.errors import ArchiveError
from storage.models import EndedSession, Token, User

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

Scope = Literal["read", "write"]
# A prefix makes leaked tokens easy to find, as with GitHub's tokens.
PREFIX = "dl_"
_NAME = 100


class UnknownAccount(ArchiveError):
    """No user or token has this name or number."""


class AccountExists(ArchiveError):
    """A user with this name exists."""


@dataclass(frozen=True, slots=True)
class UserInfo:
    """A user account; ``password`` is its hash."""

    id: int
    name: str
    password: str
    generation: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token, without its secret."""

    id: int
    name: str
    scope: Scope
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def list_users(database: Database) -> list[UserInfo]:
    """List all users by name."""
    with database.reading() as session:
        return [_user(one) for one in session.scalars(select(User).order_by(User.name))]


def has_users(database: Database) -> bool:
    """Return whether user accounts exist, so that a login is required."""
    with database.reading() as session:
        return bool(session.scalar(select(func.count()).select_from(User)))


def find_user(database: Database, name: str) -> UserInfo | None:
    """Return the user with this name, or ``None``."""
    with database.reading() as session:
        found = session.scalar(select(User).where(User.name == name))
        return None if found is None else _user(found)


def add_user(database: Database, name: str, password: str, now: datetime) -> None:
    """Add a user account; ``password`` is the hash.

    Raises:
        AccountExists: a user with this name exists.
        ArchiveError: the name is empty or too long.
    """
    name = name.strip()
    if not name or len(name) > _NAME:
        raise ArchiveError(f"a name has 1 to {_NAME} characters", "choose another")

    def work(session: Session) -> None:
        if session.scalar(select(User.id).where(User.name == name)) is not None:
            raise AccountExists(f"there is a user {name!r}", "`dateline user password` changes it")
        session.add(User(name=name, password=password, created_at=now, generation=1))

    database.write(work)


def set_password(database: Database, name: str, password: str) -> None:
    """Change a user's password (a hash) and end all sessions of the user.

    Raises:
        UnknownAccount: no user has this name.
    """

    def work(session: Session) -> None:
        user = session.scalar(select(User).where(User.name == name))
        if user is None:
            raise _unknown(f"no user is called {name!r}", "user")
        user.password = password
        user.generation += 1

    database.write(work)


def remove_user(database: Database, name: str) -> None:
    """Delete a user account.

    Raises:
        UnknownAccount: no user has this name.
    """

    def work(session: Session) -> None:
        if session.scalar(select(User.id).where(User.name == name)) is None:
            raise _unknown(f"no user is called {name!r}", "user")
        session.execute(delete(User).where(User.name == name))

    database.write(work)


def add_token(database: Database, name: str, scope: Scope, now: datetime) -> str:
    """Create a token and return its secret, which is not stored.

    Raises:
        ArchiveError: the name is empty or too long.
    """
    name = name.strip()
    if not name or len(name) > _NAME:
        raise ArchiveError(f"a name has 1 to {_NAME} characters", "say what the token is for")
    secret = PREFIX + secrets.token_urlsafe(32)
    database.write(
        lambda session: session.add(
            Token(name=name, digest=_digest(secret), scope=scope, created_at=now)
        )
    )
    return secret


def list_tokens(database: Database) -> list[TokenInfo]:
    """List all tokens, newest first."""
    with database.reading() as session:
        return [_token(one) for one in session.scalars(select(Token).order_by(Token.id.desc()))]


def revoke_token(database: Database, number: int, now: datetime) -> None:
    """Revoke a token.

    Raises:
        UnknownAccount: no token has this number.
    """

    def work(session: Session) -> None:
        token = session.get(Token, number)
        if token is None:
            raise _unknown(f"there is no token {number}", "token")
        token.revoked_at = token.revoked_at or now

    database.write(work)


def token_scope(
    database: Database, secret: str, now: datetime, note_after: timedelta
) -> Scope | None:
    """Return the scope of a token; ``None`` for an invalid or revoked one.

    Its last use is stored at most once per ``note_after``, so that requests rarely write.
    """
    with database.reading() as session:
        found = session.scalar(select(Token).where(Token.digest == _digest(secret)))
        if found is None or found.revoked_at is not None:
            return None
        info = _token(found)
    if info.used_at is None or now - info.used_at > note_after:
        database.write(
            lambda session: session.execute(
                update(Token).where(Token.id == info.id).values(used_at=now)
            )
        )
    return info.scope


def end_session(database: Database, secret: str, now: datetime, expires_at: datetime) -> None:
    """End a session, also for stolen cookies; delete expired entries."""

    def work(session: Session) -> None:
        session.execute(delete(EndedSession).where(EndedSession.expires_at < now))
        insert_ignore(
            session, EndedSession, [{"digest": _digest(secret), "expires_at": expires_at}]
        )

    database.write(work)


def is_session_ended(database: Database, secret: str) -> bool:
    """Return whether the user has ended the session with this secret."""
    with database.reading() as session:
        return session.get(EndedSession, _digest(secret)) is not None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _user(user: User) -> UserInfo:
    return UserInfo(user.id, user.name, user.password, user.generation, user.created_at)


def _token(token: Token) -> TokenInfo:
    scope: Scope = "write" if token.scope == "write" else "read"
    return TokenInfo(token.id, token.name, scope, token.created_at, token.used_at, token.revoked_at)


def _unknown(message: str, verb: str) -> UnknownAccount:
    return UnknownAccount(message, f"`dateline {verb} list` names them")
