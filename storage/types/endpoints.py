"""Values about endpoints: due endpoints, announcements, and results of visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime


EndpointKind = Literal["feed", "sitemap", "listing"]


ItemKind = Literal["article", "entry"]


# Which pages of a source a browser renders: none, those without text, all.
BrowserUse = Literal["never", "needed", "always"]


_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class FoundEndpoint:
    """A place where a source announces items, as discovery found it."""

    url: str
    kind: EndpointKind
    title: str | None = None
    # For a sitemap of a sitemap index: its last change, according to the index.
    indexed: bool = False
    announced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueEndpoint:
    """An endpoint to fetch now, with the validators of its last response."""

    id: int
    url: str
    kind: EndpointKind
    etag: str | None
    last_modified: str | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """A URL that may be an item, with the claims of the endpoint or page that names it.

    ``hints`` holds JSON-ready claims: ``headline``, ``byline``, ``guid``, ``language``.
    """

    url: str
    kind: ItemKind = "article"
    depth: int = 0
    published: datetime | None = None
    modified: datetime | None = None
    hints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PollingHints:
    """How often an endpoint asks to be polled, and how many entries it holds.

    ``least_minutes`` is the shortest interval between two visits and ``usual_minutes`` the stated
    update interval. ``skip_hours`` (0 to 23) and ``skip_days`` (0 for Monday) exclude times in UTC.
    """

    least_minutes: int | None = None
    usual_minutes: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    entries: int = 0


@dataclass(frozen=True, slots=True)
class EndpointRead:
    """A successful visit: 304, the same bytes, or announcements.

    ``moved_to`` is the target of permanent redirects; ``polling_hints`` are ``None`` where nothing
    was read.
    """

    endpoint_id: int
    status: int
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    title: str | None = None
    announcements: tuple[Announcement, ...] = ()
    polling_hints: PollingHints | None = None
    moved_to: str | None = None

    def is_unchanged(self, held: str | None) -> bool:
        """Return whether the response equals the last one, whose digest is ``held``.

        Responses of some statuses (203, 206) have no digest and count as changed.
        """
        return self.status == _NOT_MODIFIED or (self.digest is not None and self.digest == held)


@dataclass(frozen=True, slots=True)
class EndpointFailed:
    """A failed visit; ``retry_after`` is what the server asks for, in seconds."""

    endpoint_id: int
    cause: str
    detail: str
    status: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """The result of a visit to an endpoint: the number of announcements, and of new ones.

    ``gap`` is the date range (since, until) whose entries had already dropped out of the feed;
    ``message`` is a notice for the user.
    """

    announced: int = 0
    new: int = 0
    gap: tuple[datetime, datetime] | None = None
    message: str | None = None
