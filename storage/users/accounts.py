"""Who may read: users of the reading room and tokens of the HTTP API."""

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
# Lets leaked tokens be found by what they begin with, as GitHub's and others do.
PREFIX = "dl_"
_NAME = 100


class UnknownReader(ArchiveError):
    """No user or token of that name or number."""


class ReaderExists(ArchiveError):
    """A user of that name is there already."""


@dataclass(frozen=True, slots=True)
class UserInfo:
    """A user; ``password`` is its hash."""

    id: int
    name: str
    password: str
    generation: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token without its secret."""

    id: int
    name: str
    scope: Scope
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def users(database: Database) -> list[UserInfo]:
    """All users by name."""
    with database.reading() as session:
        return [_user(one) for one in session.scalars(select(User).order_by(User.name))]


def has_users(database: Database) -> bool:
    """Whether anybody must log in."""
    with database.reading() as session:
        return bool(session.scalar(select(func.count()).select_from(User)))


def find_user(database: Database, name: str) -> UserInfo | None:
    """The user called ``name``."""
    with database.reading() as session:
        found = session.scalar(select(User).where(User.name == name))
        return None if found is None else _user(found)


def add_user(database: Database, name: str, password: str, now: datetime) -> None:
    """Let somebody log in; ``password`` is hashed already.

    Raises:
        ReaderExists: there is one of that name.
        ArchiveError: the name is empty or too long.
    """
    name = name.strip()
    if not name or len(name) > _NAME:
        raise ArchiveError(f"a name has 1 to {_NAME} characters", "choose another")

    def work(session: Session) -> None:
        if session.scalar(select(User.id).where(User.name == name)) is not None:
            raise ReaderExists(f"there is a user {name!r}", "`dateline user password` changes it")
        session.add(User(name=name, password=password, created_at=now, generation=1))

    database.write(work)


def set_password(database: Database, name: str, password: str) -> None:
    """Give a user another password, hashed already; sessions begun with the old one end.

    Raises:
        UnknownReader: there is no such user.
    """

    def work(session: Session) -> None:
        user = session.scalar(select(User).where(User.name == name))
        if user is None:
            raise _unknown(f"no user is called {name!r}", "user")
        user.password = password
        user.generation += 1

    database.write(work)


def remove_user(database: Database, name: str) -> None:
    """Let a user log in no more.

    Raises:
        UnknownReader: there is no such user.
    """

    def work(session: Session) -> None:
        if session.scalar(select(User.id).where(User.name == name)) is None:
            raise _unknown(f"no user is called {name!r}", "user")
        session.execute(delete(User).where(User.name == name))

    database.write(work)


def add_token(database: Database, name: str, scope: Scope, now: datetime) -> str:
    """A new token; it is returned here and can be read nowhere again.

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


def tokens(database: Database) -> list[TokenInfo]:
    """All tokens, the newest first."""
    with database.reading() as session:
        return [_token(one) for one in session.scalars(select(Token).order_by(Token.id.desc()))]


def revoke_token(database: Database, number: int, now: datetime) -> None:
    """Let a token open nothing more.

    Raises:
        UnknownReader: there is no such token.
    """

    def work(session: Session) -> None:
        token = session.get(Token, number)
        if token is None:
            raise _unknown(f"there is no token {number}", "token")
        token.revoked_at = token.revoked_at or now

    database.write(work)


def scope_of(database: Database, secret: str, now: datetime, note_after: timedelta) -> Scope | None:
    """What a token opens; ``None`` where it is none or revoked.

    That it was used is noted at most every ``note_after``, so that reading writes seldom.
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
    """Accept a session no more, whatever cookie brings it; expired ones are forgotten."""

    def work(session: Session) -> None:
        session.execute(delete(EndedSession).where(EndedSession.expires_at < now))
        insert_ignore(
            session, EndedSession, [{"digest": _digest(secret), "expires_at": expires_at}]
        )

    database.write(work)


def has_ended(database: Database, secret: str) -> bool:
    """Whether the session of that secret was ended by its user."""
    with database.reading() as session:
        return session.get(EndedSession, _digest(secret)) is not None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _user(user: User) -> UserInfo:
    return UserInfo(user.id, user.name, user.password, user.generation, user.created_at)


def _token(token: Token) -> TokenInfo:
    scope: Scope = "write" if token.scope == "write" else "read"
    return TokenInfo(token.id, token.name, scope, token.created_at, token.used_at, token.revoked_at)


def _unknown(message: str, verb: str) -> UnknownReader:
    return UnknownReader(message, f"`dateline {verb} list` names them")
