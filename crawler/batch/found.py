"""Values of an import: pages with their response headers, sources, and skipped entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.http.bodies import CodedBody

MAX_PAGE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page to import, with its response headers. ``body`` has no content coding.

    Where it was sent in one, ``coded`` is the body as it was sent, with the headers that say so.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: datetime
    coded: CodedBody | None = None

    @property
    def content_type(self) -> str:
        """Return the media type with its parameters, ``""`` where none was given."""
        return next((v for n, v in self.headers if n.lower() == "content-type"), "")


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """An entry that is not imported, and why; ``damaged`` where it could not be read."""

    cause: str
    what: str
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class FollowedFeed:
    """A source in an OPML list."""

    feed_url: str
    home_url: str
    title: str | None
