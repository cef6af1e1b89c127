"""Alarms: a silent source, a lost field, only paywalls or errors, an unfilled gap.

They are checked when a crawl run ends. Each compares the source with its own history, so that no
threshold has to be set: what is normal for one source would be an alarm for another.
"""

from __future__ import annotations

import statistics
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from storage.crawl.rhythm import Rhythm, expected_news
from storage.crawl.runs import delete_empty_runs, end_run
from storage.models import Alarm, Article, Backfill, CrawlRun, Endpoint, Item, Revision, Source
from storage.users import alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

# Expected news since the last item: by chance none comes in 1 of 3,000 such periods.
_SILENT_NEWS = 8.0
_SILENT_LEAST = timedelta(hours=24)
_SILENT_LOOKED = timedelta(days=60)
# The newest articles, and the earlier ones to compare them with.
_NEWEST, _BEFORE, _BEFORE_LEAST = 30, 300, 60
_USUAL, _LOST = 0.8, 0.4
_SHORT = 0.4
# Runs and pages to examine for errors and paywalls.
_RUNS, _PAGES = 5, 10
_BAD_SHARE = 0.5
_WALLS = ("login-wall", "paywall", "consent-wall", "bot-wall")
_GAP_TOLD = timedelta(days=7)
_OVERDUE = timedelta(hours=24)


def finish_run(
    database: Database,
    source_id: int,
    run_id: int,
    now: datetime,
    *,
    state: str,
    reason: str,
    counts: dict[str, int],
    causes: dict[str, int],
) -> list[str]:
    """End a crawl run and update the source's alarms; return the raised alarms as text lines."""

    def work(session: Session) -> list[str]:
        end_run(session, run_id, now, state=state, reason=reason, counts=counts, causes=causes)
        delete_empty_runs(session, source_id, now)
        raised = update_alarms(session, source_id, now)
        if raised:
            name = session.scalar(select(Source.name).where(Source.id == source_id)) or ""
            alerts.queue_alarms(session, name, raised, now)
        return [f"{one.kind}: {one.detail}" for one in raised]

    return database.write(work)


def update_alarms(session: Session, source_id: int, now: datetime) -> list[Alarm]:
    """Raise and clear the alarms of a source; return those raised now."""
    found = {
        kind: detail
        for kind, test in _TESTS.items()
        if (detail := test(session, source_id, now)) is not None
    }
    open_ones = {
        one.kind: one
        for one in session.scalars(
            select(Alarm).where(Alarm.source_id == source_id, Alarm.cleared_at.is_(None))
        )
    }
    for kind, one in open_ones.items():
        if kind not in found:
            one.cleared_at = now
        else:
            one.detail = found[kind]
    raised = [
        Alarm(source_id=source_id, kind=kind, detail=detail, raised_at=now)
        for kind, detail in found.items()
        if kind not in open_ones
    ]
    session.add_all(raised)
    session.flush()
    return raised


def list_alarms(
    database: Database, source: str | None = None, *, cleared: bool = False, limit: int = 100
) -> list[dict[str, Any]]:
    """List alarms, newest first, JSON-ready; with ``cleared`` also cleared ones."""
    query = select(Alarm, Source.name).join(Source, Source.id == Alarm.source_id)
    if source is not None:
        query = query.where(Source.name == source)
    if not cleared:
        query = query.where(Alarm.cleared_at.is_(None))
    with database.reading() as session:
        return [
            alarm_record(one, name)
            for one, name in session.execute(query.order_by(Alarm.id.desc()).limit(limit))
        ]


def recent_alarms(session: Session, source_id: int, limit: int = 10) -> Sequence[Alarm]:
    """Return the last alarms of a source, open ones first."""
    query = select(Alarm).where(Alarm.source_id == source_id)
    order = (Alarm.cleared_at.is_not(None), Alarm.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def alarm_record(one: Alarm, source: str) -> dict[str, Any]:
    """Return an alarm as JSON-ready data."""
    return {
        "id": one.id,
        "source": source,
        "kind": one.kind,
        "detail": one.detail,
        "raised_at": one.raised_at.isoformat(),
        "cleared_at": one.cleared_at.isoformat() if one.cleared_at else None,
    }


def due_since(session: Session, before: datetime) -> dict[int, datetime]:
    """Return since when each active source that was due ``before`` is due, by source id."""
    query = (
        select(Endpoint.source_id, func.min(Endpoint.next_due_at))
        .join(Source, Source.id == Endpoint.source_id)
        .where(
            Source.state == "active",
            Endpoint.closed_at.is_(None),
            Endpoint.indexed.is_(False),
            Endpoint.next_due_at < before,
        )
        .group_by(Endpoint.source_id)
    )
    return {source_id: at for source_id, at in session.execute(query) if at is not None}


def overdue_sources(session: Session, now: datetime) -> dict[int, str]:
    """Return active sources that have been due for a day without a crawl, by id."""
    return {
        source_id: f"due since {at:%Y-%m-%d %H:%M} UTC; is `dateline run` running?"
        for source_id, at in due_since(session, now - _OVERDUE).items()
    }


def _silent(session: Session, source_id: int, now: datetime) -> str | None:
    last = session.scalar(
        select(Revision.seen_at)
        .join(Item, Item.id == Revision.item_id)
        .where(Item.source_id == source_id, Item.kind == "article", Revision.number == 1)
        .order_by(Revision.id.desc())
        .limit(1)
    )
    if last is None or now - last < _SILENT_LEAST:
        return None
    rhythms = [
        Rhythm.from_stored(stored)
        for stored in session.scalars(
            select(Endpoint.rhythm).where(
                Endpoint.source_id == source_id, Endpoint.rhythm.is_not(None)
            )
        )
    ]
    span = min(now - last, _SILENT_LOOKED)
    most = max(
        (expected_news(one, now - span, span) for one in rhythms if one is not None), default=0.0
    )
    if most < _SILENT_NEWS:
        return None
    return f"nothing new since {last:%Y-%m-%d %H:%M} UTC, where some {most:.0f} articles were usual"


def _lost_fields(session: Session, source_id: int, now: datetime) -> str | None:
    del now
    rows = session.execute(
        select(
            Article.published_at,
            Article.byline,
            Article.standfirst,
            Article.section,
            Article.language,
            Article.word_count,
        )
        .where(Article.item_id.in_(_newest(source_id)))
        .order_by(Article.item_id.desc())
    ).all()
    newest, before = rows[:_NEWEST], rows[_NEWEST:]
    if len(before) < _BEFORE_LEAST:
        return None
    lost = []
    for name, test in _FIELDS.items():
        was, held = _share(before, test), _share(newest, test)
        if was >= _USUAL and held <= _LOST:
            lost.append(f"{name} (of {held:.0%} of the newest articles, {was:.0%} before)")
    long, short = (statistics.median(r.word_count for r in some) for some in (before, newest))
    if long and short < _SHORT * long:
        lost.append(f"text ({short:.0f} words where {long:.0f} were usual)")
    return "lost: " + ", ".join(lost) if lost else None


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "publication date": lambda row: row.published_at is not None,
    "byline": lambda row: bool(row.byline),
    "standfirst": lambda row: bool(row.standfirst),
    "section": lambda row: row.section is not None,
    "language": lambda row: row.language is not None,
}


