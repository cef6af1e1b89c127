"""Run the current extractor over stored captures, in worker processes."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawler.extraction.article import EXTRACTOR, Known
from crawler.extraction.clean import clean_article, clean_content
from crawler.extraction.page.continuation import joined, next_page
from crawler.extraction.page.parse import BadPage
from crawler.run.pages.continuation import ContinuationPage, collect_pages
from crawler.workers.jobs import extract_job
from crawler.workers.pool import WorkerFailure, WorkerPool
from storage import utc_now
from storage.captures.reader import read_capture
from storage.errors import CaptureUnreadable
from storage.jobs import checkpoints, reextraction

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crawler.extraction.article import Extraction
    from storage import Archive
    from storage.jobs.reextraction import ReextractionResult, ReextractionTask

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

    async def main() -> None:
        nonlocal position
        workers = WorkerPool()
        workers.memory_mb = archive.location.worker_memory
        try:
            while batch := reextraction.next_tasks(
                archive, EXTRACTOR, source_id, since, older=older, after=position, limit=_BATCH
            ):
                await _batch(archive, workers, batch, result)
                position = batch[-1].item_id
                checkpoints.save_checkpoint(archive, name, position, result.as_counts(), utc_now())
                observer(result.seen, total)
        finally:
            workers.close()

    asyncio.run(main())
    checkpoints.save_checkpoint(archive, name, position, result.as_counts(), utc_now(), done=True)
    return result


async def _batch(
    archive: Archive, workers: WorkerPool, batch: list[ReextractionTask], result: Reextraction
) -> None:
    extracted = await asyncio.gather(
        *(_extract_capture(archive, workers, one, result) for one in batch)
    )
    by_source: dict[int, list[ReextractionResult]] = {}
    for one, content in zip(batch, extracted, strict=True):
        if content is not None:
            by_source.setdefault(one.source_id, []).append(content)
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
            body = await loop.run_in_executor(None, read_capture, archive, capture)
            read = await workers.run(
                extract_job, body, capture.url, capture.content_type or "", known
            )
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


async def _extract_capture(
    archive: Archive, workers: WorkerPool, one: ReextractionTask, result: Reextraction
) -> ReextractionResult | None:
    capture = one.capture
    try:
        body = await asyncio.get_running_loop().run_in_executor(
            None, read_capture, archive, capture
        )
        known = Known(one.timezone, one.language, one.kind, capture.fetched_at, one.hints)
        found = await workers.run(extract_job, body, capture.url, capture.content_type or "", known)
    except (CaptureUnreadable, BadPage, WorkerFailure) as error:
        cause = getattr(error, "cause", "capture-unreadable")
        result.causes[str(cause)] += 1
        logger.warning("item %d: %s", one.item_id, error)
        return None
    found = await _with_following_pages(archive, workers, one, found, known)
    content = found.content
    if content is None or (found.entry is not None) != (one.kind == "entry"):
        # What the archive holds stays: the older extractor saw an item there.
        result.causes[f"now-{found.kind}"] += 1
        return None
    return reextraction.ReextractionResult(
        one.item_id, capture.id, clean_content(content), capture.fetched_at
    )
