"""What becomes of one fetched page: new, unchanged, revised, duplicate, skipped, failed, gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from storage import directory, frontier, identity, media
from storage.addresses import url_key
from storage.content import Article as ArticleContent
from storage.content import Entry, to_json
from storage.linking import write_pointers
from storage.models import Article, Capture, DirectoryEntry, Item, Revision
from storage.moments import stored_moment
from storage.records import PageFailed, PageSkipped, PageStored, PageUnchanged, Recorded
from storage.schedule import next_article_check
from storage.search import index

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.identity import KnownItem
    from storage.records import CaptureRecord, ItemKind, Outcome, Task

# A change in these makes a revision. ``modified`` is not among them: many publishers move it at
# every build of their site; what it announces shows in the others.
REVISED_BY = ("headline", "standfirst", "text", "byline", "published", "access")
_ENTRY_REVISED_BY = ("name", "kind", "expansion", "aliases", "text")
_RETRY_AFTER = timedelta(hours=1)

_LAST_REVISION = (
    select(Revision.number, Revision.content)
    .where(Revision.item_id == bindparam("item"))
    .order_by(Revision.number.desc())
    .limit(1)
)
_FIRST_FETCHED = select(Article.first_fetched_at).where(Article.item_id == bindparam("item"))
_FILL = (
    update(Item)
    .where(Item.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in
             ("kind", "identity", "url", "number", "title", "state", "last_seen_at")})
)  # fmt: skip
_SEEN = update(Item).where(Item.id == bindparam("b_id")).values(last_seen_at=bindparam("b_now"))
_CHECKED = (
    update(Article)
    .where(Article.item_id == bindparam("b_id"))
    .values(checked_at=bindparam("b_now"), next_check_at=bindparam("b_next"))
)


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


@dataclass(frozen=True, slots=True)
class Writing:
    """What one batch of outcomes is written with: a connection inside the caller's transaction."""

    connection: Connection
    source_id: int
    run_id: int | None
    now: datetime


def record(writing: Writing, outcome: Outcome) -> Recorded:
    """Write one outcome, within the caller's transaction."""
    if isinstance(outcome, PageStored):
        return _record_stored(writing, outcome)
    if isinstance(outcome, PageUnchanged):
        _touch(writing, outcome.task.item_id)
        frontier.settle(writing.connection, outcome.task, "done", writing.now)
        return Recorded("unchanged", item_id=outcome.task.item_id)
    if isinstance(outcome, PageSkipped):
        return _record_skipped(writing, outcome)
    return _record_failed(writing, outcome)


def _record_skipped(writing: Writing, skipped: PageSkipped) -> Recorded:
    if skipped.capture is not None:
        _add_capture(writing, skipped.capture)
    frontier.settle(writing.connection, skipped.task, "skipped", writing.now,
                    cause=skipped.cause, detail=skipped.detail)  # fmt: skip
    # A wall or a soft 404 in an article's place never replaces what the archive holds of it.
    _touch(writing, skipped.task.item_id)
    return Recorded("skipped", skipped.cause, skipped.task.item_id)


def _record_failed(writing: Writing, failed: PageFailed) -> Recorded:
    task, connection = failed.task, writing.connection
    if task.item_id is not None:
        gone = failed.final and failed.cause in ("http-404", "http-410")
        if gone:
            connection.execute(update(Item).where(Item.id == task.item_id).values(state="gone"))
        connection.execute(
            update(Article)
            .where(Article.item_id == task.item_id)
            .values(next_check_at=writing.now + _RETRY_AFTER)
        )
        return Recorded("gone" if gone else "failed", failed.cause, task.item_id)
    if failed.final:
        state = "refused" if failed.cause in ("robots", "address-refused") else "failed"
        frontier.settle(connection, task, state, writing.now, cause=failed.cause,
                        detail=failed.detail)  # fmt: skip
    else:
        frontier.retry_later(connection, task, writing.now, cause=failed.cause,
                             detail=failed.detail)  # fmt: skip
    return Recorded("failed", failed.cause)


