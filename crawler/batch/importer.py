"""Import pages that others archived: capture, extract in worker processes, record."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crawler.batch.found import SkippedEntry, SourcePage
from crawler.batch.opml import read_opml
from crawler.batch.readers import pages, urls
from crawler.batch.stages import JOBS_PER_WORKER, MAX_UNWRITTEN, run_stages
from crawler.extraction.article import EXTRACTOR, Known
from crawler.extraction.page.parse import BadPage
from crawler.http.bodies import CodedBody
from crawler.workers.jobs import article_job
from crawler.workers.pool import WorkerFailure, WorkerPool
from storage import utc_now
from storage.captures.care.repack import codec_for_source
from storage.captures.warc import Exchange
from storage.captures.writer import CaptureWriter
from storage.errors import ArchiveError
from storage.jobs import checkpoints, imports
from storage.maintenance.housekeeping import run_housekeeping
from storage.text.urls import serialize_url
from storage.types import rights
from storage.types.endpoints import Announcement, FoundEndpoint
from storage.types.pages import CaptureRecord, PageStored, Task
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
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
# Skipped entries after which the import is saved as far as it is, pages or none.
_MAX_SKIPPED_PER_BATCH = 10_000


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
    """A page to extract and store; ``reserved`` is what its publisher reserves."""

    url: str
    page: SourcePage
    body: bytes | CodedBody
    digest: str
    source: Source
    reserved: dict[str, Any] | None

    @property
    def name(self) -> tuple[str, datetime, str]:
        """Return what tells the capture from others of its source."""
        return self.url, self.page.fetched_at, self.digest


@dataclass(slots=True)
class _Batch:
    """Pages that are extracted and written together, with all that was read before them.

    ``position`` is where the next batch begins; ``None`` where the file is damaged.
    """

    position: int | None
    jobs: list[_Job] = field(default_factory=list)
    skipped: list[SkippedEntry] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    size: int = 0
    pages: int = 0
    is_last: bool = False

    @property
    def is_full(self) -> bool:
        """Tell whether no more should be read into it."""
        return (
            self.pages >= _BATCH
            or self.size >= _BATCH_BYTES
            or len(self.skipped) >= _MAX_SKIPPED_PER_BATCH
        )


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
        # The captures of the batches that were read and may not be written yet.
        self._unwritten: deque[set[tuple[int, str, datetime, str]]] = deque(maxlen=MAX_UNWRITTEN)

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
        window = asyncio.Semaphore(JOBS_PER_WORKER * workers.count)

        async def extract(batch: _Batch) -> list[PreparedExtraction | str]:
            return await asyncio.gather(*(_extract(window, workers, job) for job in batch.jobs))

        def write(batch: _Batch, extracted: list[PreparedExtraction | str]) -> None:
            self._write(batch, extracted, result)
            if batch.position is not None:
                counts = result.as_counts()
                checkpoints.save_checkpoint(
                    self._archive, name, batch.position, counts, utc_now(), done=batch.is_last
                )

        def on_written(batch: _Batch) -> None:
            if batch.position is not None:
                self._observer(batch.position)

        try:
            await run_stages(self._batches(path, form, position), extract, write, on_written)
        finally:
            workers.close()

    def _batches(self, path: Path, form: ImportFormat, position: int) -> Iterator[_Batch]:
        """Yield what a file holds in batches; in a thread of its own.

        Raises:
            ArchiveError: it is damaged; what came before that is yielded.
        """
        batch = _Batch(position)
        try:
            for position, page in pages(path, form, position):  # noqa: B020, PLR1704
                batch.position = position
                if isinstance(page, SkippedEntry):
                    batch.skipped.append(page)
                else:
                    self._add(batch, page)
                if batch.is_full:
                    yield self._without_held(batch)
                    batch = _Batch(position)
        except ArchiveError:
            batch.position = None
            yield self._without_held(batch)
            raise
        batch.is_last = True
        yield self._without_held(batch)

    def _add(self, batch: _Batch, page: SourcePage) -> None:
        """Add a page to a batch, where it has a source; its body is kept as it was sent."""
        # Other tools write what is not ASCII in a WARC, and cannot replay it.
        url = serialize_url(page.url)
        batch.pages += 1
        source = self._source or self._owners.of(url)
        if source is None and self._new_sources:
            source = self._owners.made(url, utc_now())
        if source is None:
            batch.causes["no-source"] += 1
            return
        found = rights.parse_reservations(page.headers, page.body)
        body = page.coded or page.body
        batch.size += len(page.coded.sent if page.coded else page.body)
        digest = hashlib.sha256(page.body).hexdigest()
        page = replace(page, body=b"")
        batch.jobs.append(
            _Job(url, page, body, digest, source, rights.with_policy(found, source.rights))
        )

    def _without_held(self, batch: _Batch) -> _Batch:
        """Leave out of a batch what the archive holds, or an earlier batch brings."""
        by_source: dict[int, list[_Job]] = {}
        for job in batch.jobs:
            by_source.setdefault(job.source.id, []).append(job)
        seen: set[tuple[int, str, datetime, str]] = set().union(*self._unwritten)
        for source_id, jobs in by_source.items():
            known = imports.stored_captures(self._archive, source_id, [job.name for job in jobs])
            seen.update((source_id, *name) for name in known)
        new, added = [], set()
        for job in batch.jobs:
            name = (job.source.id, *job.name)
            if name in seen:
                batch.verdicts["held"] += 1
            else:
                seen.add(name)
                added.add(name)
                new.append(job)
        batch.jobs = new
        self._unwritten.append(added)
        return batch

    def _write(
        self, batch: _Batch, extracted: list[PreparedExtraction | str], result: ImportResult
    ) -> None:
        """Write the captures and articles of a batch, and count it; in a thread of its own."""
        for entry in batch.skipped:
            result.skip(entry)
        result.verdicts.update(batch.verdicts)
        result.causes.update(batch.causes)
        outcomes: dict[int, list[PageStored]] = {}
        for job, extraction in zip(batch.jobs, extracted, strict=True):
            if isinstance(extraction, str):
                result.causes[extraction] += 1
                continue
            content = extraction.content
            if content is None:
                result.causes[extraction.kind] += 1
                continue
            record = self._write_capture(job)
            if record is None:
                result.causes["noarchive"] += 1
                continue
            # What the page leads to is not followed: nobody asked for the site of today.
            task = Task(job.url, "entry" if extraction.entry else "article", 0)
            outcomes.setdefault(job.source.id, []).append(
                PageStored(
                    task,
                    (job.url,),
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

    def _write_capture(self, job: _Job) -> CaptureRecord | None:
        """Write a page to a capture file; ``None`` where its rights forbid it."""
        page, source, body = job.page, job.source, job.body
        if rights.forbids_storing(job.reserved):
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
        if isinstance(body, CodedBody):
            named = (h for h in body.headers if h[0].lower() == "content-encoding")
            headers, sent, note = (*page.headers, *named), body.sent, "transfer coding undone"
        else:
            headers, sent = page.headers, body
            note = "content and transfer coding undone"
        place = writer.append(
            Exchange(
                url=job.url,
                method="GET",
                request_headers=(),
                status=page.status,
                response_headers=headers,
                body=sent,
                fetched_at=page.fetched_at,
                notes=(("dateline-origin", f"import; {note}"),),
                is_packed=isinstance(body, CodedBody),
            )
        )
        return CaptureRecord(
            url=job.url,
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
            rights=job.reserved,
        )


async def _extract(
    window: asyncio.Semaphore, workers: WorkerPool, job: _Job
) -> PreparedExtraction | str:
    """Extract a page in a worker; where that fails, return the cause."""
    source, page = job.source, job.page
    known = Known(source.timezone, source.language, None, page.fetched_at, {})
    try:
        async with window:
            return await workers.run(article_job, job.body, job.url, page.content_type, known)
    except (BadPage, WorkerFailure) as error:
        return str(error.cause)


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
