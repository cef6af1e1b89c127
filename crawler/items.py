"""The typed values that flow through a crawl beside those of ``storage.types.pages``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.types.endpoints import PollingHints
from storage.types.pages import Outcome, PageFailed, PageSkipped, PageStored, PageUnchanged

if TYPE_CHECKING:
    from storage.types.endpoints import Announcement, FoundEndpoint

__all__ = [
    "EndpointContent",
    "Outcome",
    "PageFailed",
    "PageSkipped",
    "PageStored",
    "PageUnchanged",
]


@dataclass(frozen=True, slots=True)
class EndpointContent:
    """The content of one endpoint: announcements, and (a sitemap index) further endpoints.

    ``note`` says what was left out of it and why; ``""`` where nothing was. ``skipped`` counts
    that by cause.
    """

    title: str | None = None
    language: str | None = None
    announcements: tuple[Announcement, ...] = ()
    children: tuple[FoundEndpoint, ...] = ()
    note: str = ""
    polling_hints: PollingHints = field(default_factory=PollingHints)
    skipped: Counter[str] = field(default_factory=Counter)
