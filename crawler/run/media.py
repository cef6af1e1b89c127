"""Fetch the pictures and attachments of a run's items, under limits of size and type."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from scrapy import Request

from crawler.extraction.linked.attachments import UnreadableDocument
from crawler.http import failures
from crawler.http.fetch import content_type, fetch
from crawler.workers import jobs
from crawler.workers import pool as workers
from storage import utc_now
from storage.errors import FolderNotWritable
from storage.ingest import media as storage_media
from storage.ingest.media import FetchedMedia, WantedMedia

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.run.recorder import Recorder

MAX_PICTURE_BYTES = 15 * 1024 * 1024
MAX_ATTACHMENT_BYTES = 40 * 1024 * 1024
# In flight at a time; the host's own delay and concurrency hold as for pages.
_CONCURRENCY = 4
_EXTENSION = re.compile(r"\.[a-z0-9]{2,5}$", re.IGNORECASE)
_PICTURES = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"\x00\x00\x01\x00", ".ico"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
)
# Documents by their first bytes; a page of HTML in a document's place is an error page or a wall.
_DOCUMENTS = (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf")
_TEXTS = (".csv", ".txt")


class MediaFetcher:
    """Fetches the media of one run."""

    def __init__(
        self,
        crawler: Crawler,
        recorder: Recorder,
        source_id: int,
        limit: int,
        *,
        patient: bool = False,
        on_file_done: Callable[[], None] = lambda: None,
    ) -> None:
        self.crawler = crawler
        self.recorder = recorder
        self.source_id = source_id
        self.limit = limit
        self.patient = patient
        self._on_file_done = on_file_done
        self.counts: Counter[str] = Counter()

    async def run(self, pool: workers.WorkerPool) -> Counter[str]:
        """Fetch wanted files up to the limit; returns counts per state and cause.

        Raises:
            ArchiveError: the archive cannot be written.
        """
        archive, source_id, began = self.recorder.archive, self.source_id, utc_now()
        tried = 0
        while tried < self.limit:
            count = min(_CONCURRENCY, self.limit - tried)

            def work(count: int = count) -> list[WantedMedia]:
                with archive.reading() as session:
                    return storage_media.wanted(
                        session, source_id, count, began, patient=self.patient
                    )

            batch = await self.recorder.read(work)
            if not batch:
                break
            tried += len(batch)
            fetched = await asyncio.gather(*(self._fetch_and_report(one, pool) for one in batch))
            finished = [one for one in fetched if one.cause != workers.INTERRUPTED]
            await self.recorder.call(partial(archive.record_media, finished, utc_now()))
            for one in finished:
                self.counts[one.state] += 1
            if len(finished) < len(fetched):
                break
        return self.counts

    async def _fetch_and_report(
        self, wanted: WantedMedia, pool: workers.WorkerPool
    ) -> FetchedMedia:
        fetched = await self._fetch(wanted, pool)
        self._on_file_done()
        return fetched

    async def _fetch(self, wanted: WantedMedia, pool: workers.WorkerPool) -> FetchedMedia:
        limit = MAX_PICTURE_BYTES if wanted.kind == "picture" else MAX_ATTACHMENT_BYTES
        request = Request(wanted.url, dont_filter=True, meta={"download_maxsize": limit})
        response = await fetch(self.crawler, request)
        if isinstance(response, failures.Failure):
            return FetchedMedia(
                wanted.id, cause=response.cause, detail=response.detail, final=response.final
            )
        extension = _file_extension(wanted, response)
        if extension is None:
            kind = content_type(response).split(";")[0] or "unknown"
            return FetchedMedia(
                wanted.id,
                cause="not-a-picture" if wanted.kind == "picture" else "not-a-document",
                detail=f"its media type is {kind}",
                final=True,
            )
        folder = self.recorder.archive.location.media
        digest, path = await self.recorder.call(
            lambda: _store_file(folder, response.body, extension)
        )
        text = detail = None
        if wanted.kind == "attachment":
            text, detail = await _attachment_text(pool, response.body, extension)
        return FetchedMedia(
            wanted.id,
            digest=digest,
            path=path,
            size=len(response.body),
            text=text,
            content_type=content_type(response).split(";")[0].strip() or None,
            detail=detail,
        )


def _store_file(folder: Path, body: bytes, extension: str) -> tuple[str, str]:
    try:
        return storage_media.keep(folder, body, extension)
    except OSError as error:
        raise FolderNotWritable(
            f"cannot write in {folder}: {error.strerror}",
            "check the free space and the permissions there",
        ) from error


def _picture_extension(body: bytes) -> str | None:
    """Return the file extension by a picture's first bytes; ``None`` if it is not a picture."""
    for mark, extension in _PICTURES:
        if body.startswith(mark):
            return extension
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return ".webp"
    if body[4:12] in (b"ftypavif", b"ftypheic", b"ftypmif1"):
        return ".avif"
    return ".svg" if b"<svg" in body[:1000] else None


def _file_extension(wanted: WantedMedia, response: Response) -> str | None:
    """Return the file extension; ``None`` where the bytes are not of the expected kind."""
    body = response.body
    if wanted.kind == "picture":
        return _picture_extension(body)
    named = _EXTENSION.search(wanted.url.partition("?")[0].lower())
    if body.startswith(_DOCUMENTS):
        return named[0] if named else ""
    return (
        named[0] if named and named[0] in _TEXTS and b"<html" not in body[:1000].lower() else None
    )


async def _attachment_text(
    pool: workers.WorkerPool, body: bytes, extension: str
) -> tuple[str | None, str | None]:
    """Return (text, why there is none) of an attachment."""
    if extension in _TEXTS:
        return body.decode("utf-8", "replace"), None
    try:
        return await pool.run(jobs.document_job, body) or None, None
    except UnreadableDocument as error:
        return None, str(error)
    except workers.WorkerFailure as error:
        return None, error.reason
