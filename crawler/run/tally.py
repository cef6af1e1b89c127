"""The counts of one crawl run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """The counts of a run: pages per verdict, failures and skips per cause, announcements."""

    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    announced: int = 0
    fresh: int = 0
    endpoints: int = 0
    unchanged_endpoints: int = 0
    # Requests that were sent, and ranges of which entries left a feed unseen.
    requests: int = 0
    gaps: int = 0
    backfill_pages: int = 0
    rendered: int = 0  # by a browser
    media: Counter[str] = field(default_factory=Counter)
    files: int = 0  # pictures and attachments settled so far, for the progress shown
    # Mentions added by name alone, and names left alone because they may mean several.
    linked_names: int = 0
    ambiguous_names: int = 0

    @property
    def pages(self) -> int:
        """Return the number of finished pages."""
        return sum(self.verdicts.values())

    def as_counts(self) -> dict[str, int]:
        """Return the counts for the crawl run's row."""
        return {
            **self.verdicts,
            "endpoints": self.endpoints,
            "unchanged_endpoints": self.unchanged_endpoints,
            "announced": self.announced,
            "fresh": self.fresh,
            "requests": self.requests,
            "gaps": self.gaps,
            "past_pages": self.backfill_pages,
            "drawn": self.rendered,
            "named": self.linked_names,
            "unclear_names": self.ambiguous_names,
            **{f"media_{state}": count for state, count in self.media.items()},
        }
