"""Search, counts over time, facets, exports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from dateline.web.api.shapes import (
    CountAnswer,
    FacetAnswer,
    FacetCounts,
    HitShape,
    PeriodCount,
    SearchAnswer,
    ValueCount,
)
from dateline.web.asking import Asked, Cursor, Held, Limit, reader_of
from dateline.web.exports import MEDIA_TYPES, download, limits
from dateline.web.problems import responses
from storage.search.results.executor import COUNTED

router = APIRouter(tags=["search"], dependencies=[Depends(reader_of)])
_REFUSED = responses(400, 404, 503)


@router.get("/search", responses=_REFUSED)
def search(archive: Held, asked: Asked, limit: Limit = 20, cursor: Cursor = None) -> SearchAnswer:
    """The articles that a query finds, best or newest first."""
    answer = asked.answer(archive)
    page = answer.page(limit, cursor)
    total = answer.total(COUNTED + 1)
    return SearchAnswer(
        query=asked.q, total=min(total, COUNTED), total_is_exact=total <= COUNTED,
        hits=[HitShape.of(hit) for hit in page.hits], cursor=page.cursor,
    )  # fmt: skip


@router.get("/count", responses=_REFUSED)
def count(
    archive: Held,
    asked: Asked,
    by: Annotated[Literal["day", "month", "year"], Query(description="The period.")] = "day",
    share: Annotated[bool, Query(description="Also the share of all articles then.")] = False,
) -> CountAnswer:
    """How many articles a query finds in each period, all of them counted."""
    answer = asked.answer(archive)
    found = answer.over_time(by)
    every = dict(archive.search("", source=asked.source).over_time(by)) if share else {}
    return CountAnswer(
        query=asked.q, by=by, undated=answer.undated(),
        counts=[
            PeriodCount(first_day=day, count=n, share=round(n / every[day], 6) if share else None)
            for day, n in found
        ],
    )  # fmt: skip


FacetName = Literal["source", "section", "author", "language", "kind", "tag", "entry"]


@router.get("/facets", responses=_REFUSED)
def facets(
    archive: Held,
    asked: Asked,
    by: Annotated[
        list[FacetName], Query(min_length=1, max_length=7, description="What to count by.")
    ] = ["source", "section", "author"],  # noqa: B006 - FastAPI copies it
    limit: Limit = 20,
) -> FacetAnswer:
    """The most frequent sources, sections, authors … of what a query finds."""
    counted = asked.answer(archive).counts(*dict.fromkeys(by), limit=limit)
    return FacetAnswer(
        query=asked.q,
        facets=[
            FacetCounts(
                facet=one.facet, counted=one.counted, complete=one.complete,
                values=[ValueCount(value=v.value, label=v.label, count=v.count)
                        for v in one.values],
            )
            for one in counted
        ],
    )  # fmt: skip


_FILES: dict[str, Any] = {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}
Format = Literal[
    "jsonl", "csv", "parquet", "ris", "bibtex", "iramuteq", "txm", "tei", "ninjs", "warc", "wacz",
    "opml",
]  # fmt: skip


@router.get(
    "/export", responses=_REFUSED | {200: {"description": "The file.", "content": _FILES}},
    response_class=StreamingResponse,
)  # fmt: skip
def exported(
    archive: Held, asked: Asked, format: Annotated[Format, Query(description="The format.")] = "jsonl",
    reserved: Annotated[bool, Query(description="Also what its publisher reserves.")] = False,
) -> Response:  # fmt: skip
    """Everything that a query finds, in a format of other tools.

    The header `Dateline-Reserved` counts what was left out because its publisher reserves it.
    """
    where = limits(asked.since, asked.until, asked.source)
    return download(archive, format, asked.q, where, asked.q, reserved=reserved)