@dataclass(slots=True)
class StoredPage:
    """A stored page with what is derived from it once."""

    outcome: PageStored
    kind: ItemKind
    identity: str
    keys: list[str]
    urls: list[str]
    words: list[str]
    digest: str

    @classmethod
    def of(cls, outcome: PageStored) -> StoredPage:
        content = outcome.content
        urls = list(outcome.urls)
        named = identity.identity_of(content, urls[-1])
        keys = identity.keys_of(urls)
        if content.canonical_url:
            urls.append(content.canonical_url)
        words = identity.words_of(content.text)
        kind: ItemKind = "entry" if isinstance(content, Entry) else "article"
        return cls(outcome, kind, named, keys, urls, words, identity.digest_of(words))

    @property
    def task(self) -> Task:
        return self.outcome.task

    @property
    def address(self) -> str:
        """The last URL on the way to the page."""
        return self.outcome.urls[-1]

    @property
    def article(self) -> ArticleContent:
        """The content of a page that is an article."""
        content = self.outcome.content
        if not isinstance(content, ArticleContent):
            raise TypeError(f"{self.address} is no article")
        return content


def _record_stored(writing: Writing, outcome: PageStored) -> Recorded:
    page = StoredPage.of(outcome)
    capture_id = _add_capture(writing, outcome.capture)
    item = _item_for(writing, page)
    duplicate = _duplicate_of(writing, page, item)
    if duplicate is not None:
        # Another address of an article that is held: views differ in trifles (print, AMP), and
        # taking each in turn for a revision would invent a history.
        identity.add_addresses(writing.connection, writing.source_id, duplicate, page.urls,
                               writing.now)  # fmt: skip
        frontier.settle(writing.connection, page.task, "done", writing.now, cause="duplicate",
                        detail=f"another address of item {duplicate.id}")  # fmt: skip
        return Recorded("duplicate", item_id=duplicate.id)
    made = False
    if item is None:
        item, made = _create_item(writing, page)
    was_stub = made or item.state == "stub"
    if not made:
        _fill_item(writing, item, page)
    identity.add_addresses(writing.connection, writing.source_id, item, page.urls, writing.now,
                           settled=url_key(page.task.url))  # fmt: skip
    frontier.settle(writing.connection, page.task, "done", writing.now)
    announced = 0
    if outcome.follow:
        announced = frontier.offer(writing.connection, writing.source_id, outcome.follow,
                                   writing.now)  # fmt: skip
    changed, number = _add_revision(writing, item, capture_id, page, known=not was_stub)
    if not changed:
        _touch(writing, item.id, capture_id)
        return Recorded("unchanged", item_id=item.id, announced=announced)
    if isinstance(outcome.content, Entry):
        _write_entry(writing, item, outcome.content, capture_id, fresh=number == 1)
    else:
        _write_article(writing, item, page, capture_id, number)
    verdict = "new" if was_stub or number == 1 else "revised"
    return Recorded(verdict, item_id=item.id, announced=announced)  # type: ignore[arg-type]


def _item_for(writing: Writing, page: StoredPage) -> KnownItem | None:
    """The item that the page belongs to, by number, canonical URL or address, if it is known."""
    connection, source_id = writing.connection, writing.source_id
    content = page.outcome.content
    item = identity.find_item(connection, source_id, page.kind, page.identity,
                              identity.keys_of(page.urls))  # fmt: skip
    if item is None or item.state == "stub" or not isinstance(content, ArticleContent):
        return item
    elsewhere = page.task.item_id not in (None, item.id)
    if not elsewhere and not identity.is_other_article(connection, item, content, page.keys):
        return item
    # Its canonical URL names another article: it stays what its own address says.
    page.identity, page.urls = f"url:{page.keys[-1]}", list(page.outcome.urls)
    own = identity.find_item(connection, source_id, page.kind, page.identity, page.keys)
    return own if own is None or own.id != item.id or not elsewhere else None


