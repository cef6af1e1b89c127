"""The intended change of one batch, in memory: rows to insert, columns to set.

Deciding fills it (:mod:`storage.ingest.decide`), writing turns it into statements
(:mod:`storage.ingest.write`). Items and captures made in the batch have numbers below zero here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

if TYPE_CHECKING:
    from datetime import datetime

    from storage.ingest.known import KnownArticle, KnownCandidate, KnownItem
    from storage.ingest.page import ExtractedPage


class CaptureRow(TypedDict):
    """A row of ``captures``; ``number`` stands for its id until it is written."""

    number: int
    source_id: int
    run_id: int | None
    url: str
    key: str
    status: int
    content_type: str | None
    etag: str | None
    last_modified: str | None
    fetched_at: datetime
    file: str
    offset: int
    length: int
    digest: str
    record_id: str
    kind: str
    refers_to: int | None
    rights: dict[str, Any] | None


class AddressRow(TypedDict):
    """A row of ``addresses``."""

    source_id: int
    key: str
    url: str
    item_id: int
    first_seen_at: datetime


class RevisionRow(TypedDict):
    """A row of ``revisions``."""

    item_id: int
    number: int
    capture_id: int
    seen_at: datetime
    extractor: str
    digest: str
    content: dict[str, Any] | None
    delta: dict[str, Any] | None
    changed: list[str]
    origin: str
    silent: bool


class EventRow(TypedDict):
    """A row of ``events``."""

    item_id: int
    kind: str
    at: datetime
    run_id: int | None
    detail: str | None


class LinkRow(TypedDict):
    """A row of ``links``."""

    item_id: int
    position: int
    relation: str
    url: str
    key: str
    target_id: int | None
    anchor: str | None
    teaser: str | None
    kind: str | None
    number: str | None
    published_at: datetime | None
    published_offset: int | None
    published_zoned: bool


class MentionRow(TypedDict):
    """A row of ``mentions``."""

    item_id: int
    position: int
    entry_id: int | None
    anchor: str
    full_name: str | None
    expansion: str | None
    kind: str
    url: str | None
    block: int
    start: int
    end: int


class ShownRow(TypedDict):
    """A row of ``article_media``, with the URL of what is shown in place of its id."""

    item_id: int
    url: str
    position: int
    caption: str | None
    credit: str | None
    alternative_text: str | None


class NameRow(TypedDict):
    """A row of ``entry_names``."""

    item_id: int
    key: str
    name: str


class CandidateRow(TypedDict):
    """A row of ``candidates``: a page that was not announced before."""

    source_id: int
    endpoint_id: int | None
    key: str
    url: str
    kind: str
    depth: int
    found_at: datetime


class Pointers(NamedTuple):
    """Everything that an item's content points to."""

    links: list[LinkRow]
    mentions: list[MentionRow]
    shown: list[ShownRow]


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """An article's row as a page of the batch gives it; ``is_new``: it had none before.

    ``article`` is what the batch knows of it: later pages of the batch may have checked it again.
    """

    values: dict[str, Any]
    page: ExtractedPage
    article: KnownArticle
    is_new: bool


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A directory entry's row as a page of the batch gives it; ``is_new``: it had none before."""

    values: dict[str, Any]
    is_new: bool


@dataclass(frozen=True, slots=True)
class IngestBatch:
    """The source, the run and the time of one batch."""

    source_id: int
    run_id: int | None
    now: datetime


@dataclass(slots=True)
class Change:
    """The intended change of one batch."""

    source_id: int
    captures: list[CaptureRow] = field(default_factory=list)
    # Items that are made, and known ones of which some column changes.
    created: dict[int, KnownItem] = field(default_factory=dict)
    items: dict[int, KnownItem] = field(default_factory=dict)
    seen: dict[int, datetime] = field(default_factory=dict)
    # Stubs, each with the item that it becomes part of.
    absorbed: dict[int, int] = field(default_factory=dict)
    addresses: list[AddressRow] = field(default_factory=list)
    articles: dict[int, ArticleChange] = field(default_factory=dict)
    entries: dict[int, EntryChange] = field(default_factory=dict)
    # Articles that were looked at: when they are due again, and their newest capture.
    checked: dict[int, KnownArticle] = field(default_factory=dict)
    # Items whose extractor is another now, though nothing else is.
    reread_articles: dict[int, str] = field(default_factory=dict)
    reread_entries: dict[int, str] = field(default_factory=dict)
    due: set[int] = field(default_factory=set)
    revisions: list[RevisionRow] = field(default_factory=list)
    # Items of which the revisions after a number go.
    cut: dict[int, int] = field(default_factory=dict)
    events: list[EventRow] = field(default_factory=list)
    pointers: dict[int, Pointers] = field(default_factory=dict)
    # Pictures and attachments that were met, with their kinds.
    media: dict[str, str] = field(default_factory=dict)
    # Items that had pointers before.
    replaced: set[int] = field(default_factory=set)
    # Stored links, each with the item that it leads to now.
    joined: dict[int, int] = field(default_factory=dict)
    names: dict[int, list[NameRow]] = field(default_factory=dict)
    further_names: list[NameRow] = field(default_factory=list)
    # Candidates: announced first in this batch, settled, announced again, to be forgotten.
    announced: list[tuple[CandidateRow, KnownCandidate]] = field(default_factory=list)
    settled: dict[int, KnownCandidate] = field(default_factory=dict)
    woken: dict[int, KnownCandidate] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    # (kind, value) of what was erased and was met again, with the keys of where it was met.
    refound: list[tuple[list[tuple[str, str]], list[str]]] = field(default_factory=list)
