"""Write the captures of one crawl in a thread, and read the rights that publishers reserve."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from scrapy import Request

from crawler.http import failures
from crawler.http.fetch import fetch, header, max_age
from storage.captures.care import rewrite
from storage.captures.care.repack import codec_for_source
from storage.captures.content_encoding import UNDECLARED, decode_response
from storage.captures.recovery import recover_files
from storage.captures.warc import RevisitTarget
from storage.captures.writer import CaptureWriter
from storage.crawl import host_cache
from storage.types import rights
from storage.types.pages import CaptureRecord
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.http.fetch import Redirect
    from storage import Archive
    from storage.captures.warc import Exchange, Rendering
    from storage.captures.writer import RecordLocation
    from storage.types.pages import KnownCapture

_TDMREP = "/.well-known/tdmrep.json"


def recover_captures(archive: Archive) -> list[str]:
    """Repair the captures after a killed process; returns one line per repair."""
    ended = rewrite.finish(archive)
    lines = [f"finished {ended} interrupted rewrites of capture files"] if ended else []
    for name, cut in recover_files(archive.location.captures):
        lines.append(f"repaired {name}: {cut} bytes of an incomplete record removed")
    return lines


def revisited(known: KnownCapture | None) -> RevisitTarget | None:
    """Return what a revisit record names of the known capture."""
    return None if known is None else RevisitTarget(known.record_id, known.url, known.fetched_at)


def notes(
    digest: str, reserved: dict[str, Any] | None, *, undeclared: bool = False
) -> list[tuple[str, str]]:
    """Return the fields of the metadata record that tell the digest and the page's rights."""
    found = [("digest-of-decoded-body", f"sha256:{digest}")]
    if undeclared:
        found.append((UNDECLARED, "gzip"))
    return found + [(f"rights-{name}", str(value)) for name, value in (reserved or {}).items()]


def capture_record(
    response: Response,
    exchange: Exchange,
    place: RecordLocation,
    digest: str,
    reserved: dict[str, Any] | None,
    known: KnownCapture | None,
) -> CaptureRecord:
    """Return the row of a written capture; a revisit where the page is ``known``."""
    return CaptureRecord(
        url=exchange.url,
        status=exchange.status,
        content_type=header(response, "Content-Type"),
        etag=header(response, "ETag"),
        last_modified=header(response, "Last-Modified"),
        fetched_at=exchange.fetched_at,
        file=place.file,
        offset=place.offset,
        length=place.length,
        digest=digest,
        record_id=place.record_id,
        kind="response" if known is None else "revisit",
        refers_to=known.id if known is not None else None,
        rights=reserved,
    )


class SentPage(NamedTuple):
    """A page as it was sent, with all that its capture keeps of the exchange.

    ``max_size`` bounds the decoded body in bytes, ``known`` is the page's last capture.
    """

    response: Response
    exchange: Exchange
    max_size: int
    known: KnownCapture | None
    find_redirect: Callable[[bytes], Redirect | None]


class CapturedPage(NamedTuple):
    """A page after its capture: ``record`` is ``None`` where the page is not kept.

    ``digest``: SHA-256 of the decoded body, hexadecimal. ``is_coded``: the sent body differs from
    the decoded one. ``reserved``: why the rights of the page forbid a capture. ``redirect``: where
    its refresh leads, which makes it no page of its own.
    """

    digest: str
    is_coded: bool
    redirect: Redirect | None = None
    reserved: str | None = None
    record: CaptureRecord | None = None


class CaptureWriterThread:
    """One WARC writer in its own thread: neither decoding nor compression blocks the reactor."""

    def __init__(self, archive: Archive, source_id: int, label: str, now: datetime) -> None:
        codec = codec_for_source(archive, source_id, now)
        self._archive = archive
        self.writer = CaptureWriter(
            archive.location.captures,
            label,
            f"Dateline/{VERSION}",
            codec,
            operator=archive.location.contact,
        )
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="captures")
        self.policy = "reserve"
        self._host = ""
        self._tdmrep: list[dict[str, Any]] = []

    async def load_site_rights(self, crawler: Crawler, home_url: str, now: datetime) -> None:
        """Read the rights that the host of ``home_url`` reserves for all of its pages."""
        parts = urlsplit(home_url)
        url = f"{parts.scheme}://{parts.netloc}{_TDMREP}"
        body = host_cache.cached_file(self._archive, url, now)
        if body is None:
            answer = await fetch(crawler, Request(url, dont_filter=True))
            if isinstance(answer, failures.Failure):
                if answer.final:
                    host_cache.cache_file(self._archive, url, b"", now, None)
                return
            body = answer.body
            host_cache.cache_file(self._archive, url, body, now, max_age(answer))
        if body:
            self._host, self._tdmrep = parts.netloc, rights.parse_tdmrep(body)

    def page_rights(
        self, url: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> dict[str, Any] | None:
        """Return the rights reserved for a page, under the source's policy."""
        parts = urlsplit(url)
        site = None
        if self._tdmrep and parts.netloc == self._host:
            site = rights.tdm_rule_for_path(self._tdmrep, parts.path or "/")
        return rights.with_policy(rights.parse_reservations(headers, body, site), self.policy)

    async def capture(self, page: SentPage) -> CapturedPage:
        """Decode a page and write its capture, in the writer's thread.

        Raises:
            BodyTooLarge: the body is larger than ``page.max_size`` once it is decoded.
            FolderNotWritable: the capture could not be written.
        """
        return await asyncio.get_running_loop().run_in_executor(self.executor, self._capture, page)

    def _capture(self, page: SentPage) -> CapturedPage:
        exchange, known = page.exchange, page.known
        headers = exchange.response_headers
        body = decode_response(headers, exchange.body, page.max_size)
        digest = hashlib.sha256(body).hexdigest()
        is_coded = body is not exchange.body
        # A page that only redirects gets no capture, as an HTTP redirect: no row would refer to it.
        redirect = page.find_redirect(body)
        if redirect is not None:
            return CapturedPage(digest, is_coded, redirect)
        reserved = self.page_rights(exchange.url, headers, body)
        if rights.forbids_storing(reserved):
            return CapturedPage(digest, is_coded, reserved=rights.NOARCHIVE)
        known = known if known is not None and known.digest == digest else None
        undeclared = is_coded and "Content-Encoding" not in page.response.headers
        exchange = replace(
            exchange,
            revisited=revisited(known),
            is_packed=is_coded,
            notes=(*notes(digest, reserved, undeclared=undeclared), *exchange.notes),
        )
        place = self.writer.append(exchange)
        record = capture_record(page.response, exchange, place, digest, reserved, known)
        return CapturedPage(digest, is_coded, record=record)

    async def keep(self, exchange: Exchange | Rendering) -> RecordLocation:
        """Write an exchange in the writer's thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self.executor, self.writer.append, exchange
        )

    def close(self) -> None:
        """Finish pending writes and close the file."""
        try:
            self.executor.submit(self.writer.close).result()
        finally:
            self.executor.shutdown()
