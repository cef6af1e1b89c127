"""Status of the archive and of each source: counts, last runs, problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from storage.crawl.runs import newest_runs
from storage.crawl.sources import list_sources
from storage.models import Alarm, Article, Capture, DirectoryEntry, Endpoint, Revision, Source
from storage.monitoring import alarms

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database


# Consecutive failures of an endpoint that count as a problem.
FAILURES = 3


def problems(database: Database, now: datetime) -> list[dict[str, Any]]:
    """Return the sources with problems and their reasons, JSON-ready."""
    with database.reading() as session:
        names = dict(session.execute(select(Source.id, Source.name)).all())
        found = problems_by_source(session, now)
    return [{"source": names[i], "why": why} for i, why in sorted(found.items())]


def problems_by_source(session: Session, now: datetime) -> dict[int, list[str]]:
    """Return the problems per source: alarms, failing endpoints, failed or missing crawls."""
    found: dict[int, list[str]] = {}
    for alarm in session.scalars(
        select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.id)
    ):
        found.setdefault(alarm.source_id, []).append(f"{alarm.kind}: {alarm.detail}")
    failing = select(Endpoint).where(Endpoint.failures >= FAILURES, Endpoint.closed_at.is_(None))
    for one in session.scalars(failing):
        found.setdefault(one.source_id, []).append(
            f"{one.kind} {one.url} failed {one.failures} times: {one.last_error}"
        )
    for run in newest_runs(session).values():
        if run.state in ("failed", "interrupted"):
            found.setdefault(run.source_id, []).append(f"last crawl {run.state}: {run.reason}")
    for source_id, why in alarms.overdue_sources(session, now).items():
        found.setdefault(source_id, []).append(why)
    return found


def archive_status(database: Database, now: datetime) -> dict[str, Any]:
    """Return the content of the archive and the status of each source, JSON-ready."""
    from storage.crawl.runs import last_runs

    with database.reading() as session:
        sources = []
        trouble = problems_by_source(session, now)
        for s in list_sources(session):
            runs = last_runs(session, s.id, 1)
            sources.append(
                {
                    "source": s.name,
                    "home_url": s.home_url,
                    "state": s.state,
                    "articles": s.articles,
                    "waiting": s.pending,
                    "endpoints": s.endpoints,
                    "last_run": s.last_run,
                    "last_run_at": s.last_run_at.isoformat() if s.last_run_at else None,
                    "last_counts": runs[0].counts if runs else {},
                    "last_causes": runs[0].causes if runs else {},
                    "trouble": trouble.get(s.id, []),
                }
            )

        def count(table: Any) -> int:
            return session.scalar(select(func.count()).select_from(table)) or 0

        return {
            "folder": str(database.location.folder),
            "articles": count(Article),
            "doubtful": session.scalar(
                select(func.count()).select_from(Article).where(Article.doubtful)
            )
            or 0,
            "entries": count(DirectoryEntry),
            "revisions": count(Revision),
            "captures": count(Capture),
            "capture_bytes": int(session.scalar(select(func.sum(Capture.length))) or 0),
            "sources": sources,
        }
