"""Sources, crawl runs, and how everything is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from dateline.web.api.shapes import RunShape, SourceShape
from dateline.web.asking import Held, Limit, reader_of
from dateline.web.problems import responses
from storage.clock import utc_now
from storage.crawl.sources import list_sources
from storage.monitoring import health
from storage.monitoring.status import status_of

router = APIRouter(tags=["sources"], dependencies=[Depends(reader_of)])
Name = Annotated[str, Path(min_length=1, max_length=100, description="A source's name.")]


@router.get("/sources", responses=responses())
def sources(archive: Held) -> list[SourceShape]:
    """The sources that are followed."""
    with archive.reading() as session:
        return [
            SourceShape(
                name=s.name, title=s.title, home_url=s.home_url, language=s.language,
                state=s.state, articles=s.articles, waiting=s.pending, endpoints=s.endpoints,
                last_run=s.last_run, last_run_at=s.last_run_at,
            )
            for s in list_sources(session)
        ]  # fmt: skip


@router.get("/sources/{name}", responses=responses(404))
def source(archive: Held, name: Name) -> dict[str, Any]:
    """A source with its endpoints, runs, yield, errors by cause and completeness."""
    return health.source(archive, name, utc_now())


@router.get("/runs", responses=responses(404))
def runs(
    archive: Held,
    source: Annotated[str | None, Query(max_length=100, description="Only of this source.")] = None,
    limit: Limit = 20,
    before: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="Only runs with a lower number.")
    ] = None,
) -> list[RunShape]:
    """Crawl runs, the newest first."""
    found = health.runs(archive, source, limit, before)
    return [RunShape.model_validate(one) for one in found]


@router.get("/status", responses=responses())
def status(archive: Held) -> dict[str, Any]:
    """What the archive holds, and which sources are in trouble."""
    found = status_of(archive, utc_now())
    # Where it lies is nobody's business but its keeper's.
    found.pop("folder")
    return found
