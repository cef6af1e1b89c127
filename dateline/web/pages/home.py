"""The home page: what is new, how much there is, what is in trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from dateline.web.dependencies import ArchiveDep, sessions_of
from dateline.web.i18n import formats
from dateline.web.markup import charts
from dateline.web.pages.frame import Visitor, page, words_of
from dateline.web.paths import STATIC
from storage.clock import utc_now
from storage.monitoring import status
from storage.queries import recent
from storage.users import saved_searches

router = APIRouter()
# Looking again so soon is the same visit.
_VISIT = timedelta(minutes=30)
_DAYS = 30
_SHOWN = 20


@router.get("/")
def home(request: Request, archive: ArchiveDep, reader: Visitor) -> Response:
    """What is new since the last visit."""
    now = utc_now()
    since = _since(request, now)
    fresh = recent.articles_since(archive, since) if since is not None else []
    shown = fresh[:_SHOWN]
    newest = archive.search("", sort="newest", limit=_SHOWN)
    hits = archive.by_ids(shown) if shown else list(newest)
    first = (now - timedelta(days=_DAYS - 1)).date()
    counts = dict(archive.search("", since=first).over_time("day"))
    days = charts.periods(first, now.date(), "day")
    values = charts.Series("", tuple(float(counts.get(one, 0)) for one in days))
    articles, sources = recent.archive_size(archive)
    words = words_of(request)
    return page(request, "home.html", {
        "hits": hits, "since": since, "fresh": len(fresh), "articles": articles,
        "sources": sources, "trouble": status.problems(archive, utc_now()), "days": days,
        "counts": counts, "chart": lambda title: charts.bars(
            [formats.period(one, "day", words.language) for one in days], values, title, words),
        "searches": saved_searches.list_searches(archive),
    }, reader=reader)  # fmt: skip


def _since(request: Request, now: datetime) -> datetime | None:
    """When the reader was here last; the visit is noted."""
    session = sessions_of(request).read(request)
    visited = _moment(session.visited)
    if visited is None or now - visited > _VISIT:
        session.since = session.visited
    if visited is None or now - visited > timedelta(minutes=1):
        session.visited = now.isoformat(timespec="seconds")
        session.changed = True
    return _moment(session.since)


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found and found.tzinfo else None


@router.get("/robots.txt")
def robots() -> Response:
    """The archive is for its readers."""
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")


@router.get("/favicon.ico")
def icon() -> Response:
    """Browsers ask for it here."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")
