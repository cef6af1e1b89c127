"""What is due: the sources to crawl now, and who crawls which host meanwhile.

A *lease* says that one process crawls a host until some moment; it renews the lease while it
works. So any number of schedulers may share a database, no host is crawled by two of them at once,
and what a killed one held is free again when its lease runs out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import and_, delete, exists, func, or_, select, update

from storage.crawl import retries
from storage.text.urls import host_of
from storage.database.engine import insert_ignore
from storage.models import Article, Backfill, Candidate, CrawlRun, Endpoint, Item, Lease, Source
from storage.database.types import has_come
from storage.crawl.runs import (is_dead, process_name)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.archive import Archive

# How long a lease holds without a word from its holder.
LEASE = timedelta(minutes=2)
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


def due(archive: Archive, now: datetime) -> list[Due]:
    """The active sources with something to do, those that waited longest first.

    An endpoint that is due is enough; waiting pages and articles to be looked at again are, where
    the last run is a while ago.
    """
    endpoint = exists().where(
        Endpoint.source_id == Source.id, Endpoint.indexed.is_(False), Endpoint.closed_at.is_(None),
        or_(Endpoint.next_due_at.is_(None), has_come(Endpoint.next_due_at, now)),
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
        .where(has_come(Article.next_check_at, now))
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
    with archive.reading() as session:
        return [Due(*row) for row in session.execute(query)]


def next_due(archive: Archive, now: datetime) -> datetime | None:
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
    with archive.reading() as session:
        return session.scalar(query)


def new_holder() -> str:
    """A name for whoever takes leases in this process; it tells which process that is."""
    return f"{process_name()}#{uuid4().hex[:8]}"[-64:]


def take(archive: Archive, host: str, holder: str, now: datetime) -> bool:
    """Take the lease of a host; ``False`` where somebody else holds it.

    One whose holder is a process of this machine that is no more is free at once.
    """

    def work(session: Session) -> bool:
        insert_ignore(session, Lease, [{"host": host, "holder": "", "until": now}])
        held = session.scalar(select(Lease.holder).where(Lease.host == host)) or ""
        free = [holder, held] if is_dead(held.partition("#")[0]) else [holder]
        taken = session.connection().execute(
            update(Lease)
            .where(
                Lease.host == host,
                # One that runs for longer than leases do was taken by a clock that had jumped.
                or_(Lease.until <= now, Lease.until > now + 2 * LEASE, Lease.holder.in_(free)),
            )
            .values(holder=holder, until=now + LEASE)
        )
        return bool(taken.rowcount)

    return archive.write(work)


def renew(archive: Archive, hosts: Collection[str], holder: str, now: datetime) -> set[str]:
    """Hold leases on; returns the hosts whose lease was lost to somebody else."""

    def work(session: Session) -> set[str]:
        session.execute(
            update(Lease)
            .where(Lease.host.in_(hosts), Lease.holder == holder)
            .values(until=now + LEASE)
        )
        held = session.scalars(
            select(Lease.host).where(Lease.host.in_(hosts), Lease.holder == holder)
        )
        return set(hosts) - set(held)

    return archive.write(work) if hosts else set()


def release(archive: Archive, host: str, holder: str) -> None:
    """Let go of a lease."""
    archive.write(
        lambda session: session.execute(
            delete(Lease).where(Lease.host == host, Lease.holder == holder)
        )
    )
