"""What a run does once its pages are stored: join names to the directory, fetch media."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.run.media import MediaFetcher
from storage.jobs.name_mentions import join_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from scrapy.crawler import Crawler

    from crawler.run.recorder import Recorder
    from crawler.workers.pool import Workers


@dataclass(frozen=True, slots=True)
class Began:
    """How things were when the run began: its source, the moment, the newest name then known."""

    source_id: int
    at: datetime
    last_name: int
    # Nobody asked for it: pauses between tries are kept.
    patient: bool = False


async def after_pages(
    crawler: Crawler,
    recorder: Recorder,
    pool: Workers,
    began: Began,
    media: int,
    on_settled: Callable[[], None] = lambda: None,
) -> None:
    """Do it, and note the counts in the recorder's tally; at most ``media`` files are fetched.

    ``on_settled`` is called for each of these files, fetched or not.

    Raises:
        ArchiveError: the archive cannot be written.
    """
    await recorder.flush()
    tally, archive = recorder.tally, recorder.archive
    tally.named, tally.unclear_names = await recorder.call(
        lambda: join_names(archive, began.source_id, began.at, began.last_name)
    )
    fetcher = MediaFetcher(
        crawler, recorder, began.source_id, media, patient=began.patient, on_settled=on_settled
    )
    tally.media = await fetcher.run(pool)
