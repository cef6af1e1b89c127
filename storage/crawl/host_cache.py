"""What hosts say of all their pages (robots.txt, tdmrep.json), kept until it expires."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from storage.database.engine import insert_ignore
from storage.models import HostFile

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

# RFC 9309, 2.4: not used for longer than a day; and not asked for at each look at a feed.
MOST = timedelta(hours=24)
LEAST = timedelta(hours=1)


def kept(database: Database, url: str, now: datetime) -> bytes | None:
    """The file at ``url`` as it may still be used; empty where there was none."""
    with database.reading() as session:
        return session.scalar(
            select(HostFile.body).where(HostFile.url == url, HostFile.expires_at > now)
        )


def keep(database: Database, url: str, body: bytes, now: datetime, seconds: int | None) -> None:
    """Keep a file for as long as its server says (``seconds``), an hour at least, a day at most."""
    pause = MOST if seconds is None else min(max(timedelta(seconds=seconds), LEAST), MOST)

    def work(session: Session) -> None:
        session.execute(delete(HostFile).where(HostFile.url == url))
        # Another crawl may have kept it meanwhile.
        insert_ignore(session, HostFile, [{"url": url, "body": body, "expires_at": now + pause}])

    database.write(work)
