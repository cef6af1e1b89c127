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


# Waiting pages and articles to be looked at again do not call for a run more often than this.
_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Due:
    """A source to crawl."""

    name: str
    home_url: str
    delay: float | None

    @property
    def host(self) -> str:
        """The host that its lease is for."""
        return host_of(self.home_url)


def due(database: Database, now: datetime) -> list[Due]:
    """The active sources with something to do, those that waited longest first.

    An endpoint that is due is enough; waiting pages and articles to be looked at again are, where
    the last run is a while ago.
    """
    endpoint = exists().where(
        Endpoint.source_id == Source.id, Endpoint.indexed.is_(False), Endpoint.closed_at.is_(None),
        or_(Endpoint.next_due_at.is_(None), is_due(Endpoint.next_due_at, now)),
    )  # fmt: skip
    waiting = exists().where(
        Candidate.source_id == Source.id, Candidate.state == "pending",
        retries.may_try(Candidate.attempts, Candidate.settled_at, now, patient=True),
    )  # fmt: skip
    stretch = exists().where(Backfill.source_id == Source.id, Backfill.state == "open")
    # Asked once for all sources: one that has none due would be looked through whole each time.
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
    # A run that never ended was killed, unless its lease is still held: others go on with it now.
    killed = exists().where(CrawlRun.source_id == Source.id, CrawlRun.state == "running")
    rested = or_(killed, last.is_(None), last <= now - _PAUSE, last > now + _PAUSE)
    query = (
        select(Source.name, Source.home_url, Source.delay)
        .where(Source.state == "active", or_(endpoint, and_(rested, or_(waiting, again, stretch))))
        .order_by(last.asc().nulls_first(), Source.id)
    )
    with database.reading() as session:
        return [Due(*row) for row in session.execute(query)]


def next_due(database: Database, now: datetime) -> datetime | None:
    """When the next endpoint of an active source is due; ``None`` where there is none."""
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
