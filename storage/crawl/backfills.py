"""The past of a source: gaps that its feeds left, stretches asked for, the pages read for both."""

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

# Pages that one backfill reads at most, and pages of one list.
MOST_PAGES = 5_000
MOST_OF_A_LIST = 500
_SETTLED = timedelta(days=1)
# Pages of a list in a row that bring nothing of the stretch end it.
MOST_BARREN = 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """An open backfill. ``until`` is exclusive."""

    id: int
    reason: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PastPage:
    """A page of the past to read, for a stretch. ``kind`` is ``sitemap``, ``listing`` or ``dated``.

    ``number`` counts the pages of its list before it, ``barren`` those of them, the last ones, that
    brought nothing of the stretch.
    """

    id: int
    url: str
    kind: str
    number: int
    barren: int
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of the past that was found; see :class:`PastPage`."""

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


def ask(database: Database, source: str, since: datetime, until: datetime, now: datetime) -> int:
    """Ask for a stretch of a source's past; returns its number.

    One that is open already goes on; one that was read within a day is not read again.

    Raises:
        UnknownSource: there is none of that name.
        ValueError: ``until`` is not after ``since``.
    """
    if until <= since:
        raise ValueError("the stretch is empty")

    def work(session: Session) -> int:
        row = get_source(session, source)
        held = session.scalar(
            select(Backfill.id)
            .where(
                Backfill.source_id == row.id, Backfill.reason == "asked",
                Backfill.since == since, Backfill.until == until,
                or_(Backfill.state == "open",
                    and_(Backfill.state == "done", Backfill.ended_at > now - _SETTLED)),
            )
            .order_by(Backfill.id.desc()).limit(1)
        )  # fmt: skip
        if held is not None:
            return held
        return _open(session, row.id, "asked", since, until, now)

    return database.write(work)


def open_gap(
    session: Session, source_id: int, stretch: tuple[datetime, datetime], now: datetime
) -> int:
    """Note a gap; one that is open already is widened, unless its pages are being read."""
    since, until = stretch
    begun = select(BackfillPage.backfill_id).distinct()
    held = session.scalar(
        select(Backfill).where(
            Backfill.source_id == source_id, Backfill.state == "open", Backfill.reason == "gap",
            Backfill.id.not_in(begun),
        )
    )  # fmt: skip
    if held is None:
        return _open(session, source_id, "gap", since, until, now)
    held.since, held.until = min(held.since, since), max(held.until, until)
    return held.id


def _open(
    session: Session, source_id: int, reason: str, since: datetime, until: datetime, now: datetime
) -> int:
    row = Backfill(source_id=source_id, reason=reason, since=since, until=until, state="open",
                   announced=0, fresh=0, created_at=now)  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def open_stretches(session: Session, source_id: int) -> list[Stretch]:
    """What is still to be fetched of a source's past, the oldest request first."""
    rows = session.scalars(
        select(Backfill).where(Backfill.source_id == source_id, Backfill.state == "open")
        .order_by(Backfill.id)
    )  # fmt: skip
    return [Stretch(row.id, row.reason, row.since, row.until) for row in rows]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a stretch may be looked for: sitemaps, lists (the home page last), and addresses of
    articles that were announced next before it and next after it."""

    stretch: Stretch
    sitemaps: list[str]
    lists: list[str]
    before: list[str]
    after: list[str]


def unbegun(database: Database, source_id: int) -> list[Surroundings]:
    """The open stretches of which no page is known yet."""
    with database.reading() as session:
        return [
            Surroundings(
                one, _sitemaps(session, source_id, one.since), _lists(session, source_id),
                *_around(session, source_id, one),
            )
            for one in open_stretches(session, source_id)
            if not is_begun(session, one.id)
        ]  # fmt: skip


def begin(
    database: Database, source_id: int, stretch: Stretch, pages: Sequence[FoundPage],
    said: Sequence[Announcement], now: datetime,
) -> None:  # fmt: skip
    """Keep the first pages of a stretch, and addresses of it that are known already."""

    def work(session: Session) -> None:
        add_pages(session, stretch.id, pages)
        frontier.offer(session.connection(), source_id, said, now)

    database.write(work)


def take(
    database: Database, source_id: int, taken: Collection[int], room: int, now: datetime
) -> tuple[list[PastPage], list[BackfillInfo]]:
    """The next ``room`` pages, none of ``taken``; stretches of which nothing is left are closed.

    Returns (pages, stretches that were closed).
    """

    def work(session: Session) -> tuple[list[PastPage], list[BackfillInfo]]:
        pages: list[PastPage] = []
        closed: list[BackfillInfo] = []
        for stretch in open_stretches(session, source_id):
            waiting = pending_pages(session, stretch, room + len(taken))
            fresh = [page for page in waiting if page.id not in taken]
            pages += fresh[: max(0, room - len(pages))]
            if not waiting:
                closed.append(close(session, stretch.id, now))
        return pages, closed

    with database.reading() as session:
        if not open_stretches(session, source_id):
            return [], []
    return database.write(work)


def settle(
    database: Database, source_id: int, page: PastPage, said: Sequence[Announcement],
    pages: Sequence[FoundPage], now: datetime, cause: str | None = None,
) -> int:  # fmt: skip
    """Note that a page was read (or why not), with what it names; returns how much was new."""

    def work(session: Session) -> int:
        add_pages(session, page.stretch.id, pages)
        fresh = frontier.offer(session.connection(), source_id, said, now)
        settle_page(session, page, cause=cause, announced=len(said), fresh=fresh)
        return fresh

    return database.write(work)


def is_begun(session: Session, stretch_id: int) -> bool:
    """Whether pages are known for a stretch."""
    query = select(BackfillPage.id).where(BackfillPage.backfill_id == stretch_id).limit(1)
    return session.scalar(query) is not None


def _sitemaps(session: Session, source_id: int, since: datetime) -> list[str]:
    """The sitemaps that may name pages from ``since`` on: not those changed last before it."""
    rows = session.scalars(
        select(Endpoint).where(
            Endpoint.source_id == source_id, Endpoint.kind == "sitemap",
            Endpoint.closed_at.is_(None),
        )
    )  # fmt: skip
    return [r.url for r in rows if r.announced_at is None or r.announced_at >= since]


def _lists(session: Session, source_id: int) -> list[str]:
    """The listing pages of a source, its home page last."""
    listings = list(session.scalars(
        select(Endpoint.url).where(
            Endpoint.source_id == source_id, Endpoint.kind == "listing",
            Endpoint.closed_at.is_(None),
        ).order_by(Endpoint.id)
    ))  # fmt: skip
    home = session.get_one(Source, source_id).home_url
    return list(dict.fromkeys([*listings, home]))


def _around(
    session: Session, source_id: int, stretch: Stretch, most: int = 50
) -> tuple[list[str], list[str]]:
    """Addresses of articles announced next before a stretch, and next after it."""
    dated = select(Candidate.url).where(
        Candidate.source_id == source_id, Candidate.kind == "article", Candidate.depth == 0
    )
    before = session.scalars(
        dated.where(Candidate.published_at <= stretch.since)
        .order_by(Candidate.published_at.desc()).limit(most)
    )  # fmt: skip
    after = session.scalars(
        dated.where(Candidate.published_at >= stretch.until)
        .order_by(Candidate.published_at).limit(most)
    )  # fmt: skip
    return list(before), list(after)


def add_pages(session: Session, stretch_id: int, found: Sequence[FoundPage]) -> int:
    """Keep pages to read, each once; returns how many were new. No more than ``MOST_PAGES``."""
    held = set(session.scalars(
        select(BackfillPage.url).where(BackfillPage.backfill_id == stretch_id)
    ))  # fmt: skip
    fresh = {one.url: one for one in found if one.url not in held}
    rows = [
        {"backfill_id": stretch_id, "url": one.url, "kind": one.kind, "number": one.number,
         "barren": one.barren, "state": "pending"}
        for one in list(fresh.values())[: max(0, MOST_PAGES - len(held))]
    ]  # fmt: skip
    insert_ignore(session, BackfillPage, rows)
    return len(rows)


def pending_pages(session: Session, stretch: Stretch, most: int) -> list[PastPage]:
    """Pages still to be read."""
    rows = session.scalars(
        select(BackfillPage)
        .where(BackfillPage.backfill_id == stretch.id, BackfillPage.state == "pending")
        .order_by(BackfillPage.id).limit(most)
    )  # fmt: skip
    return [PastPage(r.id, r.url, r.kind, r.number, r.barren, stretch) for r in rows]


def settle_page(
    session: Session, page: PastPage, *, cause: str | None = None, announced: int = 0,
    fresh: int = 0,
) -> None:  # fmt: skip
    """Note that a page was read, or why it could not be (``cause``)."""
    session.execute(
        update(BackfillPage).where(BackfillPage.id == page.id)
        .values(state="failed" if cause else "done", cause=cause)
    )  # fmt: skip
    session.execute(
        update(Backfill).where(Backfill.id == page.stretch.id)
        .values(announced=Backfill.announced + announced, fresh=Backfill.fresh + fresh)
    )  # fmt: skip


def close(session: Session, stretch_id: int, now: datetime) -> BackfillInfo:
    """End a stretch whose pages were all read: done, or failed where none could be."""
    row = session.get_one(Backfill, stretch_id)
    states = dict(session.execute(
        select(BackfillPage.state, func.count())
        .where(BackfillPage.backfill_id == stretch_id).group_by(BackfillPage.state)
    ).all())  # fmt: skip
    row.state = "done" if states.get("done") or row.announced else "failed"
    failed = states.get("failed", 0)
    if not states:
        row.detail = "the site has no sitemap, archive page or list of its past"
    elif failed:
        row.detail = f"{failed} of {sum(states.values())} pages could not be read"
    row.ended_at = now
    session.flush()
    return backfills(session, only=stretch_id)[0]


def backfills(
    session: Session, source: str | None = None, *, only: int | None = None, limit: int = 50
) -> list[BackfillInfo]:
    """Backfills and gaps, the newest first."""
    pages = (
        select(
            BackfillPage.backfill_id,
            func.count().label("pages"),
            func.count().filter(BackfillPage.state == "pending").label("pending"),
        ).group_by(BackfillPage.backfill_id).subquery()
    )  # fmt: skip
    query = (
        select(Backfill, Source.name, pages.c.pages, pages.c.pending)
        .join(Source, Source.id == Backfill.source_id)
        .outerjoin(pages, pages.c.backfill_id == Backfill.id)
        .order_by(Backfill.id.desc()).limit(limit)
    )  # fmt: skip
    if only is not None:
        query = query.where(Backfill.id == only)
    if source is not None:
        query = query.where(Backfill.source_id == get_source(session, source).id)
    return [
        BackfillInfo(
            row.id, name, row.reason, row.since, row.until, row.state, row.detail, count or 0,
            pending or 0, row.announced, row.fresh, row.created_at, row.ended_at,
        )
        for row, name, count, pending in session.execute(query)
    ]  # fmt: skip
