"""Saved searches: queries with a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from storage.errors import ArchiveError
from storage.models import SavedSearch
from storage.search.query.parser import parse

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database


_NAME = 200


_NOTE = 20_000


class UnknownSearchOrDossier(ArchiveError):
    """No saved search or dossier has this number."""


class NameTaken(ArchiveError):
    """Another saved search or dossier has this name."""


@dataclass(frozen=True, slots=True)
class SavedSearchInfo:
    """A saved search."""

    id: int
    name: str
    query: str
    created_at: datetime


def list_searches(database: Database) -> list[SavedSearchInfo]:
    """List all saved searches by name."""
    with database.reading() as session:
        rows = session.scalars(select(SavedSearch).order_by(SavedSearch.name))
        return [SavedSearchInfo(one.id, one.name, one.query, one.created_at) for one in rows]


def get_search(database: Database, number: int) -> SavedSearchInfo:
    """Return a saved search.

    Raises:
        UnknownSearchOrDossier: no saved search has this number.
    """
    with database.reading() as session:
        one = session.get(SavedSearch, number)
        if one is None:
            raise UnknownSearchOrDossier(f"there is no saved search {number}", "list them first")
        return SavedSearchInfo(one.id, one.name, one.query, one.created_at)


def save_search(database: Database, name: str, query: str, now: datetime) -> int:
    """Save a query under a name; return its number.

    Raises:
        BadQuery: the query cannot be parsed.
        NameTaken: another saved search has this name.
        ArchiveError: the name is empty or too long.
    """
    name = _name(name)
    parse(query, now)

    def work(session: Session) -> int:
        _refuse_taken(session, SavedSearch, name, "search")
        one = SavedSearch(name=name, query=query, created_at=now)
        session.add(one)
        session.flush()
        return one.id

    return database.write(work)


def delete_search(database: Database, number: int) -> None:
    """Delete a saved search.

    Raises:
        UnknownSearchOrDossier: no saved search has this number.
    """
    get_search(database, number)
    database.write(lambda s: s.execute(delete(SavedSearch).where(SavedSearch.id == number)))


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _NAME:
        raise ArchiveError(f"a name has 1 to {_NAME} characters", "choose another")
    return name


def _checked(note: str, query: str | None, now: datetime | None) -> tuple[str, str | None]:
    note = note.replace("\x00", "")
    if len(note) > _NOTE:
        raise ArchiveError(f"a note has {_NOTE:,} characters at most", "shorten it")
    if query is not None and query.strip() and now is not None:
        parse(query, now)
        return note, query.strip()
    return note, None


def _refuse_taken(
    session: Session, table: Any, name: str, what: str, apart_from: int | None = None
) -> None:
    other = session.scalar(select(table.id).where(table.name == name))
    if other is not None and other != apart_from:
        raise NameTaken(f"there is a {what} {name!r}", "choose another name")
