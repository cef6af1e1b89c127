"""State that the parts of one crawl run share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from logging import Logger, LoggerAdapter

    from scrapy.crawler import Crawler

    from crawler.run.pages.rendering import RunRendering
    from crawler.run.recorder import Recorder
    from crawler.run.tally import Tally
    from crawler.workers.pool import WorkerPool
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
    """State that the parts of one crawl run share. Its parts take this, never the spider.

    ``due``: visit only endpoints that are due. ``stop`` ends the run with a reason, ``wake`` makes
    the spider look for its next requests, ``is_budget_spent`` tells whether the requests that the
    source allows per day are used up.
    """

    source: RunSource
    started_at: datetime
    due: bool
    recorder: Recorder
    worker_pool: WorkerPool
    rendering: RunRendering
    log: Logger | LoggerAdapter[Logger]
    stop: Callable[[str], None]
    wake: Callable[[], None]
    is_budget_spent: Callable[[], bool]

    @property
    def archive(self) -> Archive:
        """Return the open archive."""
        return self.recorder.archive

    @property
    def tally(self) -> Tally:
        """Return the counts of the run."""
        return self.recorder.tally


class ActiveRun:
    """Holds the run of a crawler: pipelines and middlewares exist before the run begins.

    ``context`` is ``None`` until then, and after its end.
    """

    __slots__ = ("__weakref__", "context")

    def __init__(self) -> None:
        self.context: RunContext | None = None


_runs: WeakKeyDictionary[Crawler, ActiveRun] = WeakKeyDictionary()


def run_of(crawler: Crawler) -> ActiveRun:
    """Return the holder of the run of ``crawler``; ``scrapy shell`` and ``check`` have no run."""
    return _runs.setdefault(crawler, ActiveRun())
