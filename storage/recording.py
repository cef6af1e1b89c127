"""What becomes of one fetched page: new, unchanged, revised, duplicate, skipped, failed, gone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from storage import frontier, identity
from storage.addresses import url_key
from storage.content import Article as ArticleContent
from storage.content import Entry, to_json
from storage.models import (
    Article,
    ArticleMedia,
    Capture,
    DirectoryEntry,
    Item,
    Link,
    Media,
    Mention,
    Revision,
)
from storage.records import PageFailed, PageSkipped, PageStored, PageUnchanged, Recorded
from storage.schedule import next_article_check
from storage.search import index

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.content import ClaimedMoment
    from storage.content import Link as LinkContent
    from storage.records import CaptureRecord, ItemKind, Outcome

# A change in these makes a revision. ``modified`` is not among them: many publishers move it at
# every build of their site; what it announces shows in the others.
REVISED_BY = ("headline", "standfirst", "text", "byline", "published", "access")
_ENTRY_REVISED_BY = ("name", "kind", "expansion", "text")
_RETRY_AFTER = timedelta(hours=1)
_STUB_RELATIONS = ("related", "entry")


def changed_fields(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Names of the fields in which two contents (JSON form) differ, white space apart."""
    names = _ENTRY_REVISED_BY if "name" in new else REVISED_BY
    return [name for name in names if _comparable(old, name) != _comparable(new, name)]


def _comparable(content: dict[str, Any], name: str) -> Any:
    if name == "text":
        blocks = content.get("blocks", [])
        return [" ".join(b["text"].split()) for b in blocks if b["kind"] != "figure"]
    if name == "access":
        return content.get("access", "full")
    value = content.get(name)
    return " ".join(value.split()) if isinstance(value, str) else value


def record(
    session: Session, source_id: int, run_id: int | None, outcome: Outcome, now: datetime
) -> Recorded:
    """Write one outcome, within the caller's transaction."""
    if isinstance(outcome, PageStored):
        return _record_stored(session, source_id, run_id, outcome, now)
    if isinstance(outcome, PageUnchanged):
        _touch(session, outcome.task.item_id, now)
        frontier.settle(session, outcome.task, "done", now)
        return Recorded("unchanged", item_id=outcome.task.item_id)
    if isinstance(outcome, PageSkipped):
        return _record_skipped(session, source_id, run_id, outcome, now)
    return _record_failed(session, outcome, now)


def _record_skipped(
    session: Session, source_id: int, run_id: int | None, skipped: PageSkipped, now: datetime
) -> Recorded:
    if skipped.capture is not None:
        _add_capture(session, source_id, run_id, skipped.capture)
    frontier.settle(session, skipped.task, "skipped", now, cause=skipped.cause,
                    detail=skipped.detail)  # fmt: skip
    # A wall or a soft 404 in an article's place never replaces what the archive holds of it.
    _touch(session, skipped.task.item_id, now)
    return Recorded("skipped", skipped.cause, skipped.task.item_id)


def _record_failed(session: Session, failed: PageFailed, now: datetime) -> Recorded:
    task = failed.task
    if task.item_id is not None:
        gone = failed.final and failed.cause in ("http-404", "http-410")
        if gone:
            session.execute(update(Item).where(Item.id == task.item_id).values(state="gone"))
        session.execute(
            update(Article)
            .where(Article.item_id == task.item_id)
            .values(next_check_at=now + _RETRY_AFTER)
        )
        return Recorded("gone" if gone else "failed", failed.cause, task.item_id)
    if failed.final:
        state = "refused" if failed.cause in ("robots", "address-refused") else "failed"
        frontier.settle(session, task, state, now, cause=failed.cause, detail=failed.detail)
    else:
        frontier.retry_later(session, task, now, cause=failed.cause, detail=failed.detail)
    return Recorded("failed", failed.cause)


