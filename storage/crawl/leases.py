"""What is due: the sources to crawl now, and who crawls which host meanwhile.

A *lease* says that one process crawls a host until some moment; it renews the lease while it
works. So any number of schedulers may share a database, no host is crawled by two of them at once,
and what a killed one held is free again when its lease runs out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import delete, or_, select, update

from storage.crawl.runs import is_dead, process_name
from storage.database.engine import insert_ignore
from storage.models import Lease

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

# How long a lease holds without a word from its holder.
LEASE = timedelta(minutes=2)


def new_holder() -> str:
    """A name for whoever takes leases in this process; it tells which process that is."""
    return f"{process_name()}#{uuid4().hex[:8]}"[-64:]


def take(database: Database, host: str, holder: str, now: datetime) -> bool:
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

    return database.write(work)


def renew(database: Database, hosts: Collection[str], holder: str, now: datetime) -> set[str]:
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

    return database.write(work) if hosts else set()


def release(database: Database, host: str, holder: str) -> None:
    """Let go of a lease."""
    database.write(
        lambda session: session.execute(
            delete(Lease).where(Lease.host == host, Lease.holder == holder)
        )
    )