def _share(rows: Sequence[Any], test: Callable[[Any], bool]) -> float:
    return sum(map(test, rows)) / len(rows)


def _walls(session: Session, source_id: int, now: datetime) -> str | None:
    del now
    runs = _last_runs(session, source_id)
    walls = sum(run.causes.get(cause, 0) for run in runs for cause in _WALLS)
    pages = _pages(runs)
    if pages >= _PAGES and walls > _BAD_SHARE * pages:
        return f"{walls} of the last {pages} pages were walls (login, consent or payment)"
    rows = session.scalars(
        select(Article.access)
        .where(Article.item_id.in_(_newest(source_id)))
        .order_by(Article.item_id.desc())
    ).all()
    newest, before = rows[:_NEWEST], rows[_NEWEST:]
    if len(before) < _BEFORE_LEAST:
        return None
    was, held = (sum(one == "teaser" for one in some) / len(some) for some in (before, newest))
    if held >= _USUAL and was <= _LOST:
        return f"{held:.0%} of the newest articles are teasers only, {was:.0%} were before"
    return None


def _errors(session: Session, source_id: int, now: datetime) -> str | None:
    del now
    runs = _last_runs(session, source_id)
    failed = sum(run.counts.get("failed", 0) for run in runs)
    pages = _pages(runs)
    if pages >= _PAGES and failed > _BAD_SHARE * pages:
        causes: dict[str, int] = {}
        for run in runs:
            for cause, count in run.causes.items():
                causes[cause] = causes.get(cause, 0) + count
        most = max(causes, key=lambda cause: causes[cause], default="unknown")
        return f"{failed} of the last {pages} pages failed, most of them: {most}"
    return None


def _unreachable(session: Session, source_id: int, now: datetime) -> str | None:
    del now
    rows = session.execute(
        select(Endpoint.failures, Endpoint.closed_at, Endpoint.last_error).where(
            Endpoint.source_id == source_id, Endpoint.indexed.is_(False)
        )
    ).all()
    if not rows:
        return None
    if all(row.closed_at is not None for row in rows):
        return "all of its feeds and sitemaps are closed; find others with `dateline add --dry-run`"
    alive = [row for row in rows if row.closed_at is None]
    if all(row.failures >= 3 for row in alive):
        return f"none of its feeds and sitemaps can be read: {alive[0].last_error}"
    return None


def _gaps(session: Session, source_id: int, now: datetime) -> str | None:
    row = session.scalar(
        select(Backfill)
        .where(
            Backfill.source_id == source_id,
            Backfill.reason == "gap",
            Backfill.state == "failed",
            Backfill.ended_at > now - _GAP_TOLD,
        )
        .order_by(Backfill.id.desc())
        .limit(1)
    )
    if row is None:
        return None
    return (
        f"a gap from {row.since:%Y-%m-%d %H:%M} to {row.until:%Y-%m-%d %H:%M} UTC could not be "
        f"filled: {row.detail}"
    )


_TESTS: dict[str, Callable[[Session, int, datetime], str | None]] = {
    "silent": _silent, "unreachable": _unreachable, "errors": _errors, "walls": _walls,
    "lost-field": _lost_fields, "gap": _gaps,
}  # fmt: skip


def _newest(source_id: int) -> Any:
    """Select the items of the newest articles, from the index alone."""
    query = select(Item.id).where(
        Item.source_id == source_id, Item.kind == "article", Item.state == "stored"
    )
    return query.order_by(Item.id.desc()).limit(_NEWEST + _BEFORE).scalar_subquery()


def _last_runs(session: Session, source_id: int) -> Sequence[CrawlRun]:
    query = select(CrawlRun).where(CrawlRun.source_id == source_id)
    return session.scalars(query.order_by(CrawlRun.id.desc()).limit(_RUNS)).all()


def _pages(runs: Sequence[CrawlRun]) -> int:
    verdicts = ("new", "unchanged", "revised", "duplicate", "skipped", "failed", "gone")
    return sum(run.counts.get(verdict, 0) for run in runs for verdict in verdicts)
