"""Visits to endpoints: what they brought, what they missed, and when the next one is due."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, true, update

from storage.crawl import frontier
from storage.crawl.backfills import open_gap
from storage.crawl.revisit import Bounds, next_attempt, next_visit
from storage.crawl.rhythm import Rhythm, first_seen
from storage.database.engine import insert_ignore
from storage.database.types import is_due
from storage.models import Endpoint, Source
from storage.text.urls import url_key
from storage.types.endpoints import DueEndpoint, EndpointFailed, EndpointResult, PollingHints

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from storage.types.endpoints import Announcement, EndpointRead, FoundEndpoint

_GONE = 410
# Entries that stay on top of a feed for months are few.
_PINNED = 2
# A publication may be announced so long after the moment that it claims.
_LATE = timedelta(hours=6)
# New links of one look at a page without dates that count as news.
_MOST_UNDATED = 30


def record_visit(
    session: Session, outcome: EndpointRead | EndpointFailed, now: datetime
) -> EndpointResult:
    """Note a visit, take in what it announced, and say when the next one is due."""
    endpoint = session.get_one(Endpoint, outcome.endpoint_id)
    if isinstance(outcome, EndpointFailed):
        return _failed(endpoint, outcome, now)
    before, newest = endpoint.fetched_at, endpoint.newest_at
    same = outcome.is_unchanged(endpoint.digest)
    message = _follow(session, endpoint, outcome.moved_to, now) if outcome.moved_to else None
    endpoint.fetched_at = now
    endpoint.status = outcome.status
    endpoint.failures = 0
    endpoint.last_error = message if endpoint.closed_at else None
    said: Sequence[Announcement] = ()
    fresh: list[Announcement] = []
    if not same:
        endpoint.changed_at = now
        endpoint.etag = outcome.etag
        endpoint.last_modified = outcome.last_modified
        endpoint.digest = outcome.digest
        endpoint.title = outcome.title or endpoint.title
        said = outcome.announcements
        session.flush()
        keys = frontier.offered(
            session.connection(), endpoint.source_id, said, now, endpoint_id=endpoint.id
        )
        fresh = [one for one in said if url_key(one.url) in keys]
        dated = [one.published for one in said if one.published and one.published <= now]
        endpoint.newest_at = max([*dated, *([newest] if newest else [])], default=None)
    if outcome.polling_hints is not None:
        endpoint.polling_hints = asdict(outcome.polling_hints)
    rhythm = learned(Rhythm.from_stored(endpoint.rhythm), fresh, said, before, now)
    if fresh or endpoint.rhythm is None:
        # Silence is learned of too, but not written down each time: the clock tells it again.
        endpoint.rhythm = rhythm.to_stored()
    gap = None
    if before is not None and endpoint.kind == "feed":
        gap = missed(said, fresh, newest, before, now)
        if gap is not None:
            open_gap(session, endpoint.source_id, gap, now)
    source = session.get_one(Source, endpoint.source_id)
    endpoint.next_due_at = next_visit(
        endpoint.id, now, rhythm, polling_hints_of(endpoint),
        Bounds.of_minutes(source.least_minutes, source.most_minutes),
    )  # fmt: skip
    return EndpointResult(len(said), len(fresh), gap, message)


def polling_hints_of(endpoint: Endpoint) -> PollingHints:
    """What the endpoint last asked for."""
    kept = endpoint.polling_hints or {}
    return PollingHints(
        kept.get("least_minutes"), kept.get("usual_minutes"), tuple(kept.get("skip_hours", ())),
        tuple(kept.get("skip_days", ())), kept.get("entries", 0),
    )  # fmt: skip


def missed(
    said: Sequence[Announcement], fresh: Sequence[Announcement], newest: datetime | None,
    before: datetime, now: datetime,
) -> tuple[datetime, datetime] | None:  # fmt: skip
    """The stretch of which entries scrolled out of a feed unseen, if any did.

    They did where nothing of the feed is known from ``before``, but for entries pinned on top of it
    (known, and older than the ``newest`` one that was seen).
    """
    known = len(said) - len(fresh)
    if not fresh or known > _PINNED or known * 4 > len(said):
        return None
    dates = [one.published for one in fresh if one.published is not None]
    oldest = min(dates, default=None)
    if newest is None or oldest is None:
        return (before, now) if known == 0 else None
    return (newest, oldest) if oldest > newest else None


def learned(
    rhythm: Rhythm | None, fresh: Sequence[Announcement], said: Sequence[Announcement],
    before: datetime | None, now: datetime,
) -> Rhythm:  # fmt: skip
    """An endpoint's rhythm with what it brought between ``before`` and ``now``."""
    if rhythm is None or before is None:
        return first_seen(now, [one.published for one in said if one.published is not None])
    middle = before + (now - before) / 2
    undated = [middle for one in fresh if one.published is None or one.published > now]
    # What is older is no news: a site that brings its past back does not publish faster.
    dated = [
        one.published for one in fresh
        if one.published is not None and before - _LATE <= one.published <= now
    ]  # fmt: skip
    return rhythm.observed(now, [*dated, *undated[:_MOST_UNDATED]])


