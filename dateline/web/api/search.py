"""API routes for search, counts over time, facets and exports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from dateline.web.api.schemas import (
    Facet,
    Facets,
    FacetValue,
    PeriodCount,
    SearchHit,
    SearchPage,
    TimeCounts,
)
from dateline.web.dependencies import (
    ArchiveDep,
    CursorParam,
    LimitParam,
    SearchParamsDep,
    reader_of,
)
from dateline.web.exports import MEDIA_TYPES, download, limits
from dateline.web.problems import responses
from storage.export.names import Format
from storage.search.results.matches import MAX_TERM_COUNT

router = APIRouter(tags=["search"], dependencies=[Depends(reader_of)])
_REFUSED = responses(400, 404, 503)


@router.get("/search", responses=_REFUSED)
def search(
    archive: ArchiveDep, params: SearchParamsDep, limit: LimitParam = 20, cursor: CursorParam = None
) -> SearchPage:
    """Search articles."""
    answer = params.execute(archive)
    page = answer.page(limit, cursor)
    total = answer.total(MAX_TERM_COUNT + 1)
    return SearchPage(
        query=params.q,
        total=min(total, MAX_TERM_COUNT),
        total_is_exact=total <= MAX_TERM_COUNT,
        hits=[SearchHit.of(hit) for hit in page.hits],
        cursor=page.cursor,
    )


@router.get("/count", responses=_REFUSED)
def count(
    archive: ArchiveDep,
    params: SearchParamsDep,
    by: Annotated[
        Literal["day", "month", "year"], Query(description="Length of a period.")
    ] = "day",
    share: Annotated[
        bool, Query(description="Also return each period's share of all articles.")
    ] = False,
) -> TimeCounts:
    """Count matching articles per day, month or year."""
    answer = params.execute(archive)
    found = answer.over_time(by)
    every = dict(archive.search("", source=params.source).over_time(by)) if share else {}
    return TimeCounts(
        query=params.q,
        by=by,
        undated=answer.undated(),
        counts=[
            PeriodCount(first_day=day, count=n, share=round(n / every[day], 6) if share else None)
            for day, n in found
        ],
    )


FacetName = Literal["source", "section", "author", "language", "kind", "tag", "entry"]


@router.get("/facets", responses=_REFUSED)
def facets(
    archive: ArchiveDep,
    params: SearchParamsDep,
    by: Annotated[
        list[FacetName], Query(min_length=1, max_length=7, description="Facets to count.")
    ] = ["source", "section", "author"],  # noqa: B006 - FastAPI copies it
    limit: LimitParam = 20,
) -> Facets:
    """Count the most frequent facet values of the matching articles."""
    counted = params.execute(archive).facets(*dict.fromkeys(by), limit=limit)
    return Facets(
        query=params.q,
        facets=[
            Facet(
                facet=one.facet,
                counted=one.counted,
                complete=one.complete,
                values=[
                    FacetValue(value=v.value, label=v.label, count=v.count) for v in one.values
                ],
            )
            for one in counted
        ],
    )


_FILES: dict[str, Any] = {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}


@router.get(
    "/export",
    responses=_REFUSED | {200: {"description": "The exported file.", "content": _FILES}},
    response_class=StreamingResponse,
)
def export(
    archive: ArchiveDep,
    params: SearchParamsDep,
    format: Annotated[Format, Query(description="Export format.")] = "jsonl",
    reserved: Annotated[
        bool, Query(description="Include articles that their publishers reserve.")
    ] = False,
) -> Response:
    """Export all matching articles as a file.

    The response header `Dateline-Reserved` gives the number of articles that were omitted because
    their publishers reserve them.
    """
    where = limits(params.since, params.until, params.source)
    return download(archive, format, params.q, where, params.q, reserved=reserved)
