"""Write the captures of one crawl in a thread, and read the rights that publishers reserve."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request

from crawler.http import failures
from crawler.http.fetch import fetch, max_age
from storage.captures.care import rewrite
from storage.captures.care.repack import codec_for_source
from storage.captures.recovery import recover_files
from storage.captures.writer import CaptureWriter
from storage.crawl import host_cache
from storage.types import rights
from storage.version import VERSION

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy.crawler import Crawler

    from storage import Archive
    from storage.captures.warc import Exchange, Rendering
    from storage.captures.writer import RecordLocation

_TDMREP = "/.well-known/tdmrep.json"


def recover_captures(archive: Archive) -> list[str]:
    """Repair the captures after a killed process; returns one line per repair."""
    ended = rewrite.finish(archive)
    lines = [f"finished {ended} interrupted rewrites of capture files"] if ended else []
    for name, cut in recover_files(archive.location.captures):
        lines.append(f"repaired {name}: {cut} bytes of an incomplete record removed")
    return lines


class CaptureWriterThread:
    """One WARC writer in its own thread: compression does not block the reactor."""

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
