"""Alerts: messages about new matches of saved searches, and about alarms, each exactly once.

An *alert* has a target and a saved search (or the alarms). A message is stored as a *delivery* in
the transaction that marks its articles as alerted; the sender marks it as sent. A message whose
sender is killed in between is sent again with the same key, by which the receiver can recognise it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import delete, exists, func, or_, select, update

from storage.database.engine import insert_ignore
from storage.errors import ArchiveError
from storage.models import Alert, AlertedItem, Article, Delivery, Item, Revision, SavedSearch
from storage.search.results import hits
from storage.search.results.compiled_search import Filter, compile_search
from storage.search.results.matches import Match

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database
    from storage.models import Alarm

# Articles per message, and revisions per batch.
MAX_ARTICLES = 100
_TOGETHER = 2_000
# In PostgreSQL a higher number can become visible before a lower one, while transactions run.
_SETTLED = timedelta(minutes=1)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=12)
_MOST_ATTEMPTS = 20
_KEPT = timedelta(days=30)
LEAST_MINUTES = 5


class InvalidTarget(ArchiveError):
    """The target is not an e-mail address or a webhook URL."""


class UnknownAlert(ArchiveError):
    """No alert has this number."""


@dataclass(frozen=True, slots=True)
class AlertInfo:
    """An alert as lists show it; ``search`` is the name of its search, ``None`` for alarms."""

    id: int
    search: str | None
    query: str | None
    target: str
    secret: str
    every_minutes: int
    created_at: datetime
    told: int
    waiting: int
    last_sent_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery to send; ``key`` is the same for each attempt."""

    id: int
    key: str
    target: str
    secret: str
    payload: dict[str, Any]
    attempts: int


def add_alert(
    database: Database, search_id: int | None, target: str, every_minutes: int, now: datetime
) -> AlertInfo:
    """Alert ``target`` (``mailto:…`` or a webhook URL) of new matches, or of alarms (``None``).

    Raises:
        InvalidTarget: the target is not an e-mail address or a URL.
        UnknownSearchOrDossier: no saved search has this number.
    """
    from storage.users.saved_searches import get_search

    target = normalize_target(target)
    if search_id is not None:
        get_search(database, search_id)

    def work(session: Session) -> int:
        newest = session.scalar(select(func.max(Revision.id))) or 0
        row = Alert(
            search_id=search_id,
            target=target,
            secret=secrets.token_hex(24),
            every_minutes=max(LEAST_MINUTES, every_minutes),
            after=newest,
            first=newest,
            created_at=now,
            due_at=now,
        )
        session.add(row)
        session.flush()
        return row.id

    number = database.write(work)
    return next(one for one in list_alerts(database) if one.id == number)


def normalize_target(target: str) -> str:
    """Return ``target`` as stored: ``a@b.example`` becomes ``mailto:a@b.example``.

    Raises:
        InvalidTarget: the target is not an e-mail address or a URL.
    """
    text = target.strip()
    scheme = urlsplit(text).scheme.lower()
    if scheme in ("http", "https") and urlsplit(text).hostname:
        return text
    address = text.removeprefix("mailto:")
    name, at, host = address.rpartition("@")
    if at and name and "." in host and not any(c.isspace() or c in ",;<>" for c in address):
        return f"mailto:{address}"
    raise InvalidTarget(
        f"{target!r} is neither an e-mail address nor a URL",
        "write archive@example.org or https://example.org/hook",
    )


def remove_alert(database: Database, number: int) -> None:
    """Delete an alert.

    Raises:
        UnknownAlert: no alert has this number.
    """
    done = database.write(
        lambda s: s.connection().execute(delete(Alert).where(Alert.id == number)).rowcount
    )
    if not done:
        raise UnknownAlert(f"there is no alert {number}", "`dateline alert list` lists them")


def list_alerts(database: Database) -> list[AlertInfo]:
    """List all alerts."""
    with database.reading() as session:
        rows = session.execute(
            select(Alert, SavedSearch.name, SavedSearch.query)
            .outerjoin(SavedSearch, SavedSearch.id == Alert.search_id)
            .order_by(Alert.id)
        ).all()
        told = dict(
            session.execute(
                select(AlertedItem.watch_id, func.count()).group_by(AlertedItem.watch_id)
            ).all()
        )
        sent: dict[int, list[Delivery]] = {}
        for one in session.scalars(select(Delivery).order_by(Delivery.id)):
            sent.setdefault(one.watch_id, []).append(one)
        return [
            AlertInfo(
                row.id,
                name,
                query,
                row.target,
                row.secret,
                row.every_minutes,
                row.created_at,
                told.get(row.id, 0),
                sum(d.due_at is not None for d in sent.get(row.id, [])),
                max((d.sent_at for d in sent.get(row.id, []) if d.sent_at), default=None),
                next((d.error for d in reversed(sent.get(row.id, [])) if d.error), None),
            )
            for row, name, query in rows
        ]


def queue_alarms(session: Session, source: str, alarms: Sequence[Alarm], now: datetime) -> None:
    """Queue messages about raised alarms in the caller's transaction."""
    payload = {
        "kind": "alarms",
        "source": source,
        "alarms": [
            {"kind": one.kind, "detail": one.detail, "raised_at": one.raised_at.isoformat()}
            for one in alarms
        ],
    }
    for row in session.scalars(select(Alert).where(Alert.search_id.is_(None))):
        _put(session, row.id, payload, now)


def _put(session: Session, watch_id: int, payload: dict[str, Any], now: datetime) -> None:
    session.add(
        Delivery(
            watch_id=watch_id,
            key=str(uuid4()),
            payload=payload,
            created_at=now,
            due_at=now,
            attempts=0,
        )
    )


