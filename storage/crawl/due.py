"""Which sources are due, and when the next one is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, func, or_, select

from storage.crawl import retries
from storage.database.types import is_due
from storage.models import Article, Backfill, Candidate, CrawlRun, Endpoint, Item, Source
from storage.text.urls import host_of

if TYPE_CHECKING:
    from datetime import datetime

    from storage.database.handle import Database


# Pending pages and article checks start a run no more often than this.
_MIN_RUN_INTERVAL = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source whose crawl is due."""

    name: str
    home_url: str
    delay: float | None

    @property
    def host(self) -> str:
        """Return the host to lease."""
        return host_of(self.home_url)


def due_sources(database: Database, now: datetime) -> list[DueSource]:
    """Return the active sources with work to do, those that waited longest first.

    A due endpoint is enough. Pending pages and article checks are enough where the last run is a
    while ago.
    """
    endpoint = exists().where(
        Endpoint.source_id == Source.id,
        Endpoint.indexed.is_(False),
        Endpoint.closed_at.is_(None),
        or_(Endpoint.next_due_at.is_(None), is_due(Endpoint.next_due_at, now)),
    )
    waiting = exists().where(
        Candidate.source_id == Source.id,
        Candidate.state == "pending",
        retries.retry_condition(Candidate.attempts, Candidate.settled_at, now, patient=True),
    )
    stretch = exists().where(Backfill.source_id == Source.id, Backfill.state == "open")
    # One query for all sources: a query per source would scan a source without due articles whole.
    again = Source.id.in_(
        select(Item.source_id)
        .join(Article, Article.item_id == Item.id)
        .where(is_due(Article.next_check_at, now))
    )
    last = (
        select(func.max(CrawlRun.started_at))
        .where(CrawlRun.source_id == Source.id)
        .correlate(Source)
        .scalar_subquery()
    )
    # A run without an end was killed, unless its lease is still held; another process continues it.
    killed = exists().where(CrawlRun.source_id == Source.id, CrawlRun.state == "running")
    rested = or_(
        killed, last.is_(None), last <= now - _MIN_RUN_INTERVAL, last > now + _MIN_RUN_INTERVAL
    )
    query = (
        select(Source.name, Source.home_url, Source.delay)
        .where(Source.state == "active", or_(endpoint, and_(rested, or_(waiting, again, stretch))))
        .order_by(last.asc().nulls_first(), Source.id)
    )
    with database.reading() as session:
        return [DueSource(*row) for row in session.execute(query)]


def next_due_at(database: Database, now: datetime) -> datetime | None:
    """Return when the next endpoint of an active source is due; ``None`` where there is none."""
    query = (
        select(func.min(Endpoint.next_due_at))
        .join(Source, Source.id == Endpoint.source_id)
        .where(
            Source.state == "active",
            Endpoint.indexed.is_(False),
            Endpoint.closed_at.is_(None),
            Endpoint.next_due_at > now,
        )
    )
    with database.reading() as session:
        return session.scalar(query)
