"""What becomes of one fetched page: new, unchanged, revised, duplicate, skipped, failed, gone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update

from storage import contents, frontier, history, identity, retries, rights, tombstones
from storage.addresses import is_web_url, url_key
from storage.content import Article as ArticleContent
from storage.content import Entry
from storage.contents import Made, Writing
from storage.database import insert_ignore
from storage.models import Address, Article, Capture, Item, Revision
from storage.records import PageFailed, PageSkipped, PageStored, PageUnchanged, Recorded
from storage.schedule import next_article_check

if TYPE_CHECKING:
    from storage.identity import KnownItem
    from storage.records import CaptureRecord, ItemKind, Outcome, Task

_RETRY_AFTER = timedelta(hours=1)
# Kinds of page that say, where an article was, that it is no more.
_SOFT_404 = frozenset({"error", "home"})

_FILL = (
    update(Item)
    .where(Item.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in
             ("kind", "identity", "url", "number", "title", "state", "last_seen_at")})
)  # fmt: skip
_STATE = (
    select(Item.state, Article.first_fetched_at)
    .outerjoin(Article, Article.item_id == Item.id)
    .where(Item.id == bindparam("item"))
)
_SEEN = update(Item).where(Item.id == bindparam("b_id")).values(last_seen_at=bindparam("b_now"))
_CHECKED = (
    update(Article)
    .where(Article.item_id == bindparam("b_id"))
    .values(checked_at=bindparam("b_now"), next_check_at=bindparam("b_next"))
)


def record(writing: Writing, outcome: Outcome) -> Recorded:
    """Write one outcome, within the caller's transaction."""
    if isinstance(outcome, PageStored):
        return _record_stored(writing, outcome)
    if isinstance(outcome, PageUnchanged):
        if outcome.capture is not None:
            add_capture(writing, outcome.capture)
        _touch(writing, outcome.task.item_id)
        frontier.settle(writing.connection, outcome.task, "done", writing.now)
        return Recorded("unchanged", item_id=outcome.task.item_id)
    if isinstance(outcome, PageSkipped):
        return _record_skipped(writing, outcome)
    return _record_failed(writing, outcome)


def _record_skipped(writing: Writing, skipped: PageSkipped) -> Recorded:
    if skipped.capture is not None:
        add_capture(writing, skipped.capture)
    task = skipped.task
    if task.candidate_id is not None and skipped.cause in _SOFT_404:
        # As a 404: a page is often announced a moment before it is there.
        frontier.retry_later(writing.connection, task, writing.now, cause=skipped.cause,
                             detail=skipped.detail, state="skipped")  # fmt: skip
        return Recorded("skipped", skipped.cause)
    frontier.settle(writing.connection, task, "skipped", writing.now,
                    cause=skipped.cause, detail=skipped.detail)  # fmt: skip
    # A wall or a soft 404 in an article's place never replaces what the archive holds of it.
    if task.item_id is not None and skipped.cause in _SOFT_404:
        _note_gone(writing, task.item_id, f"soft 404: {skipped.detail}")
        return Recorded("gone", skipped.cause, task.item_id)
    _note_checked(writing, task.item_id)
    return Recorded("skipped", skipped.cause, task.item_id)


def _record_failed(writing: Writing, failed: PageFailed) -> Recorded:
    task, connection = failed.task, writing.connection
    if task.item_id is not None:
        if failed.cause in ("http-404", "http-410"):
            _note_gone(writing, task.item_id, failed.detail)
            return Recorded("gone", failed.cause, task.item_id)
        connection.execute(
            update(Article)
            .where(Article.item_id == task.item_id)
            .values(next_check_at=writing.now + _RETRY_AFTER)
        )
        if failed.cause == "robots":
            return Recorded("skipped", failed.cause, task.item_id)
        return Recorded("failed", failed.cause, task.item_id)
    if failed.cause == "robots":
        # The site's word is an answer, not a failure; `crawl --url` asks again.
        frontier.settle(connection, task, "refused", writing.now, cause=failed.cause,
                        detail=failed.detail)  # fmt: skip
        return Recorded("skipped", failed.cause)
    if retries.is_final(failed.cause, final=failed.final):
        state = "refused" if failed.cause == "address-refused" else "failed"
        frontier.settle(connection, task, state, writing.now, cause=failed.cause,
                        detail=failed.detail)  # fmt: skip
    else:
        frontier.retry_later(connection, task, writing.now, cause=failed.cause,
                             detail=failed.detail)  # fmt: skip
    return Recorded("failed", failed.cause)


