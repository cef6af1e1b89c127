"""Crawl runs: begin, count, end; those whose process died are said to be interrupted."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from storage.models import CrawlRun

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def process_name() -> str:
    """``host:pid`` of this process, as kept with its runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


def begin_run(session: Session, source_id: int, now: datetime) -> CrawlRun:
    """Open a run of ``source_id``, after closing those whose process is no more."""
    _close_dead(session, source_id, now)
    run = CrawlRun(source_id=source_id, started_at=now, state="running", process=process_name(),
                   counts={}, causes={})  # fmt: skip
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
    """Close a run with what it did."""
    session.execute(
        update(CrawlRun)
        .where(CrawlRun.id == run_id)
        .values(ended_at=now, state=state, reason=reason[:100], counts=counts, causes=causes)
    )


def last_runs(session: Session, source_id: int, count: int = 10) -> list[CrawlRun]:
    """The newest runs of a source, newest first."""
    query = select(CrawlRun).where(CrawlRun.source_id == source_id)
    return list(session.scalars(query.order_by(CrawlRun.id.desc()).limit(count)))


def _close_dead(session: Session, source_id: int, now: datetime) -> None:
    running = session.scalars(
        select(CrawlRun).where(CrawlRun.source_id == source_id, CrawlRun.state == "running")
    )
    host = socket.gethostname()
    for run in running:
        on, _, pid = (run.process or "").rpartition(":")
        if on == host and pid.isdigit() and not _alive(int(pid)):
            run.state, run.ended_at, run.reason = "interrupted", now, "its process is gone"
    session.flush()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
