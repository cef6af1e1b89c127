"""TimeMaps: the captures of a URL in time, for RFC 7089 (Memento)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from storage.captures.reader import read_capture
from storage.errors import UnknownItem
from storage.models import Capture, Source
from storage.text.urls import is_web_url, url_key

if TYPE_CHECKING:
    from datetime import datetime

    from storage.database.handle import Database

MOST = 5_000


@dataclass(frozen=True, slots=True)
class Memento:
    """One capture of a URL."""

    id: int
    url: str
    at: datetime
    status: int
    content_type: str | None


def mementos(database: Database, url: str) -> list[Memento]:
    """Return the newest ``MOST`` captures of ``url``, in the order of time.

    Raises:
        UnknownItem: there is none, or ``url`` is not a URL.
    """
    if not is_web_url(url):
        raise UnknownItem(f"{url!r} is no URL of the web", "write http:// or https:// before it")
    query = (
        select(Capture.id, Capture.url, Capture.fetched_at, Capture.status, Capture.content_type)
        .where(
            # Per source, because the index begins with the source.
            Capture.source_id.in_(select(Source.id)),
            Capture.key == url_key(url),
            Capture.kind != "forgotten",
            or_(Capture.status < 300, Capture.kind == "revisit"),
        )
        .order_by(Capture.fetched_at.desc(), Capture.id.desc())
        .limit(MOST)
    )
    with database.reading() as session:
        found = [Memento(*row) for row in session.execute(query)]
    if not found:
        raise UnknownItem(f"the archive holds no capture of {url}", "look for it with a search")
    return found[::-1]


def nearest_memento(found: list[Memento], at: datetime | None) -> Memento:
    """Return the memento nearest to ``at``; the newest without ``at``."""
    if at is None:
        return found[-1]
    return min(found, key=lambda one: (abs(one.at - at), one.id))


def read_body(database: Database, capture_id: int) -> tuple[Memento, bytes]:
    """Return a capture and its decoded body, verified against its digest.

    Raises:
        UnknownItem: no such capture exists, or it was erased.
        CaptureUnreadable: the capture is missing or damaged.
    """
    with database.reading() as session:
        row = session.get(Capture, capture_id)
    if row is None or row.kind == "forgotten":
        raise UnknownItem(f"the archive holds no capture {capture_id}", "take one from an article")
    found = Memento(row.id, row.url, row.fetched_at, row.status, row.content_type)
    return found, read_capture(database, row)