def _note_gone(writing: Writing, item_id: int, detail: str) -> None:
    """The page is no more; what the archive holds of it stays, and it may come back."""
    vanished = update(Item).where(Item.id == item_id, Item.state == "stored").values(state="gone")
    if writing.connection.execute(vanished).rowcount:
        history.note(writing.connection, item_id, "gone", writing.now, writing.run_id, detail)
    _note_checked(writing, item_id)


@dataclass(slots=True)
class StoredPage:
    """A stored page with what is derived from it once."""

    outcome: PageStored
    kind: ItemKind
    identity: str
    keys: list[str]
    urls: list[str]
    made: Made
    # The key under which the feed's own id of the page is kept among its addresses.
    guid: str | None = None

    @classmethod
    def of(cls, outcome: PageStored) -> StoredPage:
        content = outcome.content
        urls = list(outcome.urls)
        named = identity.identity_of(content, urls[-1])
        keys = identity.keys_of(urls)
        if content.canonical_url:
            urls.append(content.canonical_url)
        made = Made(
            content, outcome.extractor, outcome.origin, rights.kept(outcome.capture.rights),
            outcome.capture.fetched_at if outcome.origin == "import" else None,
            outcome.derived,
        )  # fmt: skip
        kind: ItemKind = "entry" if isinstance(content, Entry) else "article"
        return cls(outcome, kind, named, keys, urls, made, _guid_key(outcome.task))

    @property
    def task(self) -> Task:
        return self.outcome.task

    @property
    def address(self) -> str:
        """The last URL on the way to the page."""
        return self.outcome.urls[-1]


def _is_older(writing: Writing, item: KnownItem, outcome: PageStored) -> bool:
    """Whether an imported page was fetched before what the archive holds of it."""
    if outcome.origin != "import":
        return False
    newest = writing.connection.scalar(
        select(func.max(Revision.seen_at)).where(Revision.item_id == item.id)
    )
    return newest is not None and outcome.capture.fetched_at < newest


def _is_forgotten(writing: Writing, page: StoredPage) -> bool:
    """Whether the page shows what was erased by request, here or at another address."""
    connection = writing.connection
    if not tombstones.exist(connection):
        return False
    if tombstones.held(connection, "address", [*page.keys, *identity.keys_of(page.urls)]):
        return True
    named = tombstones.identity_value(connection, writing.source_id, page.kind, page.identity)
    return bool(
        tombstones.held(connection, "identity", [named])
        or tombstones.held(connection, "text", [page.made.derived.digest])
    )


def _guid_key(task: Task) -> str | None:
    """The key of a feed's id that is more than the page's address; ``None`` where it is not."""
    guid = task.hints.get("guid")
    if not isinstance(guid, str) or not guid.strip():
        return None
    guid = guid.strip()
    if is_web_url(guid) and url_key(guid) == url_key(task.url):
        return None
    return identity.guid_key(guid)


