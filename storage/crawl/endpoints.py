"""Visits to endpoints: announcements, gaps, learned rhythm, and the next visit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, true, update

from storage.crawl import frontier
from storage.crawl.backfills import open_gap
from storage.crawl.revisit import PollingBounds, next_attempt, next_visit
from storage.crawl.rhythm import Rhythm, initial_rhythm
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
# At most this many entries stay pinned on top of a feed.
_PINNED = 2
# The longest delay between the stated publication and its announcement.
_LATE = timedelta(hours=6)
# Maximum number of undated new links of one visit that count as news.
_MOST_UNDATED = 30


def record_visit(
    session: Session, outcome: EndpointRead | EndpointFailed, now: datetime
) -> EndpointResult:
    """Record a visit to an endpoint, store its announcements, and schedule the next visit."""
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
        keys = frontier.store_announcements(
            session.connection(), endpoint.source_id, said, now, endpoint_id=endpoint.id
        )
        fresh = [one for one in said if url_key(one.url) in keys]
        dated = [one.published for one in said if one.published and one.published <= now]
        endpoint.newest_at = max([*dated, *([newest] if newest else [])], default=None)
    if outcome.polling_hints is not None:
        endpoint.polling_hints = asdict(outcome.polling_hints)
    rhythm = updated_rhythm(Rhythm.from_stored(endpoint.rhythm), fresh, said, before, now)
    if fresh or endpoint.rhythm is None:
        # Visits without news are not stored each time: they follow from the elapsed time.
        endpoint.rhythm = rhythm.to_stored()
    gap = None
    if before is not None and endpoint.kind == "feed":
        gap = find_gap(said, fresh, newest, before, now)
        if gap is not None:
            open_gap(session, endpoint.source_id, gap, now)
    source = session.get_one(Source, endpoint.source_id)
    endpoint.next_due_at = next_visit(
        endpoint.id,
        now,
        rhythm,
        polling_hints_of(endpoint),
        PollingBounds.of_minutes(source.least_minutes, source.most_minutes),
    )
    return EndpointResult(len(said), len(fresh), gap, message)


def polling_hints_of(endpoint: Endpoint) -> PollingHints:
    """Return the polling hints of the endpoint's last response."""
    kept = endpoint.polling_hints or {}
    return PollingHints(
        kept.get("least_minutes"),
        kept.get("usual_minutes"),
        tuple(kept.get("skip_hours", ())),
        tuple(kept.get("skip_days", ())),
        kept.get("entries", 0),
    )


def find_gap(
    said: Sequence[Announcement],
    fresh: Sequence[Announcement],
    newest: datetime | None,
    before: datetime,
    now: datetime,
) -> tuple[datetime, datetime] | None:
    """Return the date range whose entries dropped out of a feed before they were seen, if any.

    There is a gap where no entry of the feed was known ``before``, except entries pinned on top
    (known, and older than ``newest``, the newest seen so far).
    """
    known = len(said) - len(fresh)
    if not fresh or known > _PINNED or known * 4 > len(said):
        return None
    dates = [one.published for one in fresh if one.published is not None]
    oldest = min(dates, default=None)
    if newest is None or oldest is None:
        return (before, now) if known == 0 else None
    return (newest, oldest) if oldest > newest else None


def updated_rhythm(
    rhythm: Rhythm | None,
    fresh: Sequence[Announcement],
    said: Sequence[Announcement],
    before: datetime | None,
    now: datetime,
) -> Rhythm:
    """Return the rhythm of an endpoint, updated by its news between ``before`` and ``now``."""
    if rhythm is None or before is None:
        return initial_rhythm(now, [one.published for one in said if one.published is not None])
    middle = before + (now - before) / 2
    undated = [middle for one in fresh if one.published is None or one.published > now]
    # Older entries are not news: a site that republishes its past does not publish faster.
    dated = [
        one.published
        for one in fresh
        if one.published is not None and before - _LATE <= one.published <= now
    ]
    return rhythm.observed(now, [*dated, *undated[:_MOST_UNDATED]])


def _follow(session: Session, endpoint: Endpoint, url: str, now: datetime) -> str | None:
    """Move an endpoint to its permanent redirect, or close it where that is an endpoint already."""
    if url == endpoint.url:
        return None
    held = session.scalar(
        select(Endpoint.id).where(Endpoint.source_id == endpoint.source_id, Endpoint.url == url)
    )
    old = endpoint.url
    if held is not None:
        endpoint.closed_at = now
        return f"{old} moved to {url}, which is an endpoint already: closed"
    endpoint.url = url
    # Validators belong to the URL that sent them.
    endpoint.etag = endpoint.last_modified = None
    return f"{old} moved permanently to {url}: endpoint updated"


def _failed(endpoint: Endpoint, failed: EndpointFailed, now: datetime) -> EndpointResult:
    endpoint.failures += 1
    endpoint.status = failed.status
    endpoint.last_error = f"{failed.cause}: {failed.detail}"[:500]
    endpoint.next_due_at = next_attempt(
        endpoint.id, now, endpoint.failures, endpoint.fetched_at, failed.retry_after
    )
    if failed.status == _GONE:
        endpoint.closed_at = now
        return EndpointResult(message=f"{endpoint.url} is gone (HTTP 410): endpoint closed")
    return EndpointResult()


MAX_INDEXED = 50


def add_endpoints(
    session: Session, source_id: int, found: Sequence[FoundEndpoint], now: datetime
) -> None:
    """Add new endpoints; update a known one only with the change date of its sitemap index."""
    insert_ignore(
        session,
        Endpoint,
        [
            {
                "source_id": source_id,
                "url": e.url,
                "kind": e.kind,
                "title": e.title,
                "indexed": e.indexed,
                "announced_at": e.announced_at,
                "failures": 0,
                "created_at": now,
            }
            for e in found
        ],
    )
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
    """Return the endpoints to visit: those due by ``now``, or all with ``all_of_them``.

    A sitemap of a sitemap index is visited only where the index states a change, or no date:
    ``MAX_INDEXED`` per call, newest first, since the index of a large newspaper names hundreds that
    never change.
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
        id=row.id,
        url=row.url,
        kind=row.kind,  # type: ignore[arg-type]  # checked by the table
        etag=row.etag,
        last_modified=row.last_modified,
        digest=row.digest,
    )
