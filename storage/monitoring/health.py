"""Health of a source: endpoints, runs, new articles per day, failures, completeness."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from storage.crawl import backfills
from storage.crawl.runs import last_runs
from storage.crawl.sources import get_source, list_sources
from storage.models import (
    Article,
    ArticleMedia,
    CrawlRun,
    Endpoint,
    Item,
    Media,
    Source,
)
from storage.monitoring import alarms

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

_RUNS = 20
_DAYS = 30
# The newest articles that completeness is computed from.
_SAMPLE = 500


def source_health(database: Database, name: str, now: datetime) -> dict[str, Any]:
    """Return a source with its health, JSON-ready.

    Raises:
        UnknownSource: no source has this name.
    """
    with database.reading() as session:
        row = get_source(session, name)
        info = list_sources(session, row.id)[0]
        runs = last_runs(session, row.id, _RUNS)
        causes: Counter[str] = Counter()
        for run in runs:
            causes.update(run.causes)
        return {
            "source": row.name,
            "title": row.title,
            "home_url": row.home_url,
            "language": row.language,
            "timezone": row.timezone,
            "site": row.site,
            "state": row.state,
            "rights": row.rights,
            "articles": info.articles,
            "waiting": info.pending,
            "last_success": _last_success(session, row),
            "endpoints": [_endpoint(one) for one in _endpoints(session, row.id)],
            "alarms": [
                alarms.alarm_record(one, row.name) for one in alarms.recent_alarms(session, row.id)
            ],
            "past": [
                _backfill(one) for one in backfills.list_backfills(session, row.name, limit=10)
            ],
            "runs": [run_record(run, row.name) for run in runs],
            "causes": dict(causes.most_common()),
            "yield": _yield(session, row.id, now),
            "completeness": _completeness(session, row.id),
        }


def list_runs(
    database: Database, name: str | None, limit: int, before: int | None
) -> list[dict[str, Any]]:
    """List crawl runs of one source or all, newest first, with numbers below ``before``.

    Raises:
        UnknownSource: no source has this name.
    """
    with database.reading() as session:
        query = select(CrawlRun, Source.name).join(Source, Source.id == CrawlRun.source_id)
        if name is not None:
            query = query.where(CrawlRun.source_id == get_source(session, name).id)
        if before is not None:
            query = query.where(CrawlRun.id < before)
        rows = session.execute(query.order_by(CrawlRun.id.desc()).limit(limit))
        return [run_record(run, source_name) for run, source_name in rows]


def run_record(run: CrawlRun, source_name: str) -> dict[str, Any]:
    """Return a crawl run as JSON-ready data."""
    return {
        "id": run.id,
        "source": source_name,
        "started_at": run.started_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "state": run.state,
        "reason": run.reason,
        "counts": run.counts,
        "causes": run.causes,
    }


def set_state(database: Database, name: str, state: str) -> None:
    """Set the state of a source: ``paused`` or ``active``.

    Raises:
        UnknownSource: no source has this name.
    """

    def work(session: Session) -> None:
        get_source(session, name).state = state

    database.write(work)


def _endpoints(session: Session, source_id: int) -> list[Endpoint]:
    query = select(Endpoint).where(Endpoint.source_id == source_id, Endpoint.indexed.is_(False))
    return list(session.scalars(query.order_by(Endpoint.kind, Endpoint.url).limit(200)))


def _endpoint(one: Endpoint) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "url": one.url,
        "title": one.title,
        "status": one.status,
        "failures": one.failures,
        "last_error": one.last_error,
        "fetched_at": one.fetched_at.isoformat() if one.fetched_at else None,
        "changed_at": one.changed_at.isoformat() if one.changed_at else None,
        "next_due_at": one.next_due_at.isoformat() if one.next_due_at else None,
        "closed_at": one.closed_at.isoformat() if one.closed_at else None,
    }


def _backfill(one: backfills.BackfillInfo) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "state": one.state,
        "detail": one.detail,
        "pages": one.pages,
        "new": one.fresh,
    }


def _last_success(session: Session, row: Source) -> str | None:
    ended = session.scalar(
        select(func.max(CrawlRun.ended_at)).where(
            CrawlRun.source_id == row.id, CrawlRun.state == "finished"
        )
    )
    return ended.isoformat() if ended else None


def _yield(session: Session, source_id: int, now: datetime) -> list[dict[str, Any]]:
    """Count the new articles per day of the last days."""
    first = (now - timedelta(days=_DAYS - 1)).date()
    counts: Counter[date] = Counter()
    for at, found in session.execute(
        select(CrawlRun.started_at, CrawlRun.counts).where(
            CrawlRun.source_id == source_id, CrawlRun.started_at >= now - timedelta(days=_DAYS)
        )
    ):
        counts[at.date()] += found.get("new", 0)
    days = [first + timedelta(days=n) for n in range(_DAYS)]
    return [{"day": day.isoformat(), "articles": counts.get(day, 0)} for day in days]


def _completeness(session: Session, source_id: int) -> dict[str, Any]:
    """Return the share of the newest articles that have each field."""
    newest = (
        select(
            Article.item_id,
            Article.standfirst,
            Article.byline,
            Article.published_at,
            Article.section,
            Article.language,
            Article.access,
            Article.tags,
        )
        .join(Item, Item.id == Article.item_id)
        .where(Item.source_id == source_id)
        .order_by(Item.id.desc())
        .limit(_SAMPLE)
    )
    rows = session.execute(newest).all()
    ids = [row.item_id for row in rows]
    pictured = set(
        session.scalars(
            select(ArticleMedia.item_id)
            .join(Media, Media.id == ArticleMedia.media_id)
            .where(ArticleMedia.item_id.in_(ids), Media.kind == "picture")
        )
    )
    tests = {
        "published": lambda row: row.published_at is not None,
        "byline": lambda row: bool(row.byline),
        "standfirst": lambda row: bool(row.standfirst),
        "section": lambda row: row.section is not None,
        "tags": lambda row: bool(row.tags),
        "language": lambda row: row.language is not None,
        "picture": lambda row: row.item_id in pictured,
        "full text": lambda row: row.access == "full",
    }
    shares = {
        name: round(sum(map(test, rows)) / len(rows), 3) if rows else 0.0
        for name, test in tests.items()
    }
    return {"articles": len(rows), "fields": shares}