def _record_stored(writing: Writing, outcome: PageStored) -> Recorded:
    page = StoredPage.of(outcome)
    if _is_forgotten(writing, page):
        # Its record is written already; it goes with the end of the run (storage.takedown).
        for kept in filter(None, (outcome.capture, outcome.drawn_from, *outcome.pages)):
            add_capture(writing, dataclasses.replace(kept, kind="forgotten"))
        detail = "erased by request"
        frontier.settle(writing.connection, page.task, "refused", writing.now, cause="forgotten",
                        detail=detail)  # fmt: skip
        return Recorded("skipped", "forgotten")
    other = _held_as_other_kind(writing, page)
    if other is not None:
        if outcome.drawn_from is not None:
            add_capture(writing, outcome.drawn_from)
        detail = f"it reads as an {page.kind} now and is held as an {other.kind}"
        return _record_skipped(
            writing, PageSkipped(page.task, "other-kind", detail, outcome.capture)
        )
    capture_id = _insert_capture(writing, _row_of_page(writing, outcome))
    item = _item_for(writing, page)
    duplicate = _duplicate_of(writing, page, item)
    if duplicate is not None:
        # Another address of an article that is held: views differ in trifles (print, AMP), and
        # taking each in turn for a revision would invent a history.
        identity.add_addresses(writing.connection, writing.source_id, duplicate, page.urls,
                               writing.now)  # fmt: skip
        if duplicate.state == "gone":
            # It went from there and is here now.
            _move(writing, duplicate, page.address)
            writing.connection.execute(
                update(Item).where(Item.id == duplicate.id).values(url=page.address)
            )
            _touch(writing, duplicate.id, capture_id)
        frontier.settle(writing.connection, page.task, "done", writing.now, cause="duplicate",
                        detail=f"another address of item {duplicate.id}")  # fmt: skip
        return Recorded("duplicate", item_id=duplicate.id)
    if item is not None and item.state != "stub" and _is_older(writing, item, outcome):
        # Kept as a capture; what the archive knows of the item is younger.
        return Recorded("unchanged", "older", item.id)
    made = False
    if item is None:
        item, made = _create_item(writing, page)
    was_stub = made or item.state == "stub"
    if not made:
        _fill_item(writing, item, page)
    identity.add_addresses(writing.connection, writing.source_id, item, page.urls, writing.now,
                           settled=url_key(page.task.url))  # fmt: skip
    if page.guid is not None:
        row = identity.guid_row(writing.source_id, item.id, page.guid, page.task, writing.now)
        insert_ignore(writing.connection, Address, [row])
    frontier.settle(writing.connection, page.task, "done", writing.now)
    announced = 0
    if outcome.follow:
        announced = frontier.offer(writing.connection, writing.source_id, outcome.follow,
                                   writing.now)  # fmt: skip
    changed, number = contents.add_revision(writing, item.id, capture_id, page.made,
                                            known=not was_stub)  # fmt: skip
    if not changed:
        _touch(writing, item.id, capture_id)
        return Recorded("unchanged", item_id=item.id, announced=announced)
    contents.write(writing, item.id, page.made, capture_id, number, outcome.capture.fetched_at)
    verdict = "new" if was_stub or number == 1 else "revised"
    return Recorded(verdict, item_id=item.id, announced=announced)  # type: ignore[arg-type]


def _held_as_other_kind(writing: Writing, page: StoredPage) -> KnownItem | None:
    """What the archive holds at the page's own addresses, where it is no item of its kind.

    A history goes on in one kind: articles have revisions of articles. Where just its canonical URL
    names something of another kind, the page stays what its own address says.
    """
    connection, source_id = writing.connection, writing.source_id
    met = [(key, item) for key, item in identity.items_at(connection, source_id,
                                                          identity.keys_of(page.urls))
           if item.state != "stub" and item.kind != page.kind]  # fmt: skip
    named = identity.find_item(connection, source_id, page.kind, page.identity, []) if met else None
    if not met or named is not None:
        return None
    own = next((item for key, item in met if key in page.keys), None)
    if own is None:
        page.urls = list(page.outcome.urls)
        if page.identity.startswith("url:"):
            page.identity = f"url:{page.keys[-1]}"
    return own


def _item_for(writing: Writing, page: StoredPage) -> KnownItem | None:
    """The item that the page belongs to, by number, canonical URL or address, if it is known."""
    connection, source_id = writing.connection, writing.source_id
    content = page.outcome.content
    item = identity.find_item(connection, source_id, page.kind, page.identity,
                              identity.keys_of(page.urls))  # fmt: skip
    if item is None and page.guid is not None:
        item = _announced_as(writing, page, page.guid)
    if item is None or item.state == "stub" or not isinstance(content, ArticleContent):
        return item
    elsewhere = page.task.item_id not in (None, item.id)
    if not elsewhere and not identity.is_other_article(connection, item, content, page.keys):
        return item
    # Its canonical URL names another article: it stays what its own address says.
    page.identity, page.urls = f"url:{page.keys[-1]}", list(page.outcome.urls)
    own = identity.find_item(connection, source_id, page.kind, page.identity, page.keys)
    return own if own is None or own.id != item.id or not elsewhere else None


def _announced_as(writing: Writing, page: StoredPage, guid: str) -> KnownItem | None:
    """The item that a feed announced under the same id, where it is the same article.

    Feeds use one id twice, and for whole series; so its headline or text must agree.
    """
    held = identity.items_at(writing.connection, writing.source_id, [guid])
    content = page.outcome.content
    if not held or not isinstance(content, ArticleContent) or held[0][1].kind != "article":
        return None
    item = held[0][1]
    if content.number and item.number and content.number != item.number:
        return None
    other = identity.is_other_article(writing.connection, item, content, page.keys)
    if other:
        return None
    if item.state != "stub" and url_key(item.url) not in page.keys:
        _move(writing, item, page.address)
    return item


