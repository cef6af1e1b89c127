"""What becomes of one fetched page: new, unchanged, revised, duplicate, skipped, failed, gone."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from storage.crawl import frontier, retries, tombstones
from storage.crawl.revisit import next_article_check
from storage.database.engine import insert_ignore
from storage.ingest import history, identity, revisions, rows, teasers
from storage.ingest.matching import (
    _duplicate_of,
    _held_as_other_kind,
    _is_fuller,
    _is_older,
    _item_for,
    _move,
)
from storage.ingest.stored_page import StoredPage
from storage.models import Address, Article, Candidate, Capture, Item
from storage.text.urls import url_key
from storage.types.content import Article as ArticleContent
from storage.types.pages import PageFailed, PageSkipped, PageStored, PageUnchanged, Recorded

if TYPE_CHECKING:
    from storage.ingest.batch import Writing
    from storage.ingest.identity import KnownItem
    from storage.types.pages import CaptureRecord, Outcome

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
        frontier.settle_task(writing.connection, outcome.task, "done", writing.now)
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
        frontier.schedule_retry(writing.connection, task, writing.now, cause=skipped.cause,
                             detail=skipped.detail, state="skipped")  # fmt: skip
        return Recorded("skipped", skipped.cause)
    frontier.settle_task(writing.connection, task, "skipped", writing.now,
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
        frontier.settle_task(connection, task, "refused", writing.now, cause=failed.cause,
                        detail=failed.detail)  # fmt: skip
        return Recorded("skipped", failed.cause)
    if retries.is_final(failed.cause, final=failed.final):
        state = "refused" if failed.cause == "address-refused" else "failed"
        frontier.settle_task(connection, task, state, writing.now, cause=failed.cause,
                        detail=failed.detail)  # fmt: skip
    else:
        frontier.schedule_retry(connection, task, writing.now, cause=failed.cause,
                             detail=failed.detail)  # fmt: skip
    return Recorded("failed", failed.cause)


def _note_gone(writing: Writing, item_id: int, detail: str) -> None:
    """The page is no more; what the archive holds of it stays, and it may come back."""
    vanished = update(Item).where(Item.id == item_id, Item.state == "stored").values(state="gone")
    if writing.connection.execute(vanished).rowcount:
        history.note(writing.connection, item_id, "gone", writing.now, writing.run_id, detail)
    _note_checked(writing, item_id)


def _record_forgotten(writing: Writing, page: StoredPage, found: list[tuple[str, str]]) -> Recorded:
    """Keep nothing of a page that shows what was erased, and know its addresses from now on."""
    # Its record is written already; it goes with the end of the run (storage.maintenance.takedown).
    captures = (page.outcome.capture, page.outcome.rendered_from, *page.outcome.pages)
    for kept in filter(None, captures):
        add_capture(writing, dataclasses.replace(kept, kind="forgotten"))
    keys = page.all_keys
    guids = tombstones.keys_of_guid(page.task.hints.get("guid"))
    tombstones.extend_takedown(writing.connection, found, [*keys, *guids])
    writing.connection.execute(
        delete(Candidate).where(
            Candidate.source_id == writing.source_id, Candidate.key.in_(set(keys))
        )
    )
    return Recorded("skipped", "forgotten")


def _record_stored(writing: Writing, outcome: PageStored) -> Recorded:
    page = StoredPage.of(outcome)
    forgotten = page.forgotten(writing)
    if forgotten:
        return _record_forgotten(writing, page, forgotten)
    other = _held_as_other_kind(writing, page)
    if other is not None:
        if outcome.rendered_from is not None:
            add_capture(writing, outcome.rendered_from)
        detail = f"it reads as an {page.kind} now and is held as an {other.kind}"
        return _record_skipped(
            writing, PageSkipped(page.task, "other-kind", detail, outcome.capture)
        )
    capture_id = _insert_capture(writing, _row_of_page(writing, outcome))
    item = _item_for(writing, page)
    duplicate = _duplicate_of(writing, page, item)
    if duplicate is not None:
        return _record_duplicate(writing, page, duplicate, capture_id)
    older = item is not None and item.state != "stub" and _is_older(writing, item, outcome)
    if item is not None and older and not _is_fuller(writing, item, page):
        # Kept as a capture; what the archive knows of the item is younger.
        return Recorded("unchanged", "older", item.id)
    return _record_item(writing, page, item, capture_id, older=older)


def _record_duplicate(
    writing: Writing, page: StoredPage, duplicate: KnownItem, capture_id: int
) -> Recorded:
    """Keep another address of an article that is held.

    Views differ in trifles (print, AMP): taking each in turn for a revision would invent a history.
    """
    identity.add_addresses(writing.connection, writing.source_id, duplicate, page.urls, writing.now)
    if duplicate.state == "gone":
        # It went from there and is here now.
        _move(writing, duplicate, page.address)
        writing.connection.execute(
            update(Item).where(Item.id == duplicate.id).values(url=page.address)
        )
        _touch(writing, duplicate.id, capture_id)
    frontier.settle_task(writing.connection, page.task, "done", writing.now, cause="duplicate",
                    detail=f"another address of item {duplicate.id}")  # fmt: skip
    return Recorded("duplicate", item_id=duplicate.id)


def _record_item(
    writing: Writing, page: StoredPage, item: KnownItem | None, capture_id: int, *, older: bool
) -> Recorded:
    """Make of an item what its page says; ``older``: it was fetched before what is held of it."""
    outcome, made = page.outcome, False
    if item is None:
        item, made = _create_item(writing, page)
    was_stub = made or item.state == "stub"
    fuller = None if was_stub else teasers.held_over(writing.connection, item.id, page.made)
    if not made:
        _fill_item(writing, item, page, entitled=fuller is None)
    identity.add_addresses(writing.connection, writing.source_id, item, page.urls, writing.now,
                           settled=url_key(page.task.url))  # fmt: skip
    if page.guid is not None:
        row = identity.guid_row(writing.source_id, item.id, page.guid, page.task, writing.now)
        insert_ignore(writing.connection, Address, [row])
    frontier.settle_task(writing.connection, page.task, "done", writing.now)
    announced = 0
    if outcome.follow:
        announced = frontier.add_announcements(
                                   writing.connection, writing.source_id, outcome.follow,
                                   writing.now)  # fmt: skip
    if fuller is not None:
        teasers.note_teaser(writing, item.id, page.made, fuller)
        _touch(writing, item.id, capture_id)
        return Recorded("unchanged", "teaser", item.id, announced)
    return _record_revision(writing, page, item, capture_id, announced,
                            known=not was_stub, older=older)  # fmt: skip


def _record_revision(
    writing: Writing, page: StoredPage, item: KnownItem, capture_id: int, announced: int,
    *, known: bool, older: bool,
) -> Recorded:  # fmt: skip
    if known and not older and isinstance(page.outcome.content, ArticleContent):
        teasers.note_full(writing, item.id, page.made)
    changed, number = revisions.add_revision(writing, item.id, capture_id, page.made, known=known)
    if not changed:
        _touch(writing, item.id, capture_id)
        return Recorded("unchanged", item_id=item.id, announced=announced)
    rows.write(writing, item.id, page.made, capture_id, number, page.outcome.capture.fetched_at)
    if older:
        history.note(writing.connection, item.id, "teaser", writing.now, writing.run_id,
                     "the fuller text was imported")  # fmt: skip
    verdict = "new" if not known or number == 1 else "revised"
    return Recorded(verdict, item_id=item.id, announced=announced)  # type: ignore[arg-type]


def _row_of_page(writing: Writing, outcome: PageStored) -> dict[str, Any]:
    """The row of a page's capture; those of what belongs to it are written first."""
    row = capture_row(writing, outcome.capture)
    if outcome.rendered_from is not None:
        row["refers_to"] = add_capture(writing, outcome.rendered_from)
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
    stored = {"state": "stored", "number": content.number, "title": page.title}
    return identity.create_item(writing.connection, writing.source_id, page.kind, page.identity,
                                url, writing.now, stored)  # fmt: skip


def _fill_item(
    writing: Writing, item: KnownItem, page: StoredPage, *, entitled: bool = True
) -> None:
    """Make an item what its page says it is; ``entitled``: its title too."""
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
    item.title = page.title if entitled or not item.title else item.title
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
