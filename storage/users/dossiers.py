"""Dossiers: collections of articles with notes and an optional query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from storage.database.engine import insert_ignore
from storage.errors import ArchiveError
from storage.models import PUBLISHED, Article, Dossier, DossierArticle, Item, Source
from storage.types.content import StatedTimestamp
from storage.users.saved_searches import UnknownSearchOrDossier, _checked, _name, _refuse_taken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

# Maximum number of articles added by hand per dossier.
MAX_ARTICLES = 10_000


@dataclass(frozen=True, slots=True)
class DossierInfo:
    """A dossier; ``articles`` counts those that were added by hand."""

    id: int
    name: str
    note: str
    query: str | None
    created_at: datetime
    articles: int


@dataclass(frozen=True, slots=True)
class DossierEntry:
    """An article in a dossier."""

    item_id: int
    headline: str
    source: str
    published: StatedTimestamp | None
    sort_at: datetime
    note: str
    added_at: datetime


def list_dossiers(database: Database) -> list[DossierInfo]:
    """List all dossiers by name."""
    with database.reading() as session:
        counts = dict(
            session.execute(
                select(DossierArticle.dossier_id, func.count()).group_by(DossierArticle.dossier_id)
            ).all()
        )
        rows = session.scalars(select(Dossier).order_by(Dossier.name))
        return [_info(one, counts.get(one.id, 0)) for one in rows]


def get_dossier(database: Database, number: int) -> DossierInfo:
    """Return one dossier.

    Raises:
        UnknownSearchOrDossier: no dossier has this number.
    """
    with database.reading() as session:
        one = session.get(Dossier, number)
        if one is None:
            raise UnknownSearchOrDossier(f"there is no dossier {number}", "list them first")
        count = session.scalar(
            select(func.count())
            .select_from(DossierArticle)
            .where(DossierArticle.dossier_id == number)
        )
        return _info(one, count or 0)


def add_dossier(
    database: Database, name: str, now: datetime, *, note: str = "", query: str | None = None
) -> int:
    """Create a dossier; return its number.

    Raises:
        BadQuery, NameTaken, ArchiveError: as for saving a search.
    """
    name = _name(name)
    note, query = _checked(note, query, now)

    def work(session: Session) -> int:
        _refuse_taken(session, Dossier, name, "dossier")
        one = Dossier(name=name, note=note, query=query, created_at=now)
        session.add(one)
        session.flush()
        return one.id

    return database.write(work)


def update_dossier(
    database: Database, number: int, name: str, now: datetime, *, note: str, query: str | None
) -> None:
    """Change the name, note and query of a dossier.

    Raises:
        UnknownSearchOrDossier: no dossier has this number.
        BadQuery, NameTaken, ArchiveError: as for saving a search.
    """
    name = _name(name)
    note, query = _checked(note, query, now)
    get_dossier(database, number)

    def work(session: Session) -> None:
        _refuse_taken(session, Dossier, name, "dossier", apart_from=number)
        session.execute(
            update(Dossier).where(Dossier.id == number).values(name=name, note=note, query=query)
        )

    database.write(work)


def delete_dossier(database: Database, number: int) -> None:
    """Delete a dossier; its articles stay in the archive.

    Raises:
        UnknownSearchOrDossier: no dossier has this number.
    """
    get_dossier(database, number)

    def work(session: Session) -> None:
        session.execute(delete(DossierArticle).where(DossierArticle.dossier_id == number))
        session.execute(delete(Dossier).where(Dossier.id == number))

    database.write(work)


def add_articles(database: Database, number: int, ids: Sequence[int], now: datetime) -> int:
    """Add articles to a dossier; return how many were not in it yet.

    Raises:
        UnknownSearchOrDossier: no dossier has this number, or one of ``ids`` is not an article.
        ArchiveError: the dossier would exceed its maximum size.
    """
    held = get_dossier(database, number).articles
    if held + len(ids) > MAX_ARTICLES:
        raise ArchiveError(
            f"a dossier holds {MAX_ARTICLES:,} articles at most", "give it a query instead"
        )

    def work(session: Session) -> int:
        known = set(session.scalars(select(Article.item_id).where(Article.item_id.in_(ids))))
        unknown = [one for one in ids if one not in known]
        if unknown:
            raise UnknownSearchOrDossier(
                f"item {unknown[0]} is no article", "take it from a search"
            )
        insert_ignore(
            session,
            DossierArticle,
            [
                {"dossier_id": number, "item_id": one, "note": "", "added_at": now}
                for one in dict.fromkeys(ids)
            ],
        )
        after = session.scalar(
            select(func.count())
            .select_from(DossierArticle)
            .where(DossierArticle.dossier_id == number)
        )
        return (after or 0) - held

    return database.write(work)


def remove_article(database: Database, number: int, item_id: int) -> None:
    """Remove an article from a dossier."""
    database.write(
        lambda session: session.execute(
            delete(DossierArticle).where(
                DossierArticle.dossier_id == number, DossierArticle.item_id == item_id
            )
        )
    )


def set_note(database: Database, number: int, item_id: int, note: str) -> None:
    """Set the note on an article of a dossier.

    Raises:
        ArchiveError: the note is too long.
    """
    note, _ = _checked(note, None, None)
    database.write(
        lambda session: session.execute(
            update(DossierArticle)
            .where(DossierArticle.dossier_id == number, DossierArticle.item_id == item_id)
            .values(note=note)
        )
    )


def dossier_entries(
    database: Database, number: int, limit: int = 500, after: int = 0
) -> list[DossierEntry]:
    """Return the articles of a dossier, newest article first; ``after`` is the offset."""
    query = (
        select(
            DossierArticle.item_id,
            Article.headline,
            Source.name,
            *PUBLISHED,
            Article.sort_at,
            DossierArticle.note,
            DossierArticle.added_at,
        )
        .join(Article, Article.item_id == DossierArticle.item_id)
        .join(Item, Item.id == Article.item_id)
        .join(Source, Source.id == Item.source_id)
        .where(DossierArticle.dossier_id == number)
        .order_by(Article.sort_at.desc(), Article.item_id.desc())
        .limit(limit)
        .offset(after)
    )
    with database.reading() as session:
        return [
            DossierEntry(
                row.item_id,
                row.headline,
                row.name,
                StatedTimestamp.published_from_row(row),
                row.sort_at,
                row.note,
                row.added_at,
            )
            for row in session.execute(query)
        ]


def query_of(one: DossierInfo) -> str:
    """Return the query that finds a dossier's articles: those added and those of its own query."""
    return f"dossier:{one.id} OR ({one.query})" if one.query else f"dossier:{one.id}"


def dossiers_containing(database: Database, item_id: int) -> list[int]:
    """Return the numbers of the dossiers that contain an article."""
    query = select(DossierArticle.dossier_id).where(DossierArticle.item_id == item_id)
    with database.reading() as session:
        return list(session.scalars(query))


def _info(one: Dossier, articles: int) -> DossierInfo:
    return DossierInfo(one.id, one.name, one.note, one.query, one.created_at, articles)
