"""The stored state that one batch may concern, in memory.

:mod:`storage.ingest.lookup` reads it in a fixed number of queries. Each decision updates it, so
that a page sees the earlier pages of its batch as if they had been written.
Items made in the batch have numbers below zero until they are written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from storage.text.json_delta import Content, apply_delta

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from storage.ingest.erased import Erased
    from storage.types.pages import Origin


@dataclass(slots=True)
class KnownArticle:
    """The columns of an article's current row that decisions need."""

    headline: str
    first_fetched_at: datetime
    checked_at: datetime | None
    next_check_at: datetime | None
    capture_id: int | None
    revision: int
    rights: tuple[str, ...] = ()
    # Where the index has it in the database; a key that it gets in this batch is not known yet.
    search_key: int | None = None
    # Whether it has a row in the database yet.
    is_stored: bool = True


class KnownRevision(NamedTuple):
    """A revision as stored: the whole content, or the difference from the one before."""

    number: int
    content: Content | None
    delta: Content | None
    seen_at: datetime
    capture_id: int
    extractor: str
    origin: Origin


@dataclass(slots=True)
class History:
    """An item's revisions in their order."""

    revisions: list[KnownRevision] = field(default_factory=list)
    _contents: dict[int, Content] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether there is a revision."""
        return bool(self.revisions)

    @property
    def number(self) -> int:
        """Return the number of the newest revision; 0 if there is none."""
        return self.revisions[-1].number if self.revisions else 0

    @property
    def newest_at(self) -> datetime | None:
        """Return when the newest revision was seen."""
        return max((one.seen_at for one in self.revisions), default=None)

    def contents(self) -> dict[int, Content]:
        """The content of every revision by its number."""
        last: Content = {}
        for one in self.revisions:
            if one.number not in self._contents:
                made = (
                    one.content if one.content is not None else apply_delta(last, one.delta or {})
                )
                self._contents[one.number] = made
            last = self._contents[one.number]
        return self._contents

    def last(self) -> tuple[int, Content] | None:
        """Return number and content of the newest revision, or ``None``."""
        return (self.number, self.contents()[self.number]) if self.revisions else None

    def add(self, revision: KnownRevision, content: Content) -> None:
        """Add a revision of this batch, whose whole content is ``content``."""
        self.revisions.append(revision)
        self._contents[revision.number] = content

    def cut(self, last: int) -> None:
        """Drop the revisions after number ``last``."""
        self.revisions = [one for one in self.revisions if one.number <= last]


class WallEvent(NamedTuple):
    """The newest event that says whether an article is behind a wall."""

    at: datetime
    kind: str
    detail: str | None


@dataclass(slots=True)
class KnownItem:
    """An item; ``history`` is that of an item that a page of the batch may belong to."""

    id: int
    kind: str
    state: str
    identity: str
    url: str
    number: str | None
    title: str | None
    teaser: str | None
    first_seen_at: datetime
    # When it was last seen, where that is in this batch.
    seen_at: datetime | None = None
    article: KnownArticle | None = None
    has_entry: bool = False
    history: History = field(default_factory=History)
    wall: WallEvent | None = None

    @property
    def columns(self) -> tuple[object, ...]:
        """Return what a page can change of the item's row, apart from when it was seen."""
        return (self.kind, self.state, self.identity, self.url, self.number, self.title)

    @property
    def has_content(self) -> bool:
        """Return whether the item is stored; only then are there rows to replace."""
        return self.has_entry or (self.article is not None and self.article.is_stored)

    @property
    def order(self) -> tuple[bool, bool, int]:
        """Return the sort key: stubs last, then in the order of creation."""
        return self.state == "stub", self.id < 0, abs(self.id)


class WaitingLink(NamedTuple):
    """A stored link whose target is not known yet."""

    id: int
    item_id: int


class Twin(NamedTuple):
    """An article with a given text."""

    item_id: int
    headline: str


@dataclass(slots=True)
class KnownCandidate:
    """A page of the frontier; ``id`` is 0 where it was announced in this batch."""

    id: int
    key: str
    state: str
    attempts: int
    cause: str | None
    detail: str | None
    settled_at: datetime | None
    modified_at: datetime | None
    published_at: datetime | None
    hints: dict[str, Any] | None
    # The item that its page is another URL of; ``detail`` says so.
    duplicate_of: int | None = None


@dataclass(slots=True)
class Known:
    """The looked-up state of one source."""

    items: dict[int, KnownItem] = field(default_factory=dict)
    # The items that keys of URLs lead to, and items by kind and identity.
    at: dict[str, KnownItem] = field(default_factory=dict)
    named: dict[tuple[str, str], KnownItem] = field(default_factory=dict)
    # Articles by the digest of their words.
    texts: dict[str, list[Twin]] = field(default_factory=dict)
    candidates: dict[str, KnownCandidate] = field(default_factory=dict)
    tasks: dict[int, KnownCandidate] = field(default_factory=dict)
    # Links that wait for an item, by the key of the URL: all keys that may get one are here.
    waiting: dict[str, list[WaitingLink]] = field(default_factory=dict)
    # What was erased by request; ``None`` where nothing ever was.
    erased: Erased | None = None

    def add(self, item: KnownItem) -> KnownItem:
        """Add an item; return the object that represents it from now on."""
        held = self.items.get(item.id)
        if held is None:
            held = self.items[item.id] = item
            self.named[item.kind, item.identity] = item
        return held

    def items_at(self, keys: Iterable[str]) -> list[tuple[str, KnownItem]]:
        """(key, item) of those of ``keys`` that lead to an item; stubs come last."""
        met = [(key, self.at[key]) for key in keys if key in self.at]
        return sorted(met, key=lambda found: found[1].order) if len(met) > 1 else met

    def find(self, kind: str, identity: str, keys: Iterable[str]) -> KnownItem | None:
        """The item under ``identity``, else the one of its kind, or stub, met at any of ``keys``.

        A history continues in one kind: articles have revisions of articles.
        """
        item = self.named.get((kind, identity))
        if item is not None:
            return item
        met = self.items_at(keys)
        return next((item for _, item in met if item.state == "stub" or item.kind == kind), None)

    def rename(self, item: KnownItem, kind: str, identity: str) -> None:
        """Give an item another kind or identity."""
        if self.named.get((item.kind, item.identity)) is item:
            del self.named[item.kind, item.identity]
        item.kind, item.identity = kind, identity
        self.named[kind, identity] = item

    def drop(self, stub: KnownItem, item: KnownItem) -> None:
        """Make every key of ``stub`` lead to ``item``."""
        if self.named.get((stub.kind, stub.identity)) is stub:
            del self.named[stub.kind, stub.identity]
        for key in [key for key, held in self.at.items() if held is stub]:
            self.at[key] = item
        self.items.pop(stub.id, None)

    def set_text(self, item_id: int, digest: str, headline: str) -> None:
        """Store the text digest that an article has now."""
        for twins in self.texts.values():
            twins[:] = [twin for twin in twins if twin.item_id != item_id]
        if digest in self.texts:
            self.texts[digest].append(Twin(item_id, headline))
            self.texts[digest].sort(key=lambda twin: (twin.item_id < 0, abs(twin.item_id)))