def _follow(session: Session, endpoint: Endpoint, url: str, now: datetime) -> str | None:
    """Go to where an endpoint moved for good, or close it where that is followed already."""
    if url == endpoint.url:
        return None
    held = session.scalar(
        select(Endpoint.id).where(Endpoint.source_id == endpoint.source_id, Endpoint.url == url)
    )
    old = endpoint.url
    if held is not None:
        endpoint.closed_at = now
        return f"{old} moved to {url}, which is followed already: closed"
    endpoint.url = url
    # Validators are of the address they came from.
    endpoint.etag = endpoint.last_modified = None
    return f"{old} moved for good: {url} is followed in its place"


def _failed(endpoint: Endpoint, failed: EndpointFailed, now: datetime) -> EndpointResult:
    endpoint.failures += 1
    endpoint.status = failed.status
    endpoint.last_error = f"{failed.cause}: {failed.detail}"[:500]
    endpoint.next_due_at = next_attempt(
        endpoint.id, now, endpoint.failures, endpoint.fetched_at, failed.retry_after
    )
    if failed.status == _GONE:
        endpoint.closed_at = now
        return EndpointResult(message=f"{endpoint.url} is gone for good (410): closed")
    return EndpointResult()


MAX_INDEXED = 50


def add_endpoints(
    session: Session, source_id: int, found: Sequence[FoundEndpoint], now: datetime
) -> None:
    """Keep ``found``; what is known stays as it is, but for an index's word on its change."""
    insert_ignore(
        session,
        Endpoint,
        [
            {
                "source_id": source_id, "url": e.url, "kind": e.kind, "title": e.title,
                "indexed": e.indexed, "announced_at": e.announced_at, "failures": 0,
                "created_at": now,
            }
            for e in found
        ],
    )  # fmt: skip
    for endpoint in found:
        if endpoint.announced_at is not None:
            session.execute(
                update(Endpoint)
                .where(Endpoint.source_id == source_id, Endpoint.url == endpoint.url)
                .values(announced_at=endpoint.announced_at)
            )


def due_endpoints(
    session: Session, source_id: int, now: datetime, *, all_of_them: bool = False
) -> list[DueEndpoint]:
    """Endpoints to visit: those due by ``now``, or (``all_of_them``) whether due or not.

    A sitemap that an index announced is visited only where the index says that it changed, or
    says nothing of it; ``MAX_INDEXED`` a call, the newest first, for an index of a large paper
    names hundreds that never change.
    """
    due: ColumnElement[bool] = or_(
        Endpoint.next_due_at.is_(None), is_due(Endpoint.next_due_at, now)
    )
    if all_of_them:
        due = true()
    of_source = select(Endpoint).where(
        Endpoint.source_id == source_id, Endpoint.closed_at.is_(None)
    )
    own = of_source.where(~Endpoint.indexed, due).order_by(Endpoint.id)
    stale = or_(
        Endpoint.fetched_at.is_(None),
        Endpoint.announced_at > Endpoint.fetched_at,
        and_(Endpoint.announced_at.is_(None), due),
    )
    children = (
        of_source.where(Endpoint.indexed, stale)
        .order_by(
            Endpoint.announced_at.desc().nulls_last(),
            Endpoint.changed_at.desc().nulls_last(),
            Endpoint.id,
        )
        .limit(MAX_INDEXED)
    )
    return [_due(row) for query in (own, children) for row in session.scalars(query)]


def _due(row: Endpoint) -> DueEndpoint:
    return DueEndpoint(
        id=row.id, url=row.url, kind=row.kind,  # type: ignore[arg-type]  # checked by the table
        etag=row.etag, last_modified=row.last_modified, digest=row.digest,
    )  # fmt: skip
