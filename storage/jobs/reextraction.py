"""What a newer extractor makes of kept captures: which to read again, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, literal, or_, select, update

from storage.database.engine import lock_source
from storage.ingest import revisions, teasers
from storage.ingest.batch import Made, Writing
from storage.ingest.rows import write
from storage.models import (
    Article,
    Candidate,
    Capture,
    DirectoryEntry,
    Event,
    Item,
    Revision,
    Source,
)
from storage.text.urls import url_key
from storage.types.content import Article as ArticleContent
from storage.types.content import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from storage.database.handle import Database


@dataclass(frozen=True, slots=True)
class ReextractionTask:
    """An item and the newest whole capture of its page."""

    item_id: int
    source_id: int
    kind: str
    capture: Capture
    timezone: str | None
    language: str | None
    hints: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReextractionResult:
    """What today's extractor made of a capture of an item."""

    item_id: int
    capture_id: int
    content: ArticleContent | Entry
    fetched_at: datetime


def _query(extractor: str, source_id: int | None, since: datetime | None, *, older: bool) -> Any:
    # Where the newest capture shows a teaser, the text is that of an older one.
    shown = (
        select(Revision.capture_id)
        .where(Revision.item_id == Item.id, Revision.number == Article.revision,
               exists().where(Event.item_id == Item.id, Event.kind == "teaser"))
        .scalar_subquery()
    )  # fmt: skip
    used = func.coalesce(shown, Article.capture_id, DirectoryEntry.capture_id)
    read_by = case(
        (Article.item_id.is_not(None), Article.extractor), else_=DirectoryEntry.extractor
    )
    query = (
        select(Item, Capture, Source.timezone, Source.language, Candidate.hints)
        .outerjoin(Article, Article.item_id == Item.id)
        .outerjoin(DirectoryEntry, DirectoryEntry.item_id == Item.id)
        .join(Capture, Capture.id == used)
        .join(Source, Source.id == Item.source_id)
        .outerjoin(
            Candidate, (Candidate.source_id == Capture.source_id) & (Candidate.key == Capture.key)
        )
        .where(or_(Article.item_id.is_not(None), DirectoryEntry.item_id.is_not(None)))
    )
    if source_id is not None:
        query = query.where(Item.source_id == source_id)
    if since is not None:
        query = query.where(Capture.fetched_at >= since)
    if older:
        query = query.where(read_by != literal(extractor))
    return query


def count_pending(
    database: Database, extractor: str, source_id: int | None, since: datetime | None,
    *, older: bool, after: int = 0,
) -> int:  # fmt: skip
    """How many items there are to read again."""
    query = _query(extractor, source_id, since, older=older).where(Item.id > after)
    with database.reading() as session:
        total = select(func.count()).select_from(query.with_only_columns(Item.id).subquery())
        return session.scalar(total) or 0


def next_tasks(
    database: Database, extractor: str, source_id: int | None, since: datetime | None,
    *, older: bool, after: int, limit: int,
) -> list[ReextractionTask]:  # fmt: skip
    """The next items to read again, by id."""
    query = _query(extractor, source_id, since, older=older).where(Item.id > after)
    with database.reading() as session:
        rows = session.execute(query.order_by(Item.id).limit(limit)).all()
        return [
            ReextractionTask(
                item.id, item.source_id, item.kind, capture, timezone, language, hints or {}
            )
            for item, capture, timezone, language, hints in rows
        ]


def further_capture(
    database: Database, first: Capture, url: str, within: timedelta = timedelta(hours=2)
) -> Capture | None:
    """The capture of a further page of the article that ``first`` begins, of the same visit."""
    query = (
        select(Capture)
        .where(
            Capture.source_id == first.source_id, Capture.key == url_key(url),
            Capture.kind == "response",
            Capture.fetched_at >= first.fetched_at, Capture.fetched_at < first.fetched_at + within,
        )
        .order_by(Capture.fetched_at)
        .limit(1)
    )  # fmt: skip
    with database.reading() as session:
        return session.scalar(query)


def write_results(
    database: Database,
    source_id: int,
    done: Sequence[ReextractionResult],
    extractor: str,
    now: datetime,
) -> list[list[str]]:
    """Write what was made of a source's captures; the fields that changed of each, in order.

    Nothing is overwritten: what differs becomes a revision of the same capture, marked as
    re-extraction.
    """

    def work(session: Session) -> list[list[str]]:
        lock_source(session, source_id)
        writing = Writing(session.connection(), source_id, None, now)
        changed = [_record(writing, one, extractor) for one in done]
        writing.finish()
        return changed

    return database.write(work)


def _record(writing: Writing, one: ReextractionResult, extractor: str) -> list[str]:
    connection, content = writing.connection, one.content
    is_entry = isinstance(content, Entry)
    kept = () if is_entry else connection.scalar(
        select(Article.rights).where(Article.item_id == one.item_id)
    )  # fmt: skip
    made = Made(content, extractor, "reextraction", tuple(kept or ()))
    if teasers.held_over(connection, one.item_id, made) is not None and not _is_own(
        connection, one.item_id, one.capture_id
    ):
        return []
    changed, number = revisions.add_revision(writing, one.item_id, one.capture_id, made, known=True)
    if not changed:
        table: Any = DirectoryEntry if is_entry else Article
        connection.execute(
            update(table).where(table.item_id == one.item_id).values(extractor=extractor)
        )
        return []
    write(writing, one.item_id, made, one.capture_id, number, one.fetched_at)
    title = content.headline if isinstance(content, ArticleContent) else content.name
    values = {"title": title, **({"number": content.number} if content.number else {})}
    connection.execute(update(Item).where(Item.id == one.item_id).values(values))
    # A newer extractor may see the wall that an older one did not.
    if not is_entry:
        teasers.mend(writing, one.item_id)
    return changed


def _is_own(connection: Connection, item_id: int, capture_id: int) -> bool:
    """Whether an article's current revision was made of this capture."""
    query = (
        select(Revision.capture_id).join(Article, Article.item_id == Revision.item_id)
        .where(Revision.item_id == item_id, Revision.number == Article.revision)
    )  # fmt: skip
    return bool(connection.scalar(query) == capture_id)
