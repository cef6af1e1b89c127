"""What the crawl tells the archive, and what the archive answers: typed values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from storage.types.content import Article, Entry
    from storage.types.endpoints import Announcement, ItemKind

# Where a revision comes from: a fetch, an import, or a newer extractor over an old capture.
Origin = Literal["crawl", "reextraction", "import"]
# What the archive made of one page.
Verdict = Literal["new", "unchanged", "revised", "duplicate", "skipped", "failed", "gone"]


class DerivedFrom(Protocol):
    """What was derived from a content's text: :class:`storage.ingest.derived.Derived`."""

    @property
    def content(self) -> Article | Entry:
        """The very object that it was derived from."""


@dataclass(frozen=True, slots=True)
class KnownCapture:
    """The last whole capture of a page, which a revisit refers to."""

    id: int
    record_id: str
    url: str
    fetched_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Task:
    """One page to fetch: a candidate never seen, or a known item that is due again.

    Exactly one of ``candidate_id`` and ``item_id`` is set. The validators are those of ``known``,
    the last whole capture of the page.
    """

    url: str
    kind: ItemKind
    depth: int
    candidate_id: int | None = None
    item_id: int | None = None
    published: datetime | None = None
    hints: dict[str, Any] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    known: KnownCapture | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What names this task among all tasks of one source."""
        if self.candidate_id is not None:
            return "candidate", self.candidate_id
        return "item", self.item_id or 0


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """Where a kept exchange lies in a WARC file, and what is known of it.

    A ``revisit`` has no body of its own: ``refers_to`` is the capture that has it; of a
    ``response`` it is the capture that a browser drew this one from. ``digest`` is
    the SHA-256 (hex) of the decoded body, ``rights`` what came with it
    (:mod:`storage.types.rights`).
    """

    url: str
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
    kind: Literal["response", "revisit", "forgotten"] = "response"
    refers_to: int | None = None
    rights: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PageStored:
    """A page was fetched (or imported), captured and extracted."""

    task: Task
    # Every URL on the way to the page: as requested, through redirects, to the last.
    urls: tuple[str, ...]
    capture: CaptureRecord
    content: Article | Entry
    extractor: str
    # Linked items to fetch in their turn, offered to the frontier in the same transaction.
    follow: tuple[Announcement, ...] = ()
    origin: Origin = "crawl"
    # The exchange that ``capture``, a browser's drawing, was made of.
    drawn_from: CaptureRecord | None = None
    # The exchanges of the pages on which the article goes on; their URLs are among ``urls`` too.
    pages: tuple[CaptureRecord, ...] = ()
    # What was derived of ``content`` already.
    derived: DerivedFrom | None = field(default=None, compare=False, repr=False)

    @property
    def is_derived(self) -> bool:
        """Whether ``content`` is the very object that ``derived`` was derived of."""
        return self.derived is not None and self.derived.content is self.content


@dataclass(frozen=True, slots=True)
class PageUnchanged:
    """The server said 304, or sent the very bytes of the last capture."""

    task: Task
    capture: CaptureRecord | None = None


@dataclass(frozen=True, slots=True)
class PageSkipped:
    """The page was fetched and is no item (a listing, a soft 404, a wall, …)."""

    task: Task
    cause: str
    detail: str = ""
    capture: CaptureRecord | None = None


@dataclass(frozen=True, slots=True)
class PageFailed:
    """The page could not be had. ``final`` says that trying again is useless."""

    task: Task
    cause: str
    detail: str = ""
    final: bool = False


Outcome = PageStored | PageUnchanged | PageSkipped | PageFailed


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the archive did with one outcome."""

    verdict: Verdict
    cause: str | None = None
    item_id: int | None = None
    announced: int = 0
