"""API routes for saved searches and dossiers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dateline.web.api.schemas import (
    ArticleIds,
    Dossier,
    DossierArticle,
    DossierInput,
    SavedSearch,
    SavedSearchInput,
)
from dateline.web.dependencies import ArchiveDep, IdPath, LimitParam, reader_of, writer_of
from dateline.web.problems import responses
from storage.clock import utc_now
from storage.users import dossiers as stored_dossiers
from storage.users import saved_searches

router = APIRouter(tags=["saved searches and dossiers"], dependencies=[Depends(reader_of)])
_WRITES = [Depends(writer_of)]


@router.get("/searches", responses=responses())
def searches(archive: ArchiveDep) -> list[SavedSearch]:
    """List the saved searches by name."""
    return [SavedSearch.of(one) for one in saved_searches.list_searches(archive)]


@router.post("/searches", status_code=201, dependencies=_WRITES, responses=responses(400, 403, 409))
def save_search(archive: ArchiveDep, new: SavedSearchInput) -> SavedSearch:
    """Create a saved search. Its feed is `/feeds/search/{id}.atom`."""
    number = saved_searches.save_search(archive, new.name, new.query, utc_now())
    return SavedSearch.of(saved_searches.get_search(archive, number))


@router.get("/searches/{number}", responses=responses(404))
def saved_search(archive: ArchiveDep, number: IdPath) -> SavedSearch:
    """Get a saved search."""
    return SavedSearch.of(saved_searches.get_search(archive, number))


@router.delete(
    "/searches/{number}", status_code=204, dependencies=_WRITES, responses=responses(403, 404)
)
def delete_search(archive: ArchiveDep, number: IdPath) -> Response:
    """Delete a saved search."""
    saved_searches.delete_search(archive, number)
    return Response(status_code=204)


@router.get("/dossiers", responses=responses())
def dossiers(archive: ArchiveDep) -> list[Dossier]:
    """List the dossiers by name."""
    return [Dossier.of(one) for one in stored_dossiers.list_dossiers(archive)]


@router.post("/dossiers", status_code=201, dependencies=_WRITES, responses=responses(400, 403, 409))
def create_dossier(archive: ArchiveDep, new: DossierInput) -> Dossier:
    """Create a dossier."""
    number = stored_dossiers.add_dossier(
        archive, new.name, utc_now(), note=new.note, query=new.query
    )
    return Dossier.of(stored_dossiers.get_dossier(archive, number))


@router.get("/dossiers/{number}", responses=responses(404))
def dossier(archive: ArchiveDep, number: IdPath) -> Dossier:
    """Get a dossier."""
    return Dossier.of(stored_dossiers.get_dossier(archive, number))


@router.put("/dossiers/{number}", dependencies=_WRITES, responses=responses(400, 403, 404, 409))
def update_dossier(archive: ArchiveDep, number: IdPath, new: DossierInput) -> Dossier:
    """Replace the name, note and query of a dossier."""
    stored_dossiers.update_dossier(
        archive, number, new.name, utc_now(), note=new.note, query=new.query
    )
    return Dossier.of(stored_dossiers.get_dossier(archive, number))


@router.delete(
    "/dossiers/{number}", status_code=204, dependencies=_WRITES, responses=responses(403, 404)
)
def delete_dossier(archive: ArchiveDep, number: IdPath) -> Response:
    """Delete a dossier. Its articles stay in the archive."""
    stored_dossiers.delete_dossier(archive, number)
    return Response(status_code=204)


@router.get("/dossiers/{number}/articles", responses=responses(404))
def dossier_articles(
    archive: ArchiveDep,
    number: IdPath,
    limit: LimitParam = 100,
    offset: Annotated[
        int, Query(ge=0, le=stored_dossiers.MAX_ARTICLES, description="Number of articles to skip.")
    ] = 0,
) -> list[DossierArticle]:
    """List the articles that were added to a dossier by hand, newest first."""
    stored_dossiers.get_dossier(archive, number)
    return [
        DossierArticle(
            item_id=one.item_id,
            headline=one.headline,
            source=one.source,
            published=one.published.isoformat() if one.published else None,
            sort_at=one.sort_at,
            note=one.note,
            added_at=one.added_at,
        )
        for one in stored_dossiers.dossier_entries(archive, number, limit, offset)
    ]


@router.post(
    "/dossiers/{number}/articles", dependencies=_WRITES, responses=responses(400, 403, 404)
)
def add_articles(archive: ArchiveDep, number: IdPath, new: ArticleIds) -> Dossier:
    """Add articles to a dossier. Articles that it already has are kept."""
    stored_dossiers.add_articles(archive, number, new.articles, utc_now())
    return Dossier.of(stored_dossiers.get_dossier(archive, number))


@router.delete(
    "/dossiers/{number}/articles/{item_id}",
    status_code=204,
    dependencies=_WRITES,
    responses=responses(403, 404),
)
def remove_article(archive: ArchiveDep, number: IdPath, item_id: IdPath) -> Response:
    """Remove an article from a dossier."""
    stored_dossiers.get_dossier(archive, number)
    stored_dossiers.remove_article(archive, number, item_id)
    return Response(status_code=204)
