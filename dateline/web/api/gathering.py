"""Saved searches and dossiers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dateline.web.api.shapes import (
    DossierShape,
    GatheredShape,
    NewDossier,
    NewSearch,
    PutArticles,
    SavedSearch,
)
from dateline.web.asking import Held, Limit, Number, reader_of, writer_of
from dateline.web.problems import responses
from storage.clock import utc_now
from storage.users import dossiers as gathering
from storage.users import saved_searches

router = APIRouter(tags=["saved searches and dossiers"], dependencies=[Depends(reader_of)])
_WRITES = [Depends(writer_of)]


@router.get("/searches", responses=responses())
def searches(archive: Held) -> list[SavedSearch]:
    """The saved searches by name."""
    return [SavedSearch.of(one) for one in saved_searches.searches(archive)]


@router.post("/searches", status_code=201, dependencies=_WRITES, responses=responses(400, 403, 409))
def save_search(archive: Held, new: NewSearch) -> SavedSearch:
    """Save a search; `/feeds/search/{id}.atom` is then its feed."""
    number = saved_searches.save_search(archive, new.name, new.query, utc_now())
    return SavedSearch.of(saved_searches.search(archive, number))


@router.get("/searches/{number}", responses=responses(404))
def one_search(archive: Held, number: Number) -> SavedSearch:
    """One saved search."""
    return SavedSearch.of(saved_searches.search(archive, number))


@router.delete(
    "/searches/{number}", status_code=204, dependencies=_WRITES, responses=responses(403, 404)
)
def drop_search(archive: Held, number: Number) -> Response:
    """Keep a search no more."""
    saved_searches.drop_search(archive, number)
    return Response(status_code=204)


@router.get("/dossiers", responses=responses())
def dossiers(archive: Held) -> list[DossierShape]:
    """The dossiers by name."""
    return [DossierShape.of(one) for one in gathering.dossiers(archive)]


@router.post("/dossiers", status_code=201, dependencies=_WRITES, responses=responses(400, 403, 409))
def add_dossier(archive: Held, new: NewDossier) -> DossierShape:
    """Begin a dossier."""
    number = gathering.add_dossier(archive, new.name, utc_now(), note=new.note, query=new.query)
    return DossierShape.of(gathering.dossier(archive, number))


@router.get("/dossiers/{number}", responses=responses(404))
def one_dossier(archive: Held, number: Number) -> DossierShape:
    """One dossier."""
    return DossierShape.of(gathering.dossier(archive, number))


@router.put("/dossiers/{number}", dependencies=_WRITES, responses=responses(400, 403, 404, 409))
def change_dossier(archive: Held, number: Number, new: NewDossier) -> DossierShape:
    """Give a dossier another name, note and query."""
    gathering.change_dossier(archive, number, new.name, utc_now(), note=new.note, query=new.query)
    return DossierShape.of(gathering.dossier(archive, number))


@router.delete(
    "/dossiers/{number}", status_code=204, dependencies=_WRITES, responses=responses(403, 404)
)
def drop_dossier(archive: Held, number: Number) -> Response:
    """Let go of a dossier; its articles stay in the archive."""
    gathering.drop_dossier(archive, number)
    return Response(status_code=204)


@router.get("/dossiers/{number}/articles", responses=responses(404))
def articles(
    archive: Held,
    number: Number,
    limit: Limit = 100,
    skip: Annotated[int, Query(ge=0, le=gathering.MOST)] = 0,
) -> list[GatheredShape]:
    """The articles put into a dossier by hand, the newest first."""
    gathering.dossier(archive, number)
    return [
        GatheredShape(
            item_id=one.item_id, headline=one.headline, source=one.source,
            published=one.published.isoformat() if one.published else None, sort_at=one.sort_at,
            note=one.note, added_at=one.added_at,
        )
        for one in gathering.gathered(archive, number, limit, skip)
    ]  # fmt: skip


@router.post(
    "/dossiers/{number}/articles", dependencies=_WRITES, responses=responses(400, 403, 404)
)
def put_articles(archive: Held, number: Number, new: PutArticles) -> DossierShape:
    """Put articles into a dossier; those that are in it stay."""
    gathering.put_articles(archive, number, new.articles, utc_now())
    return DossierShape.of(gathering.dossier(archive, number))


@router.delete(
    "/dossiers/{number}/articles/{item_id}", status_code=204, dependencies=_WRITES,
    responses=responses(403, 404),
)  # fmt: skip
def take_article(archive: Held, number: Number, item_id: Number) -> Response:
    """Take an article out of a dossier."""
    gathering.dossier(archive, number)
    gathering.take_article(archive, number, item_id)
    return Response(status_code=204)
