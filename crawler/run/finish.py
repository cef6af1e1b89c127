"""Postprocess a run once its pages are stored: link names to the directory, fetch media."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.run.media import MediaFetcher
from storage.jobs.name_mentions import link_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from scrapy.crawler import Crawler

    from crawler.run.recorder import Recorder
    from crawler.workers.pool import WorkerPool


@dataclass(frozen=True, slots=True)
class RunStart:
    """The state when the run began: its source, the time, the newest name then known."""

    source_id: int
    at: datetime
    last_name: int
    # Nobody asked for it: pauses between tries are kept.
    patient: bool = False


async def postprocess(
    crawler: Crawler,
    recorder: Recorder,
    pool: WorkerPool,
    start: RunStart,
    media: int,
    on_file_done: Callable[[], None] = lambda: None,
) -> None:
    """Link names and fetch at most ``media`` files; the recorder's tally gets the counts.

    ``on_file_done`` is called for each of these files, fetched or not.

    Raises:
        ArchiveError: the archive cannot be written.
    """
    await recorder.flush()
    tally, archive = recorder.tally, recorder.archive
    tally.linked_names, tally.ambiguous_names = await recorder.call(
        lambda: link_names(archive, start.source_id, start.at, start.last_name)
    )
    fetcher = MediaFetcher(
        crawler, recorder, start.source_id, media, patient=start.patient, on_file_done=on_file_done
    )
    tally.media = await fetcher.run(pool)
