"""Cache of files that apply to a whole host (robots.txt, tdmrep.json), until they expire."""

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

# RFC 9309, 2.4: at most a day. The minimum avoids a request per visit of a feed.
MOST = timedelta(hours=24)
LEAST = timedelta(hours=1)


def cached_file(database: Database, url: str, now: datetime) -> bytes | None:
    """Return the cached file at ``url`` unless expired; an empty body where the host has none."""
    with database.reading() as session:
        return session.scalar(
            select(HostFile.body).where(HostFile.url == url, HostFile.expires_at > now)
        )


def cache_file(
    database: Database, url: str, body: bytes, now: datetime, seconds: int | None
) -> None:
    """Cache a file for the ``seconds`` that its server states, between an hour and a day."""
    pause = MOST if seconds is None else min(max(timedelta(seconds=seconds), LEAST), MOST)

    def work(session: Session) -> None:
        session.execute(delete(HostFile).where(HostFile.url == url))
        # Another crawl may have cached it meanwhile.
        insert_ignore(session, HostFile, [{"url": url, "body": body, "expires_at": now + pause}])

    database.write(work)