def _duplicate_of(writing: Writing, page: StoredPage, item: KnownItem | None) -> KnownItem | None:
    """The article that the page is only another address of."""
    content = page.outcome.content
    if not isinstance(content, ArticleContent):
        return None
    if item is not None and item.state != "stub":
        looked_for = page.task.item_id is not None
        return None if looked_for or page.keys[-1] == url_key(item.url) else item
    twin = identity.find_same_text(writing.connection, writing.source_id, content.headline,
                                   page.words, page.digest)  # fmt: skip
    if twin is None or (content.number and twin[1]):
        return None
    row = writing.connection.execute(select(*identity.ITEM_COLUMNS).where(Item.id == twin[0])).one()
    return identity.KnownItem(*row)


def _add_capture(writing: Writing, record: CaptureRecord) -> int:
    done = writing.connection.execute(
        insert(Capture.__table__),  # type: ignore[arg-type]
        capture_row(writing, record),
    )
    return int(done.inserted_primary_key[0])  # type: ignore[index]  # the table has one


def capture_row(writing: Writing, record: CaptureRecord) -> dict[str, Any]:
    """The row of a kept exchange."""
    return {
        "source_id": writing.source_id, "run_id": writing.run_id, "url": record.url,
        "key": url_key(record.url), "status": record.status,
        "content_type": record.content_type, "etag": record.etag,
        "last_modified": record.last_modified, "fetched_at": record.fetched_at,
        "file": record.file, "offset": record.offset, "length": record.length,
        "digest": record.digest, "record_id": record.record_id,
    }  # fmt: skip


def revision_row(page: StoredPage, item_id: int, capture_id: int, now: datetime) -> dict[str, Any]:
    """The row of an item's first revision: what ``page`` holds."""
    return {
        "item_id": item_id, "number": 1, "capture_id": capture_id, "seen_at": now,
        "extractor": page.outcome.extractor, "digest": page.digest,
        "content": to_json(page.outcome.content), "changed": [],
    }  # fmt: skip


def _create_item(writing: Writing, page: StoredPage) -> tuple[KnownItem, bool]:
    content = page.outcome.content
    url = content.canonical_url or page.address
    stored = {"state": "stored", "number": content.number, "title": _title(content)}
    return identity.create_item(writing.connection, writing.source_id, page.kind, page.identity,
                                url, writing.now, stored)  # fmt: skip


def _title(content: ArticleContent | Entry) -> str:
    return content.headline if isinstance(content, ArticleContent) else content.name


def _fill_item(writing: Writing, item: KnownItem, page: StoredPage) -> None:
    content = page.outcome.content
    renamed = item.state == "stub" or page.identity.startswith("number:")
    if item.identity != page.identity and renamed:
        taken = identity.find_item(writing.connection, writing.source_id, page.kind,
                                   page.identity, [])  # fmt: skip
        if taken is None:
            item.identity = page.identity
    if item.state == "stub":
        item.kind = page.kind
        item.url = content.canonical_url or page.address
    item.state = "stored"
    item.number = content.number or item.number
    item.title = _title(content)
    writing.connection.execute(
        _FILL,
        {
            "b_id": item.id, "b_kind": item.kind, "b_identity": item.identity, "b_url": item.url,
            "b_number": item.number, "b_title": item.title, "b_state": item.state,
            "b_last_seen_at": writing.now,
        },
    )  # fmt: skip


def _add_revision(
    writing: Writing, item: KnownItem, capture_id: int, page: StoredPage, *, known: bool
) -> tuple[list[str], int]:
    """Keep a revision where ``page`` differs from the last; returns what changed, its number."""
    last = None
    if known:
        last = writing.connection.execute(_LAST_REVISION, {"item": item.id}).first()
    row = revision_row(page, item.id, capture_id, writing.now)
    changed = ["new"] if last is None else changed_fields(last.content, row["content"])
    if last is not None:
        row |= {"number": last.number + 1, "changed": changed}
    if changed:
        writing.connection.execute(insert(Revision.__table__), row)  # type: ignore[arg-type]
    return changed, row["number"]


