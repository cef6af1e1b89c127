"""Backfills of a source: feed gaps, requested date ranges, and the pages to read for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, update

from storage.crawl import frontier
from storage.crawl.sources import get_source
from storage.database.engine import insert_ignore
from storage.models import Backfill, BackfillPage, Candidate, Endpoint, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database
    from storage.types.endpoints import Announcement

# Maximum number of pages per backfill, and per list.
MAX_PAGES = 5_000
MAX_PAGES_PER_LIST = 500
_SETTLED = timedelta(days=1)
# A list ends after this many consecutive pages with nothing of the date range.
MAX_EMPTY_PAGES = 2


@dataclass(frozen=True, slots=True)
class OpenBackfill:
    """An open backfill. ``until`` is exclusive."""

    id: int
    reason: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PendingPage:
    """A page to read for a backfill; ``kind`` is ``sitemap``, ``listing`` or ``dated``.

    ``number`` counts the pages of its list before it. ``barren`` counts how many of them, up to the
    last one, brought nothing of the date range.
    """

    id: int
    url: str
    kind: str
    number: int
    barren: int
    stretch: OpenBackfill


@dataclass(frozen=True, slots=True)
class DiscoveredPage:
    """A discovered page to read for a backfill; see :class:`PendingPage`."""

    url: str
    kind: str
    number: int = 0
    barren: int = 0


@dataclass(frozen=True, slots=True)
class BackfillInfo:
    """A backfill as lists show it."""

    id: int
    source: str
    reason: str
    since: datetime
    until: datetime
    state: str
    detail: str | None
    pages: int
    pending: int
    announced: int
    fresh: int
    created_at: datetime
    ended_at: datetime | None


def request_backfill(
    database: Database, source: str, since: datetime, until: datetime, now: datetime
) -> int:
    """Request a date range of a source's past; return the number of the backfill.

    An open backfill of the same range continues; a range that was read within a day is not read
    again.

    Raises:
        UnknownSource: no source has this name.
        ValueError: ``until`` is not after ``since``.
    """
    if until <= since:
        raise ValueError("the stretch is empty")

    def work(session: Session) -> int:
        row = get_source(session, source)
        held = session.scalar(
            select(Backfill.id)
            .where(
                Backfill.source_id == row.id,
                Backfill.reason == "asked",
                Backfill.since == since,
                Backfill.until == until,
                or_(
                    Backfill.state == "open",
                    and_(Backfill.state == "done", Backfill.ended_at > now - _SETTLED),
                ),
            )
            .order_by(Backfill.id.desc())
            .limit(1)
        )
        if held is not None:
            return held
        return _open(session, row.id, "asked", since, until, now)

    return database.write(work)


def open_gap(
    session: Session, source_id: int, stretch: tuple[datetime, datetime], now: datetime
) -> int:
    """Record a gap; an open gap is widened, unless its pages are being read."""
    since, until = stretch
    begun = select(BackfillPage.backfill_id).distinct()
    held = session.scalar(
        select(Backfill).where(
            Backfill.source_id == source_id,
            Backfill.state == "open",
            Backfill.reason == "gap",
            Backfill.id.not_in(begun),
        )
    )
    if held is None:
        return _open(session, source_id, "gap", since, until, now)
    held.since, held.until = min(held.since, since), max(held.until, until)
    return held.id


def _open(
    session: Session, source_id: int, reason: str, since: datetime, until: datetime, now: datetime
) -> int:
    row = Backfill(
        source_id=source_id,
        reason=reason,
        since=since,
        until=until,
        state="open",
        announced=0,
        fresh=0,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def open_backfills(session: Session, source_id: int) -> list[OpenBackfill]:
    """Return the open backfills of a source, the oldest request first."""
    rows = session.scalars(
        select(Backfill)
        .where(Backfill.source_id == source_id, Backfill.state == "open")
        .order_by(Backfill.id)
    )
    return [OpenBackfill(row.id, row.reason, row.since, row.until) for row in rows]


@dataclass(frozen=True, slots=True)
class StartingPoints:
    """Where to look for a date range: sitemaps, lists (the home page last), neighbouring URLs."""

    stretch: OpenBackfill
    sitemaps: list[str]
    lists: list[str]
    before: list[str]
    after: list[str]


def unstarted_backfills(database: Database, source_id: int) -> list[StartingPoints]:
    """Return the open backfills without any known page."""
    with database.reading() as session:
        return [
            StartingPoints(
                one,
                _sitemaps(session, source_id, one.since),
                _lists(session, source_id),
                *_neighbouring_urls(session, source_id, one),
            )
            for one in open_backfills(session, source_id)
            if not is_started(session, one.id)
        ]


def start_backfill(
    database: Database,
    source_id: int,
    stretch: OpenBackfill,
    pages: Sequence[DiscoveredPage],
    said: Sequence[Announcement],
    now: datetime,
) -> None:
    """Store the first pages of a backfill, and the URLs of its range that are known already."""

    def work(session: Session) -> None:
        add_pages(session, stretch.id, pages)
        frontier.add_announcements(session.connection(), source_id, said, now)

    database.write(work)


def next_pages(
    database: Database, source_id: int, taken: Collection[int], room: int, now: datetime
) -> tuple[list[PendingPage], list[BackfillInfo]]:
    """Return the next ``room`` pages, none of ``taken``, and close backfills without further pages.

    Returns (pages, closed backfills).
    """

    def work(session: Session) -> tuple[list[PendingPage], list[BackfillInfo]]:
        pages: list[PendingPage] = []
        closed: list[BackfillInfo] = []
        for stretch in open_backfills(session, source_id):
            waiting = pending_pages(session, stretch, room + len(taken))
            fresh = [page for page in waiting if page.id not in taken]
            pages += fresh[: max(0, room - len(pages))]
            if not waiting:
                closed.append(close_backfill(session, stretch.id, now))
        return pages, closed

    with database.reading() as session:
        if not open_backfills(session, source_id):
            return [], []
    return database.write(work)


def record_page(
    database: Database,
    source_id: int,
    page: PendingPage,
    said: Sequence[Announcement],
    pages: Sequence[DiscoveredPage],
    now: datetime,
    cause: str | None = None,
) -> int:
    """Record that a page was read (or why not) with its announcements; return how many were new."""

    def work(session: Session) -> int:
        add_pages(session, page.stretch.id, pages)
        fresh = frontier.add_announcements(session.connection(), source_id, said, now)
        mark_page_read(session, page, cause=cause, announced=len(said), fresh=fresh)
        return fresh

    return database.write(work)


def is_started(session: Session, stretch_id: int) -> bool:
    """Return whether any page of a backfill is known."""
    query = select(BackfillPage.id).where(BackfillPage.backfill_id == stretch_id).limit(1)
    return session.scalar(query) is not None


def _sitemaps(session: Session, source_id: int, since: datetime) -> list[str]:
    """Return the sitemaps that may name pages from ``since`` on, by their last change."""
    rows = session.scalars(
        select(Endpoint).where(
            Endpoint.source_id == source_id,
            Endpoint.kind == "sitemap",
            Endpoint.closed_at.is_(None),
        )
    )
    return [r.url for r in rows if r.announced_at is None or r.announced_at >= since]


def _lists(session: Session, source_id: int) -> list[str]:
    """Return the listing pages of a source, the home page last."""
    listings = list(
        session.scalars(
            select(Endpoint.url)
            .where(
                Endpoint.source_id == source_id,
                Endpoint.kind == "listing",
                Endpoint.closed_at.is_(None),
            )
            .order_by(Endpoint.id)
        )
    )
    home = session.get_one(Source, source_id).home_url
    return list(dict.fromkeys([*listings, home]))


def _neighbouring_urls(
    session: Session, source_id: int, stretch: OpenBackfill, most: int = 50
) -> tuple[list[str], list[str]]:
    """Return URLs of articles announced shortly before and shortly after a date range."""
    dated = select(Candidate.url).where(
        Candidate.source_id == source_id, Candidate.kind == "article", Candidate.depth == 0
    )
    before = session.scalars(
        dated.where(Candidate.published_at <= stretch.since)
        .order_by(Candidate.published_at.desc())
        .limit(most)
    )
    after = session.scalars(
        dated.where(Candidate.published_at >= stretch.until)
        .order_by(Candidate.published_at)
        .limit(most)
    )
    return list(before), list(after)


def add_pages(session: Session, stretch_id: int, found: Sequence[DiscoveredPage]) -> int:
    """Store pages to read, each once, at most ``MAX_PAGES``; return how many were new."""
    held = set(
        session.scalars(select(BackfillPage.url).where(BackfillPage.backfill_id == stretch_id))
    )
    fresh = {one.url: one for one in found if one.url not in held}
    rows = [
        {
            "backfill_id": stretch_id,
            "url": one.url,
            "kind": one.kind,
            "number": one.number,
            "barren": one.barren,
            "state": "pending",
        }
        for one in list(fresh.values())[: max(0, MAX_PAGES - len(held))]
    ]
    insert_ignore(session, BackfillPage, rows)
    return len(rows)


def pending_pages(session: Session, stretch: OpenBackfill, most: int) -> list[PendingPage]:
    """Return the pages of a backfill that are still to be read."""
    rows = session.scalars(
        select(BackfillPage)
        .where(BackfillPage.backfill_id == stretch.id, BackfillPage.state == "pending")
        .order_by(BackfillPage.id)
        .limit(most)
    )
    return [PendingPage(r.id, r.url, r.kind, r.number, r.barren, stretch) for r in rows]


def mark_page_read(
    session: Session,
    page: PendingPage,
    *,
    cause: str | None = None,
    announced: int = 0,
    fresh: int = 0,
) -> None:
    """Record that a page was read, or why it could not be read (``cause``)."""
    session.execute(
        update(BackfillPage)
        .where(BackfillPage.id == page.id)
        .values(state="failed" if cause else "done", cause=cause)
    )
    session.execute(
        update(Backfill)
        .where(Backfill.id == page.stretch.id)
        .values(announced=Backfill.announced + announced, fresh=Backfill.fresh + fresh)
    )


def close_backfill(session: Session, stretch_id: int, now: datetime) -> BackfillInfo:
    """Close a backfill whose pages are all read: done, or failed where none could be read."""
    row = session.get_one(Backfill, stretch_id)
    states = dict(
        session.execute(
            select(BackfillPage.state, func.count())
            .where(BackfillPage.backfill_id == stretch_id)
            .group_by(BackfillPage.state)
        ).all()
    )
    row.state = "done" if states.get("done") or row.announced else "failed"
    failed = states.get("failed", 0)
    if not states:
        row.detail = "the site has no sitemap, archive page or list of its past"
    elif failed:
        row.detail = f"{failed} of {sum(states.values())} pages could not be read"
    row.ended_at = now
    session.flush()
    return list_backfills(session, only=stretch_id)[0]


def list_backfills(
    session: Session, source: str | None = None, *, only: int | None = None, limit: int = 50
) -> list[BackfillInfo]:
    """List backfills and gaps, newest first."""
    pages = (
        select(
            BackfillPage.backfill_id,
            func.count().label("pages"),
            func.count().filter(BackfillPage.state == "pending").label("pending"),
        )
        .group_by(BackfillPage.backfill_id)
        .subquery()
    )
    query = (
        select(Backfill, Source.name, pages.c.pages, pages.c.pending)
        .join(Source, Source.id == Backfill.source_id)
        .outerjoin(pages, pages.c.backfill_id == Backfill.id)
        .order_by(Backfill.id.desc())
        .limit(limit)
    )
    if only is not None:
        query = query.where(Backfill.id == only)
    if source is not None:
        query = query.where(Backfill.source_id == get_source(session, source).id)
    return [
        BackfillInfo(
            row.id,
            name,
            row.reason,
            row.since,
            row.until,
            row.state,
            row.detail,
            count or 0,
            pending or 0,
            row.announced,
            row.fresh,
            row.created_at,
            row.ended_at,
        )
        for row, name, count, pending in session.execute(query)
    ]