def _record_stored(
    session: Session, source_id: int, run_id: int | None, page: PageStored, now: datetime
) -> Recorded:
    capture = _add_capture(session, source_id, run_id, page.capture)
    content = page.content
    kind: ItemKind = "entry" if isinstance(content, Entry) else "article"
    own_keys = identity.keys_of(page.urls)
    urls = list(page.urls)
    named = identity.identity_of(content, page.urls[-1])
    if content.canonical_url:
        urls.append(content.canonical_url)
    item = identity.find_item(session, source_id, kind, named, identity.keys_of(urls))
    if item is not None and isinstance(content, ArticleContent):
        elsewhere = page.task.item_id not in (None, item.id)
        if elsewhere or identity.is_other_article(session, item, content, own_keys):
            item = session.get(Item, page.task.item_id) if elsewhere else None
            named, urls = f"url:{own_keys[-1]}", list(page.urls)
            item = item or identity.find_item(session, source_id, kind, named, own_keys)
    digest = identity.text_digest(content.text)
    if isinstance(content, ArticleContent) and (item is None or item.state == "stub"):
        twin = identity.find_same_text(session, source_id, content, digest)
        if twin is not None and not (content.number and twin.number):
            identity.add_addresses(session, twin, urls, now)
            frontier.settle(session, page.task, "done", now, cause="duplicate",
                            detail=f"same text as item {twin.id}")  # fmt: skip
            return Recorded("duplicate", item_id=twin.id)
    if item is None:
        item = identity.create_item(session, source_id, kind, named, page.urls[-1], now)
    was_stub = item.state == "stub"
    if page.task.item_id is None and not was_stub and own_keys[-1] != url_key(item.url):
        # Another address of an article that is held: views differ in trifles (print, AMP), and
        # taking each in turn for a revision would invent a history.
        identity.add_addresses(session, item, urls, now)
        frontier.settle(session, page.task, "done", now, cause="duplicate",
                        detail=f"another address of item {item.id}")  # fmt: skip
        return Recorded("duplicate", item_id=item.id)
    _fill_item(session, item, kind, named, content, page.urls[-1], now)
    session.flush()
    identity.add_addresses(session, item, urls, now)
    frontier.settle(session, page.task, "done", now)
    announced = frontier.offer(session, source_id, page.follow, now)
    changed, number = _add_revision(session, item, capture, page, digest, now)
    if not changed:
        _touch(session, item.id, now, capture.id)
        return Recorded("unchanged", item_id=item.id, announced=announced)
    if isinstance(content, Entry):
        _write_entry(session, item, content, capture, now)
    else:
        _write_article(session, item, content, capture, digest, number, now)
    verdict = "new" if was_stub or number == 1 else "revised"
    return Recorded(verdict, item_id=item.id, announced=announced)  # type: ignore[arg-type]


def _add_capture(
    session: Session, source_id: int, run_id: int | None, record: CaptureRecord
) -> Capture:
    capture = Capture(
        source_id=source_id, run_id=run_id, url=record.url, key=url_key(record.url),
        status=record.status, content_type=record.content_type, etag=record.etag,
        last_modified=record.last_modified, fetched_at=record.fetched_at, file=record.file,
        offset=record.offset, length=record.length, digest=record.digest,
        record_id=record.record_id,
    )  # fmt: skip
    session.add(capture)
    session.flush()
    return capture


def _fill_item(
    session: Session, item: Item, kind: str, named: str,
    content: ArticleContent | Entry, url: str, now: datetime,
) -> None:  # fmt: skip
    if item.identity != named and (item.state == "stub" or named.startswith("number:")):
        taken = session.scalar(
            select(Item.id).where(
                Item.source_id == item.source_id, Item.kind == kind, Item.identity == named
            )
        )
        if taken is None:
            item.identity = named
    if item.state == "stub":
        item.kind = kind
        item.url = content.canonical_url or url
    item.state = "stored"
    item.number = content.number or item.number
    item.title = content.headline if isinstance(content, ArticleContent) else content.name
    item.last_seen_at = now


def _add_revision(
    session: Session, item: Item, capture: Capture, page: PageStored, digest: str, now: datetime
) -> tuple[list[str], int]:
    """Keep a revision where ``page`` differs from the last; returns what changed, its number."""
    content = to_json(page.content)
    last = session.scalars(
        select(Revision).where(Revision.item_id == item.id)
        .order_by(Revision.number.desc()).limit(1)
    ).first()  # fmt: skip
    changed = ["new"] if last is None else changed_fields(last.content, content)
    number = 1 if last is None else last.number + 1
    if changed:
        session.add(
            Revision(
                item_id=item.id, number=number, capture_id=capture.id, seen_at=now,
                extractor=page.extractor, digest=digest, content=content,
                changed=[] if last is None else changed,
            )
        )  # fmt: skip
    return changed, number


def _touch(
    session: Session, item_id: int | None, now: datetime, capture_id: int | None = None
) -> None:
    """Note that an item was looked at and is as it was."""
    if item_id is None:
        return
    article = session.get(Article, item_id)
    if article is not None:
        article.checked_at = now
        article.next_check_at = next_article_check(article.first_fetched_at, now)
        article.capture_id = capture_id or article.capture_id
    item = session.get(Item, item_id)
    if item is not None:
        item.last_seen_at = now


def _write_entry(
    session: Session, item: Item, content: Entry, capture: Capture, now: datetime
) -> None:
    row = session.get(DirectoryEntry, item.id) or DirectoryEntry(item_id=item.id)
    row.kind = content.kind
    row.name = content.name
    row.name_key = " ".join(identity.words_of(content.name))
    row.expansion = content.expansion
    row.capture_id = capture.id
    row.description = content.text or None
    row.blocks = to_json(content.blocks)
    row.checked_at = now
    session.add(row)
    session.flush()
    _write_links(session, item, content.links, now)
    _write_media(session, item, content)
    index.put(session, item.id, headline=content.name, standfirst=content.expansion or "",
              body=content.text)  # fmt: skip


