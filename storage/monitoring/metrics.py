"""Metrics of sources and of the archive."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from storage.crawl.runs import newest_runs
from storage.crawl.sources import list_sources
from storage.models import Alarm, Capture, CrawlRun, Delivery, Endpoint
from storage.monitoring.alarms import due_since

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database


@dataclass(frozen=True, slots=True)
class SourceMetrics:
    """The metrics of one source."""

    source: str
    articles: int
    waiting: int
    endpoints: int
    failing_endpoints: int
    alarms: int
    overdue_seconds: float
    last_success: datetime | None
    last_counts: dict[str, int] = field(default_factory=dict)
    last_causes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArchiveMetrics:
    """The size of an archive, and the free space."""

    capture_bytes: int
    database_bytes: int
    free_bytes: int
    messages_waiting: int


def source_metrics(database: Database, now: datetime) -> list[SourceMetrics]:
    """Return the metrics of each source, by name."""
    with database.reading() as session:
        failing = dict(
            session.execute(
                select(Endpoint.source_id, func.count())
                .where(Endpoint.failures > 0, Endpoint.closed_at.is_(None))
                .group_by(Endpoint.source_id)
            ).all()
        )
        due = due_since(session, now)
        open_alarms = dict(
            session.execute(
                select(Alarm.source_id, func.count())
                .where(Alarm.cleared_at.is_(None))
                .group_by(Alarm.source_id)
            ).all()
        )
        well = dict(
            session.execute(
                select(CrawlRun.source_id, func.max(CrawlRun.ended_at))
                .where(CrawlRun.state == "finished")
                .group_by(CrawlRun.source_id)
            ).all()
        )
        runs = newest_runs(session)
        return [
            SourceMetrics(
                s.name,
                s.articles,
                s.pending,
                s.endpoints,
                failing.get(s.id, 0),
                open_alarms.get(s.id, 0),
                _since(due.get(s.id), now),
                well.get(s.id),
                runs[s.id].counts if s.id in runs else {},
                runs[s.id].causes if s.id in runs else {},
            )
            for s in list_sources(session)
        ]


def _since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else (now - moment).total_seconds()


def archive_metrics(database: Database) -> ArchiveMetrics:
    """Return the metrics of the whole archive."""
    with database.reading() as session:
        return ArchiveMetrics(
            int(session.scalar(select(func.sum(Capture.length))) or 0),
            database_bytes(session),
            shutil.disk_usage(database.location.folder).free,
            session.scalar(
                select(func.count()).select_from(Delivery).where(Delivery.due_at.is_not(None))
            )
            or 0,
        )


def database_bytes(session: Session) -> int:
    """Return the size of the database."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    size = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if sqlite
        else "SELECT pg_database_size(current_database())"
    )
    return int(session.scalar(text(size)) or 0)
