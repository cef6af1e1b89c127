"""Decides one outcome: new, unchanged, revised, duplicate, skipped, failed or gone.

Pure: it reads the known state and adds to the change of the batch. Each decision updates the known
state, so that the next outcome of the batch sees it.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

from storage.crawl import retries, tombstones
from storage.ingest.decide import announcements, matching, revisions, rows, teasers
from storage.ingest.page import StoredPage
from storage.text.urls import url_key
from storage.types.content import Article
from storage.types.pages import PageFailed, PageSkipped, PageUnchanged, Recorded

if TYPE_CHECKING:
    from storage.ingest.decide.plan import Plan
    from storage.ingest.known import KnownItem
    from storage.types.pages import Task

_RETRY_AFTER = timedelta(hours=1)
# Kinds of page that, in place of an article, say that it is gone.
_SOFT_404 = frozenset({"error", "home"})


def decide(plan: Plan, outcome: StoredPage | PageUnchanged | PageSkipped | PageFailed) -> Recorded:
    """Decide what one outcome changes; a created item has a number below zero."""
    if isinstance(outcome, StoredPage):
        return _decide_stored(plan, outcome)
    if isinstance(outcome, PageUnchanged):
        return _decide_unchanged(plan, outcome)
    if isinstance(outcome, PageSkipped):
        return _decide_skipped(plan, outcome)
    return _decide_failed(plan, outcome)


def _checked_item(plan: Plan, task: Task) -> KnownItem | None:
    """Return the item that a task rechecks; ``None`` for a new candidate."""
    return None if task.item_id is None else plan.known.items.get(task.item_id)


def _decide_unchanged(plan: Plan, unchanged: PageUnchanged) -> Recorded:
    if unchanged.capture is not None:
        plan.add_capture(unchanged.capture)
    item = _checked_item(plan, unchanged.task)
    if item is not None:
        plan.touch(item)
    plan.settle(unchanged.task.candidate_id, "done")
    return Recorded("unchanged", item_id=unchanged.task.item_id)


def _decide_skipped(plan: Plan, skipped: PageSkipped) -> Recorded:
    if skipped.capture is not None:
        plan.add_capture(skipped.capture)
    task = skipped.task
    if task.candidate_id is not None and skipped.cause in _SOFT_404:
        # As a 404: feeds often announce a page shortly before it exists.
        plan.retry_later(task.candidate_id, skipped.cause, skipped.detail, "skipped")
        return Recorded("skipped", skipped.cause)
    plan.settle(task.candidate_id, "skipped", skipped.cause, skipped.detail)
    item = _checked_item(plan, task)
    # A wall or a soft 404 in an article's place never replaces what the archive holds of it.
    if task.item_id is not None and skipped.cause in _SOFT_404:
        if item is not None:
            plan.note_gone(item, f"soft 404: {skipped.detail}")
        return Recorded("gone", skipped.cause, task.item_id)
    if item is not None:
        plan.note_checked(item)
    return Recorded("skipped", skipped.cause, task.item_id)


def _decide_failed(plan: Plan, failed: PageFailed) -> Recorded:
    task = failed.task
    if task.item_id is not None:
        return _decide_failed_check(plan, failed, task.item_id)
    if failed.cause == "robots":
        # The site's word is an answer, not a failure; `crawl --url` asks again.
        plan.settle(task.candidate_id, "refused", failed.cause, failed.detail)
        return Recorded("skipped", failed.cause)
    if retries.is_final(failed.cause, final=failed.final):
        state = "refused" if failed.cause == "address-refused" else "failed"
        plan.settle(task.candidate_id, state, failed.cause, failed.detail)
    else:
        plan.retry_later(task.candidate_id, failed.cause, failed.detail)
    return Recorded("failed", failed.cause)


def _decide_failed_check(plan: Plan, failed: PageFailed, item_id: int) -> Recorded:
    """Decide a recheck that failed: the item is gone, or is checked again later."""
    item = _checked_item(plan, failed.task)
    if failed.cause in ("http-404", "http-410"):
        if item is not None:
            plan.note_gone(item, failed.detail)
        return Recorded("gone", failed.cause, item_id)
    if item is not None:
        plan.check_at(item, plan.now + _RETRY_AFTER)
    return Recorded("skipped" if failed.cause == "robots" else "failed", failed.cause, item_id)


def _decide_stored(plan: Plan, page: StoredPage) -> Recorded:
    outcome = page.outcome
    erased = _erased(plan, page)
    if erased:
        return _decide_forgotten(plan, page, erased)
    other = matching.held_as_other_kind(plan.known, page)
    if other is not None:
        if outcome.rendered_from is not None:
            plan.add_capture(outcome.rendered_from)
        detail = f"it reads as an {page.kind} now and is held as an {other.kind}"
        return _decide_skipped(plan, PageSkipped(page.task, "other-kind", detail, outcome.capture))
    capture_id = _add_captures(plan, page)
    match = matching.item_for(plan.known, page)
    duplicate = matching.duplicate_of(plan.known, page, match)
    if duplicate is not None:
        return _decide_duplicate(plan, page, duplicate, capture_id)
    item = match.item
    older = item is not None and item.state != "stub" and matching.is_older(item, page)
    if item is not None and older and not _is_fuller(item, page):
        # Kept as a capture; what the archive knows of the item is younger.
        return Recorded("unchanged", "older", item.id)
    if item is not None and match.moved:
        plan.move(item, page.address)
    return _decide_item(plan, page, item, capture_id, older=older)


def _erased(plan: Plan, page: StoredPage) -> list[tuple[str, str]]:
    """Return what takedowns erased of a page, at any of its URLs: (kind, value)."""
    erased = plan.known.erased
    if erased is None:
        return []
    guids = tombstones.keys_of_guid(page.task.hints.get("guid"))
    return erased.of_page(
        [*page.all_keys, *guids],
        page.kind,
        page.identity,
        page.extracted.derived.digest,
        page.title,
    )


def _decide_forgotten(plan: Plan, page: StoredPage, found: list[tuple[str, str]]) -> Recorded:
    """Store nothing of a page that shows erased content; add its URLs to the takedown."""
    # Its record is written already; it goes with the end of the run (storage.maintenance.takedown).
    captures = (page.outcome.capture, page.outcome.rendered_from, *page.outcome.pages)
    for kept in filter(None, captures):
        plan.add_capture(dataclasses.replace(kept, kind="forgotten"))
    keys = page.all_keys
    further = [*keys, *tombstones.keys_of_guid(page.task.hints.get("guid"))]
    plan.change.refound.append((found, further))
    if plan.known.erased is not None:
        plan.known.erased.address.update(further)
    for key in keys:
        plan.drop_candidate(key)
    return Recorded("skipped", "forgotten")


def _decide_duplicate(
    plan: Plan, page: StoredPage, duplicate: KnownItem, capture_id: int
) -> Recorded:
    """Store another URL of a known article.

    Print and AMP views differ in details; storing each as a revision would invent a history.
    """
    plan.add_addresses(duplicate, page.urls)
    if duplicate.state == "gone":
        # It went from there and is here now.
        plan.move(duplicate, page.address)
        plan.touch(duplicate, capture_id)
    plan.settle_duplicate(page.task.candidate_id, duplicate)
    return Recorded("duplicate", item_id=duplicate.id)


def _decide_item(
    plan: Plan, page: StoredPage, item: KnownItem | None, capture_id: int, *, older: bool
) -> Recorded:
    """Create or update an item; ``older``: the page was fetched before its newest revision."""
    if item is None:
        # Another page of the batch may have created it.
        item = plan.known.find(page.kind, page.identity, ())
    is_new = item is None or item.state == "stub"
    fuller = None if item is None or is_new else teasers.held_over(item, page.extracted)
    if item is None:
        item = _create_item(plan, page)
    else:
        _fill_item(plan, item, page, entitled=fuller is None)
    plan.add_addresses(item, page.urls, settled=url_key(page.task.url))
    if page.guid is not None and page.guid not in plan.known.at:
        plan.add_address(item, page.guid, str(page.task.hints["guid"])[:2_000])
    plan.settle(page.task.candidate_id, "done")
    announced = announcements.offer(plan, page.outcome.follow) if page.outcome.follow else 0
    if fuller is not None:
        teasers.note_teaser(plan, item, page.extracted, fuller)
        plan.touch(item, capture_id)
        return Recorded("unchanged", "teaser", item.id, announced)
    return _decide_revision(plan, page, item, capture_id, announced, known=not is_new, older=older)


def _decide_revision(
    plan: Plan,
    page: StoredPage,
    item: KnownItem,
    capture_id: int,
    announced: int,
    *,
    known: bool,
    older: bool,
) -> Recorded:
    if known and not older and isinstance(page.outcome.content, Article):
        teasers.note_full(plan, item, page.extracted)
    changed, number = revisions.add_revision(plan, item, capture_id, page.extracted)
    if not changed:
        plan.touch(item, capture_id)
        return Recorded("unchanged", item_id=item.id, announced=announced)
    fetched_at = page.outcome.capture.fetched_at
    rows.put_content(plan, item, page.extracted, capture_id, number, fetched_at)
    if older:
        plan.note(item, "teaser", "the fuller text was imported")
    is_new = not known or number == 1
    return Recorded("new" if is_new else "revised", item_id=item.id, announced=announced)


def _is_fuller(item: KnownItem, page: StoredPage) -> bool:
    """Return whether a page has the full text of an article that is stored as a teaser."""
    content = page.outcome.content
    return isinstance(content, Article) and teasers.is_fuller(item, content)


def _add_captures(plan: Plan, page: StoredPage) -> int:
    """Add the capture of a page after those it depends on; return its number."""
    outcome = page.outcome
    response = None if outcome.rendered_from is None else plan.add_capture(outcome.rendered_from)
    for further in outcome.pages:
        plan.add_capture(further)
    return plan.add_capture(outcome.capture, response)


def _create_item(plan: Plan, page: StoredPage) -> KnownItem:
    content = page.outcome.content
    return plan.create(
        page.kind,
        page.identity,
        content.canonical_url or page.address,
        state="stored",
        number=content.number,
        title=page.title,
    )


def _fill_item(plan: Plan, item: KnownItem, page: StoredPage, *, entitled: bool) -> None:
    """Update an item from its page; ``entitled``: its title too."""
    content, before = page.outcome.content, item.columns
    identity = item.identity
    renamed = item.state == "stub" or page.identity.startswith("number:")
    if renamed and plan.known.find(page.kind, page.identity, ()) is None:
        identity = page.identity
    if (item.kind, item.identity) != (page.kind, identity):
        plan.known.rename(item, page.kind, identity)
    if item.state == "stub":
        item.url = content.canonical_url or page.address
    elif url_key(item.url) in page.keys[:-1]:
        # Its page redirects now.
        plan.move(item, page.address)
    if item.state == "gone":
        plan.note(item, "returned")
    item.state = "stored"
    item.number = content.number or item.number
    item.title = page.title if entitled or not item.title else item.title
    plan.seen(item)
    if item.columns != before:
        plan.changed(item)
