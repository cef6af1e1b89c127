"""Leases: only one process at a time crawls a host.

A *lease* lasts until a given time, and the process renews it while it crawls. So any number of
schedulers can share a database; the hosts of a killed process become free when its leases expire.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import delete, or_, select, update

from storage.crawl.runs import is_process_dead, process_name
from storage.database.engine import insert_ignore
from storage.models import Lease

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

# How long a lease lasts without renewal.
LEASE_DURATION = timedelta(minutes=2)


def new_holder_id() -> str:
    """Return a holder name for this process, which also identifies the process."""
    return f"{process_name()}#{uuid4().hex[:8]}"[-64:]


def acquire(database: Database, host: str, holder: str, now: datetime) -> bool:
    """Acquire the lease of a host; ``False`` where another process holds it.

    A lease of a process of this machine that no longer runs is free at once.
    """

    def work(session: Session) -> bool:
        insert_ignore(session, Lease, [{"host": host, "holder": "", "until": now}])
        held = session.scalar(select(Lease.holder).where(Lease.host == host)) or ""
        free = [holder, held] if is_process_dead(held.partition("#")[0]) else [holder]
        taken = session.connection().execute(
            update(Lease)
            .where(
                Lease.host == host,
                # A lease that lasts longer than possible was taken while the clock was wrong.
                or_(
                    Lease.until <= now,
                    Lease.until > now + 2 * LEASE_DURATION,
                    Lease.holder.in_(free),
                ),
            )
            .values(holder=holder, until=now + LEASE_DURATION)
        )
        return bool(taken.rowcount)

    return database.write(work)


def renew(database: Database, hosts: Collection[str], holder: str, now: datetime) -> set[str]:
    """Renew leases; return the hosts whose lease another process has taken over."""

    def work(session: Session) -> set[str]:
        session.execute(
            update(Lease)
            .where(Lease.host.in_(hosts), Lease.holder == holder)
            .values(until=now + LEASE_DURATION)
        )
        held = session.scalars(
            select(Lease.host).where(Lease.host.in_(hosts), Lease.holder == holder)
        )
        return set(hosts) - set(held)

    return database.write(work) if hosts else set()


def release(database: Database, host: str, holder: str) -> None:
    """Release a lease."""
    database.write(
        lambda session: session.execute(
            delete(Lease).where(Lease.host == host, Lease.holder == holder)
        )
    )