def is_anything_due(database: Database, now: datetime) -> bool:
    """Return whether a search is due or a message waits."""
    with database.reading() as session:
        return bool(
            session.scalar(
                select(
                    or_(
                        exists().where(Alert.search_id.is_not(None), Alert.due_at <= now),
                        exists().where(Delivery.due_at <= now),
                    )
                )
            )
        )


def queue_matches(database: Database, now: datetime) -> int:
    """Queue messages about new matches of the due alerts; return the number of messages."""
    with database.reading() as session:
        due = list(
            session.scalars(
                select(Alert.id).where(Alert.search_id.is_not(None), Alert.due_at <= now)
            )
        )
    made = 0
    for number in due:
        while database.write(lambda s, number=number: _gather_one(s, number, now)):  # type: ignore[misc]
            made += 1
    if made:
        old = delete(Delivery).where(Delivery.due_at.is_(None), Delivery.created_at < now - _KEPT)
        database.write(lambda s: s.execute(old))
    return made


def _gather_one(session: Session, number: int, now: datetime) -> bool:
    """Queue one message of an alert; ``False`` where nothing is left."""
    row = session.get(Alert, number, with_for_update=True)
    if row is None or row.search_id is None or row.due_at > now:
        return False
    search = session.get_one(SavedSearch, row.search_id)
    while True:
        found, last = _new_matches(session, row, search.query, now)
        if last is None:
            row.due_at = now + timedelta(minutes=row.every_minutes)
            return False
        row.after = last
        if found:
            break
    insert_ignore(
        session, AlertedItem, [{"watch_id": number, "item_id": one.item_id} for one in found]
    )
    loaded = hits.load_hits(session.connection(), found)
    payload = {
        "kind": "matches",
        "search": search.name,
        "query": search.query,
        "articles": [_article(one) for one in loaded],
    }
    _put(session, number, payload, now)
    return True


def _new_matches(
    session: Session, row: Alert, query: str, now: datetime
) -> tuple[list[Match], int | None]:
    """Return new matches, and the last revision examined; ``None`` where there is none."""
    connection = session.connection()
    revisions = select(Revision.id, Revision.item_id).where(Revision.id > row.after)
    if connection.dialect.name != "sqlite":
        revisions = revisions.where(Revision.seen_at <= now - _SETTLED)
    rows = session.execute(revisions.order_by(Revision.id).limit(_TOGETHER)).all()
    if not rows:
        return [], None
    first = select(func.min(Revision.id)).where(Revision.item_id == Item.id).correlate(Item)
    told = select(AlertedItem.item_id).where(AlertedItem.watch_id == row.id)
    items = {item_id for _, item_id in rows}
    keys = dict(
        session.execute(
            select(Article.search_key, Article.item_id)
            .join(Item, Item.id == Article.item_id)
            .where(
                Article.item_id.in_(items),
                Article.search_key.is_not(None),
                Item.id.not_in(told),
                first.scalar_subquery() > row.first,
            )
        ).all()
    )
    if not keys:
        return [], rows[-1].id
    by_key = {key: item_id for key, item_id in keys.items() if key is not None}
    search = compile_search(connection, query, Filter(), now)
    matching = set(search.query.keys(connection, len(by_key), among=sorted(by_key)))
    # In the order of arrival; a further message holds the rest.
    found: list[Match] = []
    for revision_id, item_id in rows:
        key = next((k for k in matching if by_key[k] == item_id), None)
        if key is not None:
            matching.discard(key)
            found.append(Match(key, item_id, None))
            if len(found) == MAX_ARTICLES:
                return found, revision_id
    return found, rows[-1].id


def _article(one: hits.Hit) -> dict[str, Any]:
    return {
        "id": one.id,
        "source": one.source,
        "headline": one.headline,
        "url": one.url,
        "published": one.published.at.isoformat() if one.published else None,
        "standfirst": one.standfirst,
        "snippet": one.snippet,
    }


def due_messages(database: Database, now: datetime, limit: int = 50) -> list[Message]:
    """Return the messages to send now, oldest first."""
    query = (
        select(Delivery, Alert)
        .join(Alert, Alert.id == Delivery.watch_id)
        .where(Delivery.due_at <= now)
        .order_by(Delivery.id)
        .limit(limit)
    )
    with database.reading() as session:
        return [
            Message(one.id, one.key, row.target, row.secret, one.payload, one.attempts)
            for one, row in session.execute(query)
        ]


def mark_sent(database: Database, message: Message, now: datetime) -> None:
    """Mark a message as sent."""
    _note(database, message, due_at=None, sent_at=now, error=None)


def mark_failed(database: Database, message: Message, error: str, now: datetime) -> None:
    """Record a failed delivery: the pause doubles with each attempt, up to the last one."""
    pause = min(_FIRST_PAUSE * (1 << min(message.attempts, 12)), _LONGEST_PAUSE)
    again = now + pause if message.attempts + 1 < _MOST_ATTEMPTS else None
    _note(database, message, due_at=again, error=error[:500])


def erase_from_messages(session: Session, items: Collection[int], source: str | None) -> None:
    """Remove erased articles, and alarms of an erased source, from all messages."""
    gone = set(items)
    for one in session.scalars(select(Delivery)):
        if one.payload.get("kind") == "alarms":
            left: list[Any] = [] if one.payload.get("source") == source else [one]
        else:
            articles = one.payload.get("articles", [])
            left = [article for article in articles if article["id"] not in gone]
            if len(left) == len(articles):
                continue
            one.payload = {**one.payload, "articles": left}
        if not left:
            session.delete(one)
    session.flush()


def _note(database: Database, message: Message, **values: Any) -> None:
    database.write(
        lambda s: s.execute(
            update(Delivery)
            .where(Delivery.id == message.id)
            .values(attempts=message.attempts + 1, **values)
        )
    )
