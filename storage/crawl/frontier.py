"""The frontier: pages to fetch, kept in the database so that a killed crawl loses nothing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, or_, select, update

from storage.crawl import retries, tombstones
from storage.crawl.retries import MAX_ATTEMPTS
from storage.database.engine import IN_CHUNK, chunked, insert_ignore
from storage.database.types import due_conditions
from storage.models import Address, Article, Candidate, Capture, Item
from storage.text.urls import url_key
from storage.types.content import to_json
from storage.types.endpoints import Announcement
from storage.types.pages import KnownCapture, Task

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection
    from sqlalchemy.orm import Session


def add_announcements(
    connection: Connection,
    source_id: int,
    announcements: Iterable[Announcement],
    now: datetime,
    *,
    endpoint_id: int | None = None,
) -> int:
    """Store announcements; return how many were new.

    An announcement that states a later modification than the archive knows makes its item due.
    """
    return len(
        store_announcements(connection, source_id, announcements, now, endpoint_id=endpoint_id)
    )


def store_announcements(
    connection: Connection,
    source_id: int,
    announcements: Iterable[Announcement],
    now: datetime,
    *,
    endpoint_id: int | None = None,
) -> set[str]:
    """Store announcements as :func:`add_announcements`; return the URL keys of the new ones."""
    by_key: dict[str, Announcement] = {}
    for announcement in announcements:
        by_key.setdefault(url_key(announcement.url), announcement)
    hints = {key: said.hints for key, said in by_key.items()}
    for key in tombstones.erased_keys(connection, source_id, hints):
        del by_key[key]
    fresh: set[str] = set()
    for keys in chunked(list(by_key)):
        known = _known(connection, source_id, keys)
        rows = [
            _candidate_row(source_id, endpoint_id, key, by_key[key], now)
            for key in keys
            if key not in known
        ]
        insert_ignore(connection, Candidate, rows)
        fresh.update(key for key in keys if key not in known)
        _schedule_changed(connection, source_id, {key: by_key[key] for key in known}, now)
    return fresh


def _known(connection: Connection, source_id: int, keys: Sequence[str]) -> set[str]:
    candidates = select(Candidate.key).where(
        Candidate.source_id == source_id, Candidate.key.in_(keys)
    )
    # Only the name of a stub is known; its page is still to be fetched.
    addresses = (
        select(Address.key)
        .join(Item, Item.id == Address.item_id)
        .where(Address.source_id == source_id, Address.key.in_(keys), Item.state != "stub")
    )
    return set(connection.scalars(candidates)) | set(connection.scalars(addresses))


def _candidate_row(
    source_id: int, endpoint_id: int | None, key: str, said: Announcement, now: datetime
) -> dict[str, object]:
    return {
        "source_id": source_id,
        "endpoint_id": endpoint_id,
        "key": key,
        "url": said.url,
        "kind": said.kind,
        "depth": said.depth,
        "hints": to_json(said.hints) or None,
        "published_at": said.published,
        "modified_at": said.modified or said.published,
        "state": "pending",
        "attempts": 0,
        "found_at": now,
    }


def _schedule_changed(
    connection: Connection, source_id: int, known: dict[str, Announcement], now: datetime
) -> None:
    """Make items due whose announcement states a change since their last check."""
    if not known:
        return
    rows = connection.execute(
        select(
            Candidate.id,
            Candidate.key,
            Candidate.modified_at,
            Candidate.state,
            Candidate.hints,
            Candidate.published_at,
            Candidate.attempts,
            Candidate.settled_at,
            Candidate.cause,
        ).where(Candidate.source_id == source_id, Candidate.key.in_(list(known)))
    ).all()
    for row in rows:
        found = woken(row, known[row.key], now)
        if found is None:
            continue
        if found.is_changed:
            _reopen_candidate(connection, source_id, row.key, now)
        connection.execute(update(Candidate).where(Candidate.id == row.id).values(**found.values))


class Woken(NamedTuple):
    """The columns of a candidate that is announced again; ``is_changed``: its page was changed."""

    values: dict[str, Any]
    is_changed: bool


def woken(row: Any, said: Announcement, now: datetime) -> Woken | None:
    """What an announcement changes of the candidate ``row`` at its URL; ``None``: nothing."""
    if _is_changed(row, said):
        # A page that was not an item may be one now; a known item is checked again.
        state = "pending" if row.state in ("skipped", "failed") else row.state
        return Woken({"state": state, "attempts": 0, **_claims(row, said)}, is_changed=True)
    passing = row.state == "failed" or row.cause == "robots"
    if passing and row.settled_at < now - retries.STILL_ANNOUNCED:
        attempts = max(row.attempts, MAX_ATTEMPTS) - 1
        return Woken({"state": "pending", "attempts": attempts}, is_changed=False)
    return None


def _is_changed(row: Any, said: Announcement) -> bool:
    """Return whether a page is announced again: by its date or, if never fetched, by its claims."""
    if said.modified is not None:
        return row.modified_at is None or said.modified > row.modified_at
    if row.state not in ("skipped", "failed"):
        return False
    moved = said.published is not None and said.published != row.published_at
    headline = said.hints.get("headline")
    return moved or (headline is not None and headline != (row.hints or {}).get("headline"))


def _claims(row: Any, said: Announcement) -> dict[str, Any]:
    """Return the claims of a repeated announcement; an item keeps its first publication date."""
    if row.state not in ("skipped", "failed"):
        return {"modified_at": said.modified}
    return {
        "modified_at": said.modified or said.published or row.modified_at,
        "published_at": said.published or row.published_at,
        "hints": to_json(said.hints) or row.hints,
    }


def _reopen_candidate(connection: Connection, source_id: int, key: str, now: datetime) -> None:
    item = select(Address.item_id).where(Address.source_id == source_id, Address.key == key)
    connection.execute(update(Article).where(Article.item_id.in_(item)).values(next_check_at=now))


def request_urls(
    connection: Connection, source_id: int, urls: Iterable[str], now: datetime
) -> None:
    """Make pages due that a user requests by URL, whatever their state."""
    said = {url_key(url): Announcement(url) for url in urls}
    add_announcements(connection, source_id, said.values(), now)
    for keys in chunked(list(said)):
        connection.execute(
            update(Candidate)
            .where(
                Candidate.source_id == source_id,
                Candidate.key.in_(keys),
                Candidate.state.in_(("pending", "skipped", "failed", "refused")),
            )
            .values(state="pending", attempts=0, settled_at=None, depth=0)
        )
        for key in keys:
            _reopen_candidate(connection, source_id, key, now)


def schedule_teasers(connection: Connection, source_id: int, now: datetime) -> int:
    """Make the articles due that are stored as teasers only; return their number."""
    items = select(Item.id).where(Item.source_id == source_id, Item.state == "stored")
    done = connection.execute(
        update(Article)
        .where(Article.access == "teaser", Article.item_id.in_(items))
        .values(next_check_at=now)
    )
    return int(done.rowcount)


def next_tasks(
    session: Session,
    source_id: int,
    now: datetime,
    *,
    count: int,
    taken: Collection[tuple[str, int]] = (),
    since: datetime | None = None,
    depth: int = 1,
    rechecks: int = 0,
    patient: bool = False,
) -> list[Task]:
    """Return the next pages to fetch, at most ``count``, in a run that began at ``now``.

    ``taken`` are pages in progress and articles checked in this run; they are left out, and so are
    pages that failed temporarily in this run. New candidates come first, recent announcements
    before older and undated ones; then at most ``rechecks`` due articles. ``since`` leaves out
    pages known to be older; ``depth`` is the maximum number of links from an endpoint. A
    ``patient`` run keeps the pauses between retries.
    """
    ready = retries.retry_condition(Candidate.attempts, Candidate.settled_at, now, patient=patient)
    tasks = _take_candidates(session, source_id, ready, count, taken, since, depth)
    if len(tasks) < count and rechecks > 0:
        wanted = min(count - len(tasks), rechecks)
        tasks += _take_articles(session, source_id, now, wanted, taken)
    return tasks


def _take_candidates(
    session: Session,
    source_id: int,
    ready: ColumnElement[bool],
    count: int,
    taken: Collection[tuple[str, int]],
    since: datetime | None,
    depth: int,
) -> list[Task]:
    busy = {number for kind, number in taken if kind == "candidate"}
    query = select(Candidate).where(
        Candidate.source_id == source_id,
        Candidate.state == "pending",
        Candidate.depth <= depth,
        ready,
    )
    room = count + len(busy)
    # Usually few; a statement accepts a limited number of values.
    if len(busy) <= IN_CHUNK:
        query, room = query.where(Candidate.id.not_in(busy)), count
    if since is not None:
        query = query.where(_not_before(since))
    order = (Candidate.depth, Candidate.published_at.desc().nulls_last(), Candidate.id)
    return [
        Task(
            url=row.url,
            kind=row.kind,  # type: ignore[arg-type]
            depth=row.depth,
            candidate_id=row.id,
            published=row.published_at,
            hints=row.hints or {},
        )
        for row in session.scalars(query.order_by(*order).limit(room))
        if row.id not in busy
    ][:count]


def _take_articles(
    session: Session,
    source_id: int,
    now: datetime,
    count: int,
    taken: Collection[tuple[str, int]],
) -> list[Task]:
    busy = {number for kind, number in taken if kind == "item"}
    query = (
        select(Item, Capture, Article.provenance)
        .select_from(Article)
        .join(Item, Item.id == Article.item_id)
        .outerjoin(Capture, Capture.id == Article.capture_id)
        # From those that are due, in the order of their index: a source's own are many, and seldom
        # due. The sum keeps SQLite from reading all of them.
        .where(Item.source_id + 0 == source_id)
        .order_by(Article.next_check_at, Article.sort_at.desc(), Item.id)
    )
    tasks: list[Task] = []
    for due in due_conditions(Article.next_check_at, now):
        # Few of them are due still: it costs less to read them than to have them left out.
        rows = session.execute(query.where(due).limit(count - len(tasks) + len(busy)))
        fresh = (_recheck(*row) for row in rows if row[0].id not in busy)
        tasks += islice(fresh, count - len(tasks))
    return tasks


def _recheck(item: Item, capture: Capture | None, provenance: dict[str, str] | None) -> Task:
    if (provenance or {}).get("pages", "").startswith("incomplete"):
        # Its first page may be as it was, and the others there by now: it is read again whole.
        url = capture.url if capture is not None else item.url
        return Task(url=url, kind=item.kind, depth=0, item_id=item.id)  # type: ignore[arg-type]
    return Task(
        url=capture.url if capture is not None else item.url,
        kind=item.kind,  # type: ignore[arg-type]
        depth=0,
        item_id=item.id,
        etag=capture.etag if capture is not None else None,
        last_modified=capture.last_modified if capture is not None else None,
        known=_known_capture(capture),
    )


def _known_capture(capture: Capture | None) -> KnownCapture | None:
    if capture is None:
        return None
    return KnownCapture(
        capture.id, capture.record_id, capture.url, capture.fetched_at, capture.digest
    )


def pending_count(
    session: Session, source_id: int, depth: int | None = None, since: datetime | None = None
) -> int:
    """Count the candidates that a run with this ``depth`` and ``since`` would find waiting."""
    query = select(func.count()).where(
        Candidate.source_id == source_id, Candidate.state == "pending"
    )
    if depth is not None:
        query = query.where(Candidate.depth <= depth)
    if since is not None:
        query = query.where(_not_before(since))
    return session.scalar(query) or 0


def _not_before(since: datetime) -> ColumnElement[bool]:
    return or_(Candidate.published_at.is_(None), Candidate.published_at >= since)
