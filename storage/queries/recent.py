"""What came in: the articles that are new since a moment, and sources in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from storage.monitoring import alarms
from storage.models import Alarm, Article, Endpoint, Revision, Source
from storage.crawl.runs import newest_runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.archive import Archive

# An endpoint that failed so often in a row is in trouble, not unlucky.
FAILURES = 3
_LOOKED_AT = 500


def since(archive: Archive, moment: datetime, limit: int = 50) -> list[int]:
    """The articles first seen after ``moment``, the last one first; at most ``limit``."""
    # The newest revisions are the last written: no index by moment is needed.
    query = (
        select(Revision.item_id, Revision.seen_at)
        .join(Article, Article.item_id == Revision.item_id)
        .where(Revision.number == 1)
        .order_by(Revision.id.desc())
        .limit(_LOOKED_AT)
    )
    with archive.reading() as session:
        return [i for i, at in session.execute(query) if at > moment][:limit]


def size(archive: Archive) -> tuple[int, int]:
    """How many articles of how many sources there are."""
    with archive.reading() as session:
        articles = session.scalar(select(func.count()).select_from(Article)) or 0
        return articles, session.scalar(select(func.count()).select_from(Source)) or 0


def trouble(archive: Archive, now: datetime) -> list[dict[str, Any]]:
    """The sources in trouble and why, JSON-ready."""
    with archive.reading() as session:
        names = dict(session.execute(select(Source.id, Source.name)).all())
        found = trouble_by_source(session, now)
    return [{"source": names[i], "why": why} for i, why in sorted(found.items())]


def trouble_by_source(session: Session, now: datetime) -> dict[int, list[str]]:
    """Why sources are in trouble: alarms, endpoints that keep failing, crawls that ended badly or
    that nobody makes."""
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
    for source_id, why in alarms.overdue(session, now).items():
        found.setdefault(source_id, []).append(why)
    return found
