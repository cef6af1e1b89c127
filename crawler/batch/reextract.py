"""Run the current extractor over stored captures, in worker processes."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawler.batch.stages import JOBS_PER_WORKER, run_stages
from crawler.extraction.article import EXTRACTOR, Known
from crawler.extraction.clean import clean_article, clean_content
from crawler.extraction.page.continuation import joined, next_page
from crawler.extraction.page.parse import BadPage
from crawler.run.pages.continuation import ContinuationPage, collect_pages
from crawler.workers.jobs import capture_job
from crawler.workers.pool import WorkerFailure, WorkerPool
from storage import utc_now
from storage.captures.reader import locate_body
from storage.errors import CaptureUnreadable
from storage.jobs import checkpoints, reextraction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from crawler.extraction.article import Extraction
    from storage import Archive
    from storage.jobs.reextraction import ReextractionResult, ReextractionTask
    from storage.models import Capture

    # What became of a capture: its content, or the cause why the item stays as it is.
    _Reread = ReextractionResult | str

logger = logging.getLogger(__name__)
_BATCH = 100


@dataclass(slots=True)
class Reextraction:
    """The result: items read, items changed, changes per field, unreadable captures per cause."""

    seen: int = 0
    changed: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)

    def as_counts(self) -> dict[str, int]:
        """Return the counts to store with the checkpoint."""
        return {
            "seen": self.seen,
            "changed": self.changed,
            **{f"field {name}": count for name, count in self.fields.items()},
            **{f"cause {name}": count for name, count in self.causes.items()},
        }

    @classmethod
    def from_counts(cls, counts: dict[str, int]) -> Reextraction:
        """Resume from the counts of a checkpoint."""
        found = cls(counts.get("seen", 0), counts.get("changed", 0))
        for name, count in counts.items():
            kind, _, what = name.partition(" ")
            if kind in ("field", "cause") and what:
                (found.fields if kind == "field" else found.causes)[what] = count
        return found


def reextract(
    archive: Archive,
    source_id: int | None = None,
    since: datetime | None = None,
    *,
    older: bool = False,
    restart: bool = False,
    observer: Callable[[int, int], None] = lambda _done, _total: None,
) -> Reextraction:
    """Extract stored captures again; resumes an interrupted call, unless ``restart``.

    ``observer`` is told how many are done of how many.
    """
    name = f"reextract {EXTRACTOR} source={source_id} since={since} older={older}"
    position, done, counts = checkpoints.load_checkpoint(archive, name)
    if done or restart:
        position, counts = 0, {}
    result = Reextraction.from_counts(counts)
    total = result.seen + reextraction.count_pending(
        archive, EXTRACTOR, source_id, since, older=older, after=position
    )

    def batches() -> Iterator[list[ReextractionTask]]:
        after = position
        while batch := reextraction.next_tasks(
            archive, EXTRACTOR, source_id, since, older=older, after=after, limit=_BATCH
        ):
            yield batch
            after = batch[-1].item_id

    def write(batch: list[ReextractionTask], extracted: list[_Reread]) -> None:
        nonlocal position
        _write(archive, batch, extracted, result)
        position = batch[-1].item_id
        checkpoints.save_checkpoint(archive, name, position, result.as_counts(), utc_now())

    async def main() -> None:
        workers = WorkerPool()
        workers.memory_mb = archive.location.worker_memory
        window = asyncio.Semaphore(JOBS_PER_WORKER * workers.count)

        async def extract(batch: list[ReextractionTask]) -> list[_Reread]:
            return await asyncio.gather(
                *(_extract_within(window, archive, workers, one) for one in batch)
            )

        try:
            await run_stages(batches(), extract, write, lambda _batch: observer(result.seen, total))
        finally:
            workers.close()

    asyncio.run(main())
    checkpoints.save_checkpoint(archive, name, position, result.as_counts(), utc_now(), done=True)
    return result


async def _extract_within(
    window: asyncio.Semaphore, archive: Archive, workers: WorkerPool, one: ReextractionTask
) -> _Reread:
    async with window:
        return await _extract_capture(archive, workers, one)


def _write(
    archive: Archive,
    batch: list[ReextractionTask],
    extracted: list[_Reread],
    result: Reextraction,
) -> None:
    """Write what was extracted of a batch, and count it."""
    by_source: dict[int, list[ReextractionResult]] = {}
    for one, reread in zip(batch, extracted, strict=True):
        if isinstance(reread, str):
            result.causes[reread] += 1
        else:
            by_source.setdefault(one.source_id, []).append(reread)
    for source_id, items in by_source.items():
        for changed in reextraction.write_results(archive, source_id, items, EXTRACTOR, utc_now()):
            result.changed += bool(changed)
            result.fields.update(changed)
    result.seen += len(batch)


async def _with_following_pages(
    archive: Archive, workers: WorkerPool, one: ReextractionTask, found: Extraction, known: Known
) -> Extraction:
    """Return an article with its further pages, from the captures made with the first one."""

    async def get(url: str) -> ContinuationPage | None:
        loop = asyncio.get_running_loop()
        capture = await loop.run_in_executor(
            None, reextraction.further_capture, archive, one.capture, url
        )
        if capture is None:
            return None
        try:
            read = await _read(archive, workers, capture, known)
        except (CaptureUnreadable, BadPage, WorkerFailure):
            return None
        return ContinuationPage(capture.url, read)

    url = one.capture.url
    if found.article is None or next_page(url, 2, found.onward) is None:
        return found
    first = clean_article(found.article)
    following, missing_page = await collect_pages(first, found.onward, url, get)
    if not following and missing_page is None:
        return found
    return replace(found, article=joined(first, following, missing_page))


async def _read(
    archive: Archive, workers: WorkerPool, capture: Capture, known: Known
) -> Extraction:
    """Read and extract a capture in a worker, which needs no database for it."""
    stored = await asyncio.get_running_loop().run_in_executor(None, locate_body, archive, capture)
    return await workers.run(capture_job, stored, capture.url, capture.content_type or "", known)


async def _extract_capture(archive: Archive, workers: WorkerPool, one: ReextractionTask) -> _Reread:
    capture = one.capture
    try:
        known = Known(one.timezone, one.language, one.kind, capture.fetched_at, one.hints)
        found = await _read(archive, workers, capture, known)
    except (CaptureUnreadable, BadPage, WorkerFailure) as error:
        logger.warning("item %d: %s", one.item_id, error)
        return str(getattr(error, "cause", "capture-unreadable"))
    found = await _with_following_pages(archive, workers, one, found, known)
    content = found.content
    if content is None or (found.entry is not None) != (one.kind == "entry"):
        # What the archive holds stays: the older extractor saw an item there.
        return f"now-{found.kind}"
    return reextraction.ReextractionResult(
        one.item_id, capture.id, clean_content(content), capture.fetched_at
    )