def _touch(writing: Writing, item_id: int | None, capture_id: int | None = None) -> None:
    """Note that an item was looked at and is as it was."""
    if item_id is None:
        return
    connection, now = writing.connection, writing.now
    first = connection.execute(_FIRST_FETCHED, {"item": item_id}).scalar()
    if first is not None:
        next_check = next_article_check(first, now)
        connection.execute(_CHECKED, {"b_id": item_id, "b_now": now, "b_next": next_check})
        if capture_id is not None:
            connection.execute(
                update(Article).where(Article.item_id == item_id).values(capture_id=capture_id)
            )
    connection.execute(_SEEN, {"b_id": item_id, "b_now": now})


def _write_entry(
    writing: Writing, item: KnownItem, content: Entry, capture_id: int, *, fresh: bool
) -> None:
    published_at, published_offset = stored_moment(content.published)
    values = {
        "kind": content.kind, "name": content.name,
        "name_key": identity.name_key(content.name), "expansion": content.expansion,
        "aliases": list(content.aliases), "published_at": published_at,
        "published_offset": published_offset,
        "capture_id": capture_id, "description": content.text or None,
        "blocks": to_json(content.blocks), "checked_at": writing.now,
    }  # fmt: skip
    _put_row(writing.connection, DirectoryEntry, item.id, values, fresh=fresh)
    directory.put_names(writing.connection, item.id, content)
    write_pointers(writing.connection, writing.source_id, item.id, content, writing.now,
                   fresh=fresh)  # fmt: skip
    index.put(writing.connection, item.id, headline=content.name,
              standfirst=content.expansion or "", body=content.text, fresh=fresh)  # fmt: skip


def _write_article(
    writing: Writing, item: KnownItem, page: StoredPage, capture_id: int, number: int
) -> None:
    connection, now, fresh, content = writing.connection, writing.now, number == 1, page.article
    first = page.outcome.capture.fetched_at
    if not fresh:
        first = connection.execute(_FIRST_FETCHED, {"item": item.id}).scalar() or first
    values = article_values(page, capture_id, number, first, now)
    _put_row(connection, Article, item.id, values, fresh=fresh)
    write_pointers(connection, writing.source_id, item.id, content, now, fresh=fresh)
    body = content.text if fresh else media.with_attachments(connection, item.id, content.text)
    index.put(connection, item.id, headline=content.headline,
              standfirst=content.standfirst or "", body=body, fresh=fresh)  # fmt: skip


def article_values(
    page: StoredPage, capture_id: int, number: int, first: datetime, now: datetime
) -> dict[str, Any]:
    """The columns of an article as revision ``number`` gives it; ``first`` is its first fetch."""
    content = page.article
    published_at, published_offset = stored_moment(content.published)
    modified_at, modified_offset = stored_moment(content.modified)
    return {
        "headline": content.headline, "standfirst": content.standfirst, "text": content.text,
        "blocks": to_json(content.blocks), "byline": list(content.byline),
        "dateline_place": content.dateline_place, "kind": content.kind,
        "section": content.section, "tags": list(content.tags), "language": content.language,
        "published_at": published_at, "published_offset": published_offset,
        "published_day_only": content.published is not None and content.published.day_only,
        "modified_at": modified_at, "modified_offset": modified_offset,
        "access": content.access, "notices": list(content.notices),
        "provenance": dict(content.provenance),
        "word_count": len(page.words), "text_digest": page.digest, "revision": number,
        "capture_id": capture_id, "first_fetched_at": first, "checked_at": now,
        "next_check_at": next_article_check(first, now),
        # A claimed moment in the future would lead every list for years.
        "sort_at": min(published_at or first, first),
    }  # fmt: skip


def _put_row(
    connection: Connection, table: Any, item_id: int, values: dict[str, Any], *, fresh: bool
) -> None:
    if fresh:
        connection.execute(insert(table.__table__), {"item_id": item_id, **values})
        return
    statement = update(table).where(table.item_id == item_id).values(values)
    if connection.execute(statement).rowcount == 0:
        connection.execute(insert(table.__table__), {"item_id": item_id, **values})
