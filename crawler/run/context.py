"""What the parts of one crawl run share: its source, its recorder, and how to end or wake it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from logging import Logger, LoggerAdapter

    from crawler.run.recorder import Recorder
    from crawler.run.rendering import Drawing
    from crawler.run.tally import Tally
    from crawler.workers.pool import Workers
    from storage import Archive


@dataclass(frozen=True, slots=True)
class RunSource:
    """The source of a run, as it was when the run began."""

    id: int
    name: str
    home_url: str
    language: str | None
    timezone: str | None


@dataclass(frozen=True, slots=True)
class RunContext:
    """One crawl run. Its parts take this, none takes the spider.

    ``due`` says that only endpoints that are due are visited. ``stop`` ends the run with a reason,
    ``wake`` has the spider look for what to do next, ``is_spent`` tells whether the requests that
    the source allows per day are used up.
    """

    source: RunSource
    started_at: datetime
    due: bool
    recorder: Recorder
    workers: Workers
    drawing: Drawing
    log: Logger | LoggerAdapter[Logger]
    stop: Callable[[str], None]
    wake: Callable[[], None]
    is_spent: Callable[[], bool]

    @property
    def archive(self) -> Archive:
        """The open archive."""
        return self.recorder.archive

    @property
    def tally(self) -> Tally:
        """The counts of the run."""
        return self.recorder.tally
