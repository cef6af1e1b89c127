"""The steps of a decision: each updates the known state and the intended change.

No database here. The next page of the batch sees the effects of each step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from storage.crawl.retries import MAX_ATTEMPTS
from storage.crawl.revisit import next_article_check
from storage.ingest.change import AddressRow, CaptureRow, Change, EventRow, IngestBatch, LinkRow
from storage.ingest.known import Known, KnownItem, WallEvent
from storage.text.urls import url_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from storage.ingest.known import KnownArticle, KnownCandidate
    from storage.types.pages import CaptureRecord

_LONGEST_DETAIL = 500


@dataclass(slots=True)
class Plan:
    """The known state of one batch, and its intended change."""

    known: Known
    batch: IngestBatch
    change: Change = field(init=False)
    # Links of this batch that lead nowhere yet, by the key of the URL.
    open_links: dict[str, list[LinkRow]] = field(default_factory=dict)
    # Numbers for the items that are made, below zero.
    _new_ids: Iterator[int] = field(default_factory=partial(count, -1, -1))

    def __post_init__(self) -> None:
        """Begin with an empty change."""
        self.change = Change(self.batch.source_id)

    @property
    def now(self) -> datetime:
        """Return the time of the batch."""
        return self.batch.now

    def add_capture(self, record: CaptureRecord, refers_to: int | None = None) -> int:
        """Add a capture; return its number in the batch."""
        number = -1 - len(self.change.captures)
        row: CaptureRow = {
            "number": number,
            "source_id": self.batch.source_id,
            "run_id": self.batch.run_id,
            "url": record.url,
            "key": url_key(record.url),
            "status": record.status,
            "content_type": record.content_type,
            "etag": record.etag,
            "last_modified": record.last_modified,
            "fetched_at": record.fetched_at,
            "file": record.file,
            "offset": record.offset,
            "length": record.length,
            "digest": record.digest,
            "record_id": record.record_id,
            "kind": record.kind,
            "refers_to": record.refers_to if refers_to is None else refers_to,
            "rights": record.rights,
        }
        self.change.captures.append(row)
        return number

    def create(
        self,
        kind: str,
        identity: str,
        url: str,
        *,
        state: str = "stub",
        number: str | None = None,
        title: str | None = None,
    ) -> KnownItem:
        """Create an item whose identity is not taken."""
        new_id = next(self._new_ids)
        item = KnownItem(new_id, kind, state, identity, url, number, title, None, self.now)
        item.seen_at = self.now
        self.change.created[item.id] = item
        return self.known.add(item)

    def changed(self, item: KnownItem) -> None:
        """Mark an item's row for writing."""
        if item.id > 0:
            self.change.items[item.id] = item

    def seen(self, item: KnownItem) -> None:
        """Mark an item as seen now."""
        item.seen_at = self.now
        if item.id > 0:
            self.change.seen[item.id] = self.now

    def note(
        self, item: KnownItem, kind: str, detail: str | None = None, at: datetime | None = None
    ) -> None:
        """Add an event: ``gone``, ``returned``, ``moved``, ``teaser`` or ``full``."""
        row: EventRow = {
            "item_id": item.id,
            "kind": kind,
            "at": at or self.now,
            "run_id": self.batch.run_id,
            "detail": detail[:_LONGEST_DETAIL] if detail else None,
        }
        self.change.events.append(row)
        newest = item.wall is None or row["at"] >= item.wall.at
        if kind in ("teaser", "full") and newest:
            item.wall = WallEvent(row["at"], kind, row["detail"])

    def move(self, item: KnownItem, url: str) -> None:
        """Record that an item's page is now at ``url``."""
        self.note(item, "moved", f"{item.url} → {url}")
        item.url = url
        self.changed(item)

    def touch(self, item: KnownItem, capture_id: int | None = None) -> None:
        """Record that an item was checked and has not changed."""
        self.note_checked(item)
        if item.state == "gone":
            item.state = "stored"
            self.note(item, "returned")
            self.changed(item)
        if capture_id is not None and item.article is not None:
            item.article.capture_id = capture_id
        self.seen(item)

    def note_checked(self, item: KnownItem) -> None:
        """Schedule the next check of a checked item."""
        if item.article is not None:
            item.article.checked_at = self.now
            item.article.next_check_at = next_article_check(item.article.first_fetched_at, self.now)
            self._checked(item, item.article)

    def check_at(self, item: KnownItem, at: datetime) -> None:
        """Make an item due at a given time."""
        if item.article is not None:
            item.article.next_check_at = at
            self._checked(item, item.article)
        elif item.id > 0:
            # Only linked to: what its row says was not looked up.
            self.change.due.add(item.id)

    def _checked(self, item: KnownItem, article: KnownArticle) -> None:
        if article.is_stored:
            self.change.checked[item.id] = article

    def note_gone(self, item: KnownItem, detail: str) -> None:
        """Record that a page is gone; its content stays stored, and the page may return."""
        if item.state == "stored":
            item.state = "gone"
            self.note(item, "gone", detail)
            self.changed(item)
        self.note_checked(item)

    def add_address(self, item: KnownItem, key: str, url: str) -> None:
        """Add a new URL to an item."""
        row: AddressRow = {
            "source_id": self.batch.source_id,
            "key": key,
            "url": url,
            "item_id": item.id,
            "first_seen_at": self.now,
        }
        self.change.addresses.append(row)
        self.known.at[key] = item

    def add_addresses(
        self, item: KnownItem, urls: Iterable[str], *, settled: str | None = None
    ) -> None:
        """Add ``urls`` to ``item``; stubs at these URLs become part of it.

        Candidates at these URLs are done, because their page is stored; ``settled`` is the key of
        the candidate that the caller settles.
        """
        by_key: dict[str, str] = {}
        for url in urls:
            by_key.setdefault(url_key(url), url)
        for _, other in self.known.items_at(by_key):
            if other.id != item.id and other.state == "stub":
                self.absorb(item, other)
        fresh = [key for key in by_key if key not in self.known.at]
        for key in fresh:
            self.add_address(item, key, by_key[key])
        if item.state == "stub":
            return
        for key in by_key:
            candidate = self.known.candidates.get(key)
            if key != settled and candidate is not None and candidate.state == "pending":
                candidate.state, candidate.settled_at = "done", self.now
                self._settled(candidate)
        if fresh:
            self.join_links(by_key, item)

    def join_links(self, keys: Iterable[str], item: KnownItem) -> None:
        """Make links that were stored before ``item`` lead to it."""
        for key in keys:
            waiting = self.known.waiting.get(key, [])
            for link in waiting:
                if link.item_id != item.id:
                    self.change.joined[link.id] = item.id
            waiting[:] = [link for link in waiting if link.item_id == item.id]
            rows = self.open_links.pop(key, [])
            for row in rows:
                if row["item_id"] != item.id:
                    row["target_id"] = item.id
            own = [row for row in rows if row["item_id"] == item.id]
            if own:
                self.open_links[key] = own

    def absorb(self, item: KnownItem, stub: KnownItem) -> None:
        """Make a stub part of ``item``; links and mentions of the stub move to the item."""
        self.change.absorbed[stub.id] = item.id
        self.change.created.pop(stub.id, None)
        self.change.items.pop(stub.id, None)
        self.change.seen.pop(stub.id, None)
        self.known.drop(stub, item)
        item.teaser = item.teaser or stub.teaser
        item.first_seen_at = min(item.first_seen_at, stub.first_seen_at)
        self.changed(item)

    def settle(
        self,
        candidate_id: int | None,
        state: str,
        cause: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Close a candidate: ``done``, ``skipped``, ``failed`` or ``refused``."""
        candidate = None if candidate_id is None else self.known.tasks.get(candidate_id)
        if candidate is not None:
            candidate.state, candidate.cause = state, cause
            candidate.detail = detail[:_LONGEST_DETAIL] if detail else None
            candidate.settled_at, candidate.duplicate_of = self.now, None
            self._settled(candidate)

    def settle_duplicate(self, candidate_id: int | None, item: KnownItem) -> None:
        """Close a candidate whose page is another URL of an item."""
        self.settle(candidate_id, "done", "duplicate")
        candidate = None if candidate_id is None else self.known.tasks.get(candidate_id)
        if candidate is not None:
            candidate.duplicate_of = item.id

    def drop_candidate(self, key: str) -> None:
        """Delete the candidate of a URL."""
        self.change.dropped.add(key)
        if self.known.candidates.pop(key, None) is not None:
            self.change.announced = [one for one in self.change.announced if one[1].key != key]

    def retry_later(
        self, candidate_id: int | None, cause: str, detail: str, state: str = "failed"
    ) -> None:
        """Count a temporary failure; after the last attempt the candidate gets ``state``."""
        candidate = None if candidate_id is None else self.known.tasks.get(candidate_id)
        if candidate is not None:
            candidate.attempts += 1
            if candidate.attempts >= MAX_ATTEMPTS:
                candidate.state = state
            candidate.cause, candidate.detail = cause, detail[:_LONGEST_DETAIL]
            candidate.settled_at = self.now
            self._settled(candidate)

    def _settled(self, candidate: KnownCandidate) -> None:
        if candidate.id:
            self.change.settled[candidate.id] = candidate

    def cut_history(self, item: KnownItem, last: int) -> None:
        """Drop an item's revisions after number ``last``."""
        item.history.cut(last)
        self.change.cut[item.id] = last
        self.change.revisions = [
            row
            for row in self.change.revisions
            if row["item_id"] != item.id or row["number"] <= last
        ]
