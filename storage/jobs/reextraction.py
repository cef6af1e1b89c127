"""Re-extraction: applies a newer extractor to stored captures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, literal, or_, select

from storage.database.engine import chunked, lock_source
from storage.ingest.change import IngestBatch
from storage.ingest.decide import revisions, teasers
from storage.ingest.decide.plan import Plan
from storage.ingest.decide.rows import put_content
from storage.ingest.lookup import lookup_items, lookup_pointed
from storage.ingest.page import ExtractedPage
from storage.ingest.write.change import write
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
    from storage.ingest.known import KnownItem

# Items whose histories are read together.
_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class ReextractionTask:
    """An item and the newest full capture of its page."""

    item_id: int
    source_id: int
    kind: str
    capture: Capture
    timezone: str | None
    language: str | None
    hints: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReextractionResult:
    """What the current extractor made of a capture."""

    item_id: int
    capture_id: int
    content: ArticleContent | Entry
    fetched_at: datetime


def _query(extractor: str, source_id: int | None, since: datetime | None, *, older: bool) -> Any:
    # Where the newest capture shows a teaser, the text comes from an older one.
    shown = (
        select(Revision.capture_id)
        .where(
            Revision.item_id == Item.id,
            Revision.number == Article.revision,
            exists().where(Event.item_id == Item.id, Event.kind == "teaser"),
        )
        .scalar_subquery()
    )
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
    database: Database,
    extractor: str,
    source_id: int | None,
    since: datetime | None,
    *,
    older: bool,
    after: int = 0,
) -> int:
    """Count the items to re-extract."""
    query = _query(extractor, source_id, since, older=older).where(Item.id > after)
    with database.reading() as session:
        total = select(func.count()).select_from(query.with_only_columns(Item.id).subquery())
        return session.scalar(total) or 0


def next_tasks(
    database: Database,
    extractor: str,
    source_id: int | None,
    since: datetime | None,
    *,
    older: bool,
    after: int,
    limit: int,
) -> list[ReextractionTask]:
    """Return the next items to re-extract, by id."""
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
    """Return the capture of a further page of the article of ``first``, from the same visit."""
    query = (
        select(Capture)
        .where(
            Capture.source_id == first.source_id,
            Capture.key == url_key(url),
            Capture.kind == "response",
            Capture.fetched_at >= first.fetched_at,
            Capture.fetched_at < first.fetched_at + within,
        )
        .order_by(Capture.fetched_at)
        .limit(1)
    )
    with database.reading() as session:
        return session.scalar(query)


def write_results(
    database: Database,
    source_id: int,
    done: Sequence[ReextractionResult],
    extractor: str,
    now: datetime,
) -> list[list[str]]:
    """Write the results of a source's captures; return the changed fields of each, in order.

    Nothing is overwritten: a difference becomes a revision of the same capture, marked as
    re-extraction.
    """

    def work(session: Session) -> list[list[str]]:
        lock_source(session, source_id)
        batch = IngestBatch(source_id, None, now)
        connection = session.connection()
        ids = [one.item_id for one in done]
        known = lookup_items(connection, source_id, ids, [one.content for one in done])
        plan = Plan(known, batch)
        changed = [_decide(plan, one, extractor) for one in done]
        write(connection, batch, plan.change)
        # A newer extractor may detect a paywall that an older one missed.
        restore_fuller_texts(
            connection,
            batch,
            [
                one.item_id
                for one, fields in zip(done, changed, strict=True)
                if fields and isinstance(one.content, ArticleContent)
            ],
        )
        return changed

    return database.write(work)


def _decide(plan: Plan, one: ReextractionResult, extractor: str) -> list[str]:
    """Decide what a newer extractor's content changes of an item; returns the changed fields."""
    item, content = plan.known.items.get(one.item_id), one.content
    if item is None:
        return []
    is_article = isinstance(content, ArticleContent)
    kept = item.article.rights if is_article and item.article is not None else ()
    page = ExtractedPage(content, extractor, "reextraction", kept)
    if teasers.held_over(item, page) is not None and not _is_own(item, one.capture_id):
        return []
    changed, number = revisions.add_revision(plan, item, one.capture_id, page)
    if not changed:
        change = plan.change
        (change.reread_articles if is_article else change.reread_entries)[item.id] = extractor
        return []
    put_content(plan, item, page, one.capture_id, number, one.fetched_at)
    item.title = content.headline if isinstance(content, ArticleContent) else content.name
    item.number = content.number or item.number
    plan.changed(item)
    return changed


def _is_own(item: KnownItem, capture_id: int) -> bool:
    """Return whether an article's current revision was extracted from this capture."""
    if item.article is None:
        return False
    current = item.article.revision
    return any(
        one.capture_id == capture_id for one in item.history.revisions if one.number == current
    )


def restore_fuller_texts(connection: Connection, batch: IngestBatch, ids: Sequence[int]) -> int:
    """Make the fullest text of items what they are, where newer revisions are teasers of it.

    Returns of how many items that was so.
    """
    known = lookup_items(connection, batch.source_id, ids, ())
    fuller = {item_id: teasers.fuller_content(known.items[item_id]) for item_id in ids}
    lookup_pointed(
        connection, batch.source_id, known, [one for one in fuller.values() if one is not None]
    )
    plan = Plan(known, batch)
    restored = sum(teasers.restore_fuller(plan, known.items[item_id]) for item_id in ids)
    if restored:
        write(connection, batch, plan.change)
    return restored


def restore_all_fuller_texts(connection: Connection, now: datetime) -> int:
    """Restore fuller texts in the whole archive; returns of how many items."""
    rows = connection.execute(
        select(Item.source_id, Item.id)
        .join(Article, Article.item_id == Item.id)
        .where(Article.revision > 1)
        .order_by(Item.source_id, Item.id)
    ).all()
    by_source: dict[int, list[int]] = {}
    for source_id, item_id in rows:
        by_source.setdefault(source_id, []).append(item_id)
    return sum(
        restore_fuller_texts(connection, IngestBatch(source_id, None, now), some)
        for source_id, ids in by_source.items()
        for some in chunked(ids, _TOGETHER)
    )
