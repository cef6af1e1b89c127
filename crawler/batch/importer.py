"""Import pages that others archived: capture, extract in worker processes, record."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawler.batch.found import SkippedEntry, SourcePage
from crawler.batch.opml import read_opml
from crawler.batch.readers import pages, urls
from crawler.extraction.article import EXTRACTOR, Known
from crawler.extraction.page.parse import BadPage
from crawler.workers.jobs import article_job
from crawler.workers.pool import WorkerFailure, WorkerPool
from storage import utc_now
from storage.captures.care.repack import codec_for_source
from storage.captures.warc import Exchange
from storage.captures.writer import CaptureWriter
from storage.jobs import checkpoints, imports
from storage.maintenance.housekeeping import run_housekeeping
from storage.text.urls import serialize_url
from storage.types import rights
from storage.types.endpoints import Announcement, FoundEndpoint
from storage.types.pages import CaptureRecord, PageStored, Task
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawler.batch.readers import ImportFormat
    from crawler.workers.prepare import PreparedExtraction
    from storage import Archive
    from storage.models import Source

logger = logging.getLogger(__name__)
# Pages that are read, extracted and written together, and their bytes.
_BATCH, _BATCH_BYTES = 100, 24 * 1024 * 1024
# Skipped entries that the summary names.
_MAX_NAMED = 20


@dataclass(slots=True)
class ImportResult:
    """The result of an import: pages per verdict, and skipped entries per cause and by name."""

    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    named: list[SkippedEntry] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Tell whether there was nothing to import, now or before."""
        return not self.verdicts.total() and not self.causes["imported-before"]

    def skip(self, what: SkippedEntry) -> None:
        """Count an entry that is not imported."""
        self.causes[what.cause] += 1
        # What is damaged is named however much else is left out.
        if self.causes[what.cause] <= _MAX_NAMED and (what.damaged or len(self.named) < _MAX_NAMED):
            self.named.append(what)
        logger.info("skipped %s: %s", what.what, what.cause)

    def as_counts(self) -> dict[str, int]:
        """Return the counts to store with the checkpoint."""
        return {
            **{f"verdict {name}": count for name, count in self.verdicts.items()},
            **{f"cause {name}": count for name, count in self.causes.items()},
        }

    @classmethod
    def from_counts(cls, counts: dict[str, int]) -> ImportResult:
        """Resume from the counts of a checkpoint."""
        found = cls()
        for name, count in counts.items():
            kind, _, what = name.partition(" ")
            (found.verdicts if kind == "verdict" else found.causes)[what] = count
        return found


@dataclass(frozen=True, slots=True)
class _Job:
    page: SourcePage
    source: Source
    digest: str


