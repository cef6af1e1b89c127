"""API routes for sources, crawl runs and status."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from dateline.web.api.schemas import CrawlRun, SourceSummary
from dateline.web.dependencies import ArchiveDep, LimitParam, reader_of
from dateline.web.problems import responses
from storage.clock import utc_now
from storage.crawl.sources import list_sources
from storage.monitoring import health
from storage.monitoring.status import archive_status

router = APIRouter(tags=["sources"], dependencies=[Depends(reader_of)])
Name = Annotated[str, Path(min_length=1, max_length=100, description="Name of the source.")]


@router.get("/sources", responses=responses())
def sources(archive: ArchiveDep) -> list[SourceSummary]:
    """List the sources."""
    with archive.reading() as session:
        return [
            SourceSummary(
                name=s.name,
                title=s.title,
                home_url=s.home_url,
                language=s.language,
                state=s.state,
                articles=s.articles,
                waiting=s.pending,
                endpoints=s.endpoints,
                last_run=s.last_run,
                last_run_at=s.last_run_at,
            )
            for s in list_sources(session)
        ]


@router.get("/sources/{name}", responses=responses(404))
def source(archive: ArchiveDep, name: Name) -> dict[str, Any]:
    """Get a source with its endpoints, runs, article counts, errors by cause and completeness."""
    return health.source_health(archive, name, utc_now())


@router.get("/runs", responses=responses(404))
def runs(
    archive: ArchiveDep,
    source: Annotated[str | None, Query(max_length=100, description="Name of the source.")] = None,
    limit: LimitParam = 20,
    before: Annotated[
        int | None,
        Query(ge=1, le=2**31 - 1, description="Return runs with a lower number than this."),
    ] = None,
) -> list[CrawlRun]:
    """List crawl runs, newest first."""
    found = health.list_runs(archive, source, limit, before)
    return [CrawlRun.model_validate(one) for one in found]


@router.get("/status", responses=responses())
def status(archive: ArchiveDep) -> dict[str, Any]:
    """Get the archive's totals and its sources with problems."""
    found = archive_status(archive, utc_now())
    # The path on the server is not for API clients.
    found.pop("folder")
    return found
