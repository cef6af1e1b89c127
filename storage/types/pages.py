"""Values that the crawl passes to the archive and gets back: tasks, outcomes, results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from storage.types.content import Article, Entry
    from storage.types.endpoints import Announcement, ItemKind

# The origin of a revision: a fetch, an import, or a newer extractor over an old capture.
Origin = Literal["crawl", "reextraction", "import"]
# What the archive did with one page.
Verdict = Literal["new", "unchanged", "revised", "duplicate", "skipped", "failed", "gone"]


class DerivedFrom(Protocol):
    """Values derived from a content's text: :class:`storage.ingest.derived.Derived`."""

    @property
    def content(self) -> Article | Entry:
        """Return the content that the values were derived from."""


@dataclass(frozen=True, slots=True)
class KnownCapture:
    """The last full capture of a page, to which a revisit record refers."""

    id: int
    record_id: str
    url: str
    fetched_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Task:
    """One page to fetch: a new candidate, or a known item whose next check is due.

    Exactly one of ``candidate_id`` and ``item_id`` is set. The validators are those of ``known``,
    the last full capture of the page.
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
        """Return the key of this task, unique among the tasks of one source."""
        if self.candidate_id is not None:
            return "candidate", self.candidate_id
        return "item", self.item_id or 0


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """The position of a stored exchange in a WARC file, and its metadata.

    A ``revisit`` has no body: ``refers_to`` is the capture with the body. A rendered ``response``
    refers to the capture that a browser rendered it from. ``digest`` is the SHA-256 (hex) of the
    decoded body, ``rights`` its reservations (:mod:`storage.types.rights`).
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
    # Every URL of the redirect chain, from the requested to the final one.
    urls: tuple[str, ...]
    capture: CaptureRecord
    content: Article | Entry
    extractor: str
    # Linked items to fetch, added to the frontier in the same transaction.
    follow: tuple[Announcement, ...] = ()
    origin: Origin = "crawl"
    # The exchange that a browser rendered to ``capture``.
    rendered_from: CaptureRecord | None = None
    # The exchanges of the article's further pages; their URLs are among ``urls`` too.
    pages: tuple[CaptureRecord, ...] = ()
    # Values derived from ``content``, where they are known already.
    derived: DerivedFrom | None = field(default=None, compare=False, repr=False)

    @property
    def is_derived(self) -> bool:
        """Return whether ``derived`` was derived from ``content``, the same object."""
        return self.derived is not None and self.derived.content is self.content


@dataclass(frozen=True, slots=True)
class PageUnchanged:
    """The server answered 304, or sent the same bytes as the last capture."""

    task: Task
    capture: CaptureRecord | None = None


@dataclass(frozen=True, slots=True)
class PageSkipped:
    """The page was fetched but is not an item (a listing, a soft 404, a paywall, …)."""

    task: Task
    cause: str
    detail: str = ""
    capture: CaptureRecord | None = None


@dataclass(frozen=True, slots=True)
class PageFailed:
    """The page could not be fetched; ``final`` means that a retry cannot succeed."""

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
