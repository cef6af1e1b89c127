"""Sources and their crawl runs: how they are; add, pause, crawl now."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from dateline.web import crawls
from dateline.web.dependencies import ArchiveDep
from dateline.web.i18n import formats
from dateline.web.markup import charts
from dateline.web.pages.frame import Form, Visitor, back, page, words_of
from storage.clock import utc_now
from storage.crawl.sources import get_source, list_sources
from storage.errors import ArchiveError
from storage.monitoring import health, status

router = APIRouter()


@router.get("/sources")
def sources(request: Request, archive: ArchiveDep, reader: Visitor) -> Response:
    """All sources."""
    with archive.reading() as session:
        found = list_sources(session)
    trouble = {one["source"]: one["why"] for one in status.problems(archive, utc_now())}
    return page(request, "sources.html", {
        "sources": found, "trouble": trouble, "runs": health.list_runs(archive, None, 20, None),
    }, reader=reader)  # fmt: skip


@router.post("/sources")
def follow(request: Request, archive: ArchiveDep, reader: Visitor, form: Form) -> Response:
    """Follow a site."""
    del reader
    url = form.get("url", "").strip()
    if not url:
        raise ArchiveError("The URL is missing.", "Enter the URL of a news site.")
    crawls.follow(archive, url)
    return back(request, "/sources")


@router.get("/sources/{name}")
def source(request: Request, archive: ArchiveDep, reader: Visitor, name: str) -> Response:
    """One source with its health."""
    found = health.source_health(archive, name, utc_now())
    days = [date.fromisoformat(one["day"]) for one in found["yield"]]
    values = charts.Series("", tuple(float(one["articles"]) for one in found["yield"]))
    words = words_of(request)
    labels = [formats.period(one, "day", words.language) for one in days]
    return page(request, "source.html", {
        "found": found, "started": "started" in request.query_params,
        "days": [(day, one["articles"]) for day, one in zip(days, found["yield"], strict=True)],
        "chart": lambda title: charts.bars(labels, values, title, words),
    }, reader=reader)  # fmt: skip


@router.post("/sources/{name}")
def act(request: Request, archive: ArchiveDep, reader: Visitor, form: Form, name: str) -> Response:
    """Pause, resume or crawl a source."""
    del reader
    with archive.reading() as session:
        get_source(session, name)
    action = form.get("action", "")
    if action in ("pause", "resume"):
        health.set_state(archive, name, "paused" if action == "pause" else "active")
    elif action == "crawl":
        crawls.start(archive, name)
        return back(request, f"/sources/{name}?started=1")
    else:
        raise ArchiveError(f"Unknown action {action!r}.", "Use pause, resume or crawl.")
    return back(request, f"/sources/{name}")