class PageImport:
    """Imports files of pages into one archive."""

    def __init__(
        self,
        archive: Archive,
        source: Source | None = None,
        *,
        new_sources: bool = False,
        restart: bool = False,
        observer: Callable[[int], None] = lambda _position: None,
    ) -> None:
        self._archive = archive
        self._source = source
        self._new_sources = new_sources
        self._restart = restart
        self._observer = observer
        self._owners = imports.SourceFinder(archive)
        self._writers: dict[int, CaptureWriter] = {}

    def run(self, path: Path, form: ImportFormat) -> ImportResult:
        """Import a file or folder; resumes where an earlier import stopped.

        Raises:
            ArchiveError: the file is damaged; what came before that is imported.
        """
        size = path.stat().st_size if path.is_file() else 0
        name = f"import {path.resolve()} {size}"
        position, done, counts = checkpoints.load_checkpoint(self._archive, name)
        if self._restart or (done and form == "html"):
            position, counts = 0, {}
        result = ImportResult.from_counts(counts)
        if done and position:
            result.causes["imported-before"] += position
            return result
        began, took = time.monotonic(), 0.0
        try:
            asyncio.run(self._run(path, form, name, position, result))
            took = time.monotonic() - began
        finally:
            for writer in self._writers.values():
                writer.close()
            self._writers = {}
            run_housekeeping(self._archive, took)
        return result

    async def _run(
        self, path: Path, form: ImportFormat, name: str, position: int, result: ImportResult
    ) -> None:
        workers = WorkerPool()
        workers.memory_mb = self._archive.location.worker_memory
        batch: list[SourcePage] = []
        loop = asyncio.get_running_loop()
        found = pages(path, form, position)

        async def flush(*, done: bool = False) -> None:
            await self._batch(workers, batch, result)
            batch.clear()
            await loop.run_in_executor(
                None,
                lambda: checkpoints.save_checkpoint(
                    self._archive, name, position, result.as_counts(), utc_now(), done=done
                ),
            )
            self._observer(position)

        try:
            while True:
                step = await loop.run_in_executor(None, next, found, None)
                if step is None:
                    break
                position, page = step
                if isinstance(page, SkippedEntry):
                    result.skip(page)
                else:
                    # Other tools write what is not ASCII in a WARC, and cannot replay it.
                    batch.append(replace(page, url=serialize_url(page.url)))
                if len(batch) >= _BATCH or sum(len(p.body) for p in batch) >= _BATCH_BYTES:
                    await flush()
            await flush(done=True)
        except BaseException:
            # What was read whole is kept, whatever ended it.
            if batch:
                await self._batch(workers, batch, result)
            raise
        finally:
            workers.close()

    async def _batch(
        self, workers: WorkerPool, batch: list[SourcePage], result: ImportResult
    ) -> None:
        jobs = self._new_pages(batch, result)
        found = await asyncio.gather(*(_extract(workers, job, result) for job in jobs))
        outcomes: dict[int, list[PageStored]] = {}
        for job, extraction in zip(jobs, found, strict=True):
            content = None if extraction is None else extraction.content
            if content is None or extraction is None:
                if extraction is not None:
                    result.causes[extraction.kind] += 1
                continue
            page = job.page
            record = self._write_capture(job)
            if record is None:
                result.causes["noarchive"] += 1
                continue
            # What the page leads to is not followed: nobody asked for the site of today.
            task = Task(page.url, "entry" if extraction.entry else "article", 0)
            outcomes.setdefault(job.source.id, []).append(
                PageStored(
                    task,
                    (page.url,),
                    record,
                    content,
                    EXTRACTOR,
                    origin="import",
                    derived=extraction.derived,
                )
            )
        for source_id, some in outcomes.items():
            self._writers[source_id].sync()
            for done in self._archive.record(source_id, None, some, utc_now()):
                result.verdicts[done.verdict] += 1
                if done.cause:
                    result.causes[done.cause] += 1

    def _new_pages(self, batch: list[SourcePage], result: ImportResult) -> list[_Job]:
        """Return the pages that have a source and are not in the archive yet."""
        by_source: dict[int, list[_Job]] = {}
        for page in batch:
            source = self._source or self._owners.of(page.url)
            if source is None and self._new_sources:
                source = self._owners.made(page.url, utc_now())
            if source is None:
                result.causes["no-source"] += 1
                continue
            job = _Job(page, source, hashlib.sha256(page.body).hexdigest())
            by_source.setdefault(source.id, []).append(job)
        new_pages: list[_Job] = []
        for source_id, jobs in by_source.items():
            names = [(job.page.url, job.page.fetched_at, job.digest) for job in jobs]
            known = imports.stored_captures(self._archive, source_id, names)
            seen = set(known)
            for job, name in zip(jobs, names, strict=True):
                if name in seen:
                    result.verdicts["held"] += 1
                else:
                    seen.add(name)
                    new_pages.append(job)
        return new_pages

    def _write_capture(self, job: _Job) -> CaptureRecord | None:
        """Write a page to a capture file; ``None`` where its rights forbid it."""
        page, source = job.page, job.source
        found = rights.with_policy(
            rights.parse_reservations(page.headers, page.body), source.rights
        )
        if rights.forbids_storing(found):
            return None
        writer = self._writers.get(source.id)
        if writer is None:
            codec = codec_for_source(self._archive, source.id, utc_now())
            writer = self._writers[source.id] = CaptureWriter(
                self._archive.location.captures,
                f"{source.name}-import",
                f"Dateline/{VERSION}",
                codec,
                operator=self._archive.location.contact,
            )
        place = writer.append(
            Exchange(
                url=page.url,
                method="GET",
                request_headers=(),
                status=page.status,
                response_headers=page.headers,
                body=page.body,
                fetched_at=page.fetched_at,
                notes=(("dateline-origin", "import; content and transfer coding undone"),),
            )
        )
        return CaptureRecord(
            url=page.url,
            status=page.status,
            content_type=page.content_type or None,
            etag=None,
            last_modified=None,
            fetched_at=page.fetched_at,
            file=place.file,
            offset=place.offset,
            length=place.length,
            digest=job.digest,
            record_id=place.record_id,
            rights=found,
        )


async def _extract(
    workers: WorkerPool, job: _Job, result: ImportResult
) -> PreparedExtraction | None:
    source, page = job.source, job.page
    known = Known(source.timezone, source.language, None, page.fetched_at, {})
    try:
        return await workers.run(article_job, page.body, page.url, page.content_type, known)
    except (BadPage, WorkerFailure) as error:
        result.causes[error.cause] += 1
        return None


def import_urls(archive: Archive, path: Path, source: Source | None) -> ImportResult:
    """Put the URLs of a list into the frontier of their sources."""
    result = ImportResult()
    owners = imports.SourceFinder(archive)
    by_source: dict[int, list[Announcement]] = {}
    for url in urls(path):
        if isinstance(url, SkippedEntry):
            result.skip(url)
            continue
        owner = source or owners.of(url)
        if owner is None:
            result.causes["no-source"] += 1
            continue
        by_source.setdefault(owner.id, []).append(Announcement(url))
    for source_id, announcements in by_source.items():
        new_pages = archive.add_announcements(source_id, announcements, utc_now())
        result.verdicts["waiting"] += new_pages
        result.verdicts["held"] += len(announcements) - new_pages
    return result


def import_feeds(archive: Archive, path: Path) -> ImportResult:
    """Follow the sources of an OPML list by their feeds, without fetching them."""
    result = ImportResult()
    for feed in read_opml(path):
        if isinstance(feed, SkippedEntry):
            result.skip(feed)
            continue
        endpoint = FoundEndpoint(feed.feed_url, "feed", feed.title)
        name = imports.follow_listed_source(archive, feed.home_url, feed.title, endpoint, utc_now())
        result.verdicts["followed" if name else "held"] += 1
    return result
