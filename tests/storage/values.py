"""Outcomes of pages for tests of the archive, made without a crawl."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from storage.crawl.sources import add_source
from storage.types.content import Article, Block, Entry, StatedTimestamp
from storage.types.endpoints import Announcement
from storage.types.pages import CaptureRecord, PageStored, Task

if TYPE_CHECKING:
    from storage.archive import Archive

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
_offsets = count()


def later(**step: float) -> datetime:
    """A moment after ``NOW``."""
    return NOW + timedelta(**step)


def new_source(
    archive: Archive, name: str = "herald", home: str = "https://herald.example/"
) -> int:
    """Follow a source; returns its id."""
    return archive.write(lambda s: add_source(s, name=name, home_url=home, now=NOW).id)


def task_for(archive: Archive, source_id: int, url: str, **fields: Any) -> Task:
    """Announce ``url`` and take it from the frontier."""
    from storage.crawl.frontier import next_tasks

    archive.add_announcements(source_id, [Announcement(url, **fields)], NOW)
    with archive.reading() as session:
        tasks = next_tasks(session, source_id, NOW, count=100, depth=9)
    return next(t for t in tasks if t.url == url)


def capture(url: str, digest: str = "d") -> CaptureRecord:
    """A capture's row; its bytes lie nowhere."""
    return CaptureRecord(
        url=url, status=200, content_type="text/html", etag='"e"', last_modified=None,
        fetched_at=NOW, file="test.warc.gz", offset=next(_offsets), length=10,
        digest=digest.ljust(64, "0"), record_id="<urn:uuid:0>",
    )  # fmt: skip


def article(headline: str = "A headline", *paragraphs: str, **fields: Any) -> Article:
    """An article of these paragraphs."""
    texts = paragraphs or (f"{headline} and what came of it, told at length for the archive.",)
    fields.setdefault("published", StatedTimestamp(datetime(2026, 3, 9, 8, 0, tzinfo=UTC)))
    return Article(headline, tuple(Block("paragraph", text) for text in texts), **fields)


def stored(task: Task, content: Article | Entry, *urls: str, **fields: Any) -> PageStored:
    """A page that was fetched and extracted."""
    chain = urls or (task.url,)
    return PageStored(task, chain, capture(chain[-1]), content, "test-1", **fields)


def real_capture(
    archive: Archive, url: str, body: bytes, at: datetime = NOW, label: str = "test",
    **fields: Any,
) -> CaptureRecord:  # fmt: skip
    """A capture whose bytes lie in a closed WARC file of the archive."""
    import hashlib

    from storage.captures.warc import Exchange
    from storage.captures.writer import CaptureWriter

    writer = CaptureWriter(archive.location.captures, label, "Dateline/test")
    place = writer.append(
        Exchange(
            url=url, method="GET", request_headers=(("User-Agent", "Dateline"),), status=200,
            response_headers=(("Content-Type", "text/html"),), body=body, fetched_at=at,
            notes=(("fetchTimeMs", "12"),),
        )
    )  # fmt: skip
    writer.close()
    return CaptureRecord(
        url=url, status=200, content_type="text/html", etag=None, last_modified=None,
        fetched_at=at, file=place.file, offset=place.offset, length=place.length,
        digest=hashlib.sha256(body).hexdigest(), record_id=place.record_id, **fields,
    )  # fmt: skip


def page_of(content: Article) -> bytes:
    """A page that shows an article."""
    body = "".join(f"<p>{block.text}</p>" for block in content.blocks)
    head = f"<title>{content.headline}</title>"
    return (
        f"<html><head>{head}</head><body><h1>{content.headline}</h1>{body}</body></html>".encode()
    )


def publish(
    archive: Archive, source_id: int, url: str, content: Article, at: datetime = NOW,
    task: Task | None = None, **fields: Any,
) -> int:  # fmt: skip
    """Store an article with its real capture; returns its id."""
    capture_ = real_capture(archive, url, page_of(content), at, **fields)
    task = task or task_for(archive, source_id, url)
    outcome = PageStored(task, (url,), capture_, content, "test-1")
    (done,) = archive.record(source_id, None, [outcome], at)
    assert done.item_id is not None, done
    return done.item_id