def _duplicate_of(writing: Writing, page: StoredPage, item: KnownItem | None) -> KnownItem | None:
    """The article that the page is only another address of."""
    content = page.outcome.content
    if not isinstance(content, ArticleContent):
        return None
    if item is not None and item.state != "stub":
        looked_for = page.task.item_id is not None
        # Found by a feed's id at an address never met: it moved there.
        return None if looked_for or page.keys[-1] == url_key(item.url) else item
    text = page.made.derived
    twin = identity.find_same_text(
        writing.connection, writing.source_id, content.headline, text.word_count, text.digest
    )
    if twin is None or (content.number and twin[1]):
        return None
    row = writing.connection.execute(select(*identity.ITEM_COLUMNS).where(Item.id == twin[0])).one()
    return identity.KnownItem(*row)


def _row_of_page(writing: Writing, outcome: PageStored) -> dict[str, Any]:
    """The row of a page's capture; those of what belongs to it are written first."""
    row = capture_row(writing, outcome.capture)
    if outcome.drawn_from is not None:
        row["refers_to"] = add_capture(writing, outcome.drawn_from)
    for further in outcome.pages:
        add_capture(writing, further)
    return row


def add_capture(writing: Writing, record: CaptureRecord) -> int:
    return _insert_capture(writing, capture_row(writing, record))


def _insert_capture(writing: Writing, row: dict[str, Any]) -> int:
    done = writing.connection.execute(insert(Capture.__table__), row)  # type: ignore[arg-type]
    return int(done.inserted_primary_key[0])  # type: ignore[index]  # the table has one


def capture_row(writing: Writing, record: CaptureRecord) -> dict[str, Any]:
    """The row of a kept exchange."""
    return {
        "source_id": writing.source_id, "run_id": writing.run_id, "url": record.url,
        "key": url_key(record.url), "status": record.status,
        "content_type": record.content_type, "etag": record.etag,
        "last_modified": record.last_modified, "fetched_at": record.fetched_at,
        "file": record.file, "offset": record.offset, "length": record.length,
        "digest": record.digest, "record_id": record.record_id, "kind": record.kind,
        "refers_to": record.refers_to, "rights": record.rights,
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
        taken = identity.find_item(
            writing.connection, writing.source_id, page.kind, page.identity, []
        )
        if taken is None:
            item.identity = page.identity
    item.kind = page.kind
    if item.state == "stub":
        item.url = content.canonical_url or page.address
    elif url_key(item.url) in page.keys[:-1]:
        # Its page redirects now.
        _move(writing, item, page.address)
    if item.state == "gone":
        history.note(writing.connection, item.id, "returned", writing.now, writing.run_id)
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


def _touch(writing: Writing, item_id: int | None, capture_id: int | None = None) -> None:
    """Note that an item was looked at and is there as it was."""
    if item_id is None:
        return
    connection = writing.connection
    state = _note_checked(writing, item_id)
    if state == "gone":
        connection.execute(update(Item).where(Item.id == item_id).values(state="stored"))
        history.note(connection, item_id, "returned", writing.now, writing.run_id)
    if capture_id is not None:
        connection.execute(
            update(Article).where(Article.item_id == item_id).values(capture_id=capture_id)
        )
    connection.execute(_SEEN, {"b_id": item_id, "b_now": writing.now})


def _note_checked(writing: Writing, item_id: int | None) -> str | None:
    """Let an item wait until it is due again; returns its state."""
    row = writing.connection.execute(_STATE, {"item": item_id}).first()
    if row is None:
        return None
    if row.first_fetched_at is not None:
        next_check = next_article_check(row.first_fetched_at, writing.now)
        writing.connection.execute(
            _CHECKED, {"b_id": item_id, "b_now": writing.now, "b_next": next_check}
        )
    return str(row.state)


def _move(writing: Writing, item: KnownItem, url: str) -> None:
    """Note that an item's page is now at ``url``; the caller writes it."""
    history.note(writing.connection, item.id, "moved", writing.now, writing.run_id,
                 f"{item.url} → {url}")  # fmt: skip
    item.url = url
