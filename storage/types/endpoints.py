"""Values about endpoints: what is due, what was read, what was announced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime


EndpointKind = Literal["feed", "sitemap", "listing"]


ItemKind = Literal["article", "entry"]


# Whether a browser draws a source's pages: never, those that hold no text, all of them.
BrowserUse = Literal["never", "needed", "always"]


_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class FoundEndpoint:
    """A place where a source announces items, as discovery found it."""

    url: str
    kind: EndpointKind
    title: str | None = None
    # Of a sitemap in an index: what the index says of its last change.
    indexed: bool = False
    announced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueEndpoint:
    """An endpoint to fetch now, with the validators of its last answer."""

    id: int
    url: str
    kind: EndpointKind
    etag: str | None
    last_modified: str | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """A URL that may be an item, and what the place that named it says of it.

    ``hints`` holds JSON-ready claims: ``headline``, ``byline``, ``guid``, ``language``.
    """

    url: str
    kind: ItemKind = "article"
    depth: int = 0
    published: datetime | None = None
    modified: datetime | None = None
    hints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an endpoint asks of whoever reads it, and how much it holds.

    ``least_minutes`` is the shortest pause between two looks, ``usual_minutes`` the pause in which
    something is said to change, ``skip_hours`` (0 to 23) and
    ``skip_days`` (0 for Monday) are not to be asked in, in UTC.
    """

    least_minutes: int | None = None
    usual_minutes: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    entries: int = 0


@dataclass(frozen=True, slots=True)
class EndpointRead:
    """An endpoint answered: 304, the same bytes, or announcements.

    ``moved_to`` is where permanent redirects led, ``wishes`` are ``None`` where nothing was read.
    """

    endpoint_id: int
    status: int
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    title: str | None = None
    announcements: tuple[Announcement, ...] = ()
    wishes: Wishes | None = None
    moved_to: str | None = None

    def is_unchanged(self, held: str | None) -> bool:
        """Whether nothing is new since the answer whose digest is ``held``.

        Answers of some statuses (203, 206) have no digest, which says nothing.
        """
        return self.status == _NOT_MODIFIED or (self.digest is not None and self.digest == held)


@dataclass(frozen=True, slots=True)
class EndpointFailed:
    """An endpoint could not be had or read; ``retry_after`` (seconds) is what its server asks."""

    endpoint_id: int
    cause: str
    detail: str
    status: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an endpoint's visit: how much it announced, and how much of that was new.

    ``gap`` is the stretch (since, until) of which its entries had scrolled out; ``word`` says what
    a person should know of it.
    """

    said: int = 0
    fresh: int = 0
    gap: tuple[datetime, datetime] | None = None
    word: str | None = None