def _write_article(
    session: Session, item: Item, content: ArticleContent, capture: Capture,
    digest: str, number: int, now: datetime,
) -> None:  # fmt: skip
    row = session.get(Article, item.id)
    if row is None:
        row = Article(item_id=item.id, first_fetched_at=capture.fetched_at)
    row.headline = content.headline
    row.standfirst = content.standfirst
    row.text = content.text
    row.blocks = to_json(content.blocks)
    row.byline = list(content.byline)
    row.dateline_place = content.dateline_place
    row.kind = content.kind
    row.section = content.section
    row.tags = list(content.tags)
    row.language = content.language
    row.published_at, row.published_offset = _stored_moment(content.published)
    row.published_day_only = content.published is not None and content.published.day_only
    row.modified_at, row.modified_offset = _stored_moment(content.modified)
    row.access = content.access
    row.provenance = dict(content.provenance)
    row.word_count = len(identity.words_of(content.text))
    row.text_digest = digest
    row.revision = number
    row.capture_id = capture.id
    row.checked_at = now
    row.next_check_at = next_article_check(row.first_fetched_at, now)
    # A claimed moment in the future would lead every list for years.
    row.sort_at = min(row.published_at or row.first_fetched_at, row.first_fetched_at)
    session.add(row)
    session.flush()
    _write_links(session, item, content.links, now)
    _write_mentions(session, item, content, now)
    _write_media(session, item, content)
    index.put(session, item.id, headline=content.headline, standfirst=content.standfirst or "",
              body=content.text)  # fmt: skip


def _stored_moment(moment: ClaimedMoment | None) -> tuple[datetime | None, int | None]:
    return (None, None) if moment is None else (moment.at, moment.offset_minutes)


def _target(session: Session, item: Item, link: LinkContent, now: datetime) -> int | None:
    """The item a link leads to: a known one, else a stub for related items and entries."""
    kind: ItemKind = "entry" if link.relation == "entry" else "article"
    key = url_key(link.url)
    known = identity.find_item(session, item.source_id, kind, f"url:{key}", [key])
    if known is None and link.relation in _STUB_RELATIONS:
        known = identity.create_item(session, item.source_id, kind, f"url:{key}", link.url, now)
        identity.add_addresses(session, known, [link.url], now)
    if known is None or known.id == item.id:
        return None
    if known.state == "stub":
        known.title = known.title or link.anchor
        known.teaser = known.teaser or link.teaser
    return known.id


def _write_links(
    session: Session, item: Item, links: tuple[LinkContent, ...], now: datetime
) -> None:
    session.execute(delete(Link).where(Link.item_id == item.id))
    for position, link in enumerate(links):
        session.add(
            Link(
                item_id=item.id, position=position, relation=link.relation, url=link.url,
                key=url_key(link.url), target_id=_target(session, item, link, now),
                anchor=link.anchor, teaser=link.teaser,
            )
        )  # fmt: skip
    session.flush()


def _write_mentions(session: Session, item: Item, content: ArticleContent, now: datetime) -> None:
    session.execute(delete(Mention).where(Mention.item_id == item.id))
    for position, m in enumerate(content.mentions):
        entry_id = None
        if m.url is not None:
            key = url_key(m.url)
            entry = identity.find_item(session, item.source_id, "entry", f"url:{key}", [key])
            if entry is None:
                entry = identity.create_item(
                    session, item.source_id, "entry", f"url:{key}", m.url, now
                )
                identity.add_addresses(session, entry, [m.url], now)
            if entry.state == "stub":
                entry.title = entry.title or m.full_name or m.anchor
            entry_id = entry.id
        session.add(
            Mention(
                item_id=item.id, position=position, entry_id=entry_id, anchor=m.anchor,
                full_name=m.full_name, kind=m.kind, url=m.url, block=m.block,
                start=m.start, end=m.end,
            )
        )  # fmt: skip
    session.flush()


def _write_media(session: Session, item: Item, content: ArticleContent | Entry) -> None:
    from storage.database import insert_ignore

    session.execute(delete(ArticleMedia).where(ArticleMedia.item_id == item.id))
    if not content.media:
        return
    insert_ignore(session, Media, [{"url": m.url, "kind": m.kind} for m in content.media])
    ids = dict(
        session.execute(
            select(Media.url, Media.id).where(Media.url.in_([m.url for m in content.media]))
        ).all()
    )  # fmt: skip
    for position, m in enumerate(content.media):
        session.add(
            ArticleMedia(
                item_id=item.id, media_id=ids[m.url], position=position, caption=m.caption,
                credit=m.credit, alternative_text=m.alternative_text,
            )
        )  # fmt: skip
    session.flush()
