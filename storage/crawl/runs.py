"""Crawl runs: begin, count, end; runs of dead processes are marked as interrupted."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from storage.database.engine import chunked
from storage.models import CrawlRun
from storage.text.normalize import is_whole_number

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


# Counts that make a run worth keeping.
_FOUND = ("new", "revised", "gone", "failed", "skipped", "duplicate", "fresh", "gaps", "past_pages",
          "named", "media_stored", "media_failed", "media_refused")  # fmt: skip
_KEPT = timedelta(days=1)
_LOOKED_AT = 500


def process_name() -> str:
    """Return ``host:pid`` of this process, as stored with its runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


def begin_run(session: Session, source_id: int, now: datetime) -> CrawlRun:
    """Begin a run of ``source_id``, and close runs whose process has died."""
    _close_dead(session, source_id, now)
    run = CrawlRun(
        source_id=source_id,
        started_at=now,
        state="running",
        process=process_name(),
        counts={},
        causes={},
    )
    session.add(run)
    session.flush()
    return run


def end_run(
    session: Session,
    run_id: int,
    now: datetime,
    *,
    state: str,
    reason: str,
    counts: dict[str, int],
    causes: dict[str, int],
) -> None:
    """End a run with its counts."""
    session.execute(
        update(CrawlRun)
        .where(CrawlRun.id == run_id)
        .values(ended_at=now, state=state, reason=reason[:100], counts=counts, causes=causes)
    )


def save_counts(session: Session, run_id: int, counts: dict[str, int]) -> None:
    """Store the counts of a run so far, so that they survive a kill."""
    session.execute(update(CrawlRun).where(CrawlRun.id == run_id).values(counts=counts))


def delete_empty_runs(session: Session, source_id: int, now: datetime) -> None:
    """Delete runs of a source that found nothing, except those of the last day.

    Otherwise years of visits to unchanged feeds would be most of the rows. Failed runs stay, and so
    does the last run.
    """
    rows = session.execute(
        select(CrawlRun.id, CrawlRun.counts, CrawlRun.causes).where(
            CrawlRun.source_id == source_id,
            CrawlRun.state == "finished",
            CrawlRun.started_at < now - _KEPT,
            CrawlRun.id
            < select(func.max(CrawlRun.id))
            .where(CrawlRun.source_id == source_id)
            .scalar_subquery(),
            CrawlRun.id > _last_kept(session, source_id),
        )
    ).all()
    empty = [
        row.id
        for row in rows
        # A budget that was used up is so every quarter of an hour until the next day.
        if not row.causes.keys() - {"budget"} and not any(map(row.counts.get, _FOUND))
    ]
    for some in chunked(empty):
        session.execute(delete(CrawlRun).where(CrawlRun.id.in_(some)))


def _last_kept(session: Session, source_id: int) -> int:
    """Return the run before which every empty run is deleted already."""
    query = (
        select(CrawlRun.id)
        .where(CrawlRun.source_id == source_id)
        .order_by(CrawlRun.id.desc())
        .offset(_LOOKED_AT)
        .limit(1)
    )
    return session.scalar(query) or 0


def requests_since(session: Session, source_id: int, moment: datetime) -> int:
    """Count the requests of a source's runs begun since ``moment``."""
    rows = session.scalars(
        select(CrawlRun.counts).where(
            CrawlRun.source_id == source_id, CrawlRun.started_at >= moment
        )
    )
    return sum(counts.get("requests", 0) for counts in rows)


def newest_runs(session: Session, source_id: int | None = None) -> dict[int, CrawlRun]:
    """Return the newest run of each source, or of one, by source id."""
    newest = select(func.max(CrawlRun.id)).group_by(CrawlRun.source_id)
    if source_id is not None:
        newest = newest.where(CrawlRun.source_id == source_id)
    rows = session.scalars(select(CrawlRun).where(CrawlRun.id.in_(newest)))
    return {run.source_id: run for run in rows}


def last_runs(session: Session, source_id: int, count: int = 10) -> list[CrawlRun]:
    """Return the newest runs of a source, newest first."""
    query = select(CrawlRun).where(CrawlRun.source_id == source_id)
    return list(session.scalars(query.order_by(CrawlRun.id.desc()).limit(count)))


def _close_dead(session: Session, source_id: int, now: datetime) -> None:
    running = session.scalars(
        select(CrawlRun).where(CrawlRun.source_id == source_id, CrawlRun.state == "running")
    )
    for run in running:
        # One of another machine held no lease any more, or this one would not begin; one of this
        # process could not be closed because the database was away.
        elsewhere = (run.process or "").rpartition(":")[0] != socket.gethostname()
        if elsewhere or run.process == process_name() or is_process_dead(run.process or ""):
            run.state, run.ended_at, run.reason = "interrupted", now, "its process is gone"
    session.flush()


def is_process_dead(process: str) -> bool:
    """Return whether a process of this machine, given by :func:`process_name`, no longer runs."""
    on, _, pid = process.rpartition(":")
    return on == socket.gethostname() and is_whole_number(pid) and not _alive(int(pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
