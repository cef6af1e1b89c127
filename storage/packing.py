"""Which codec a source's captures are packed with, as the source asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage import dictionaries, warc
from storage.captures import DICTIONARIES
from storage.errors import CaptureUnreadable
from storage.models import Capture, Revision, Source
from storage.reading import read_capture

if TYPE_CHECKING:
    from datetime import datetime

    from storage.archive import Archive

# Sites change their templates now and then; a dictionary serves so long.
_SERVES = timedelta(days=30)


def codec_for_source(archive: Archive, source_id: int, now: datetime) -> warc.Codec:
    """Gzip, or Zstandard over the source's newest pages once it has some."""
    folder = archive.location.captures / DICTIONARIES
    with archive.reading() as session:
        if session.get_one(Source, source_id).store != "zstd":
            return warc.GZIP
        last = session.execute(
            select(Capture.file, Capture.fetched_at)
            .where(Capture.source_id == source_id, Capture.file.endswith(warc.ZSTD_SUFFIX))
            .order_by(Capture.id.desc())
            .limit(1)
        ).first()
        of_pages = (
            select(Capture)
            .join(Revision, Revision.capture_id == Capture.id)
            .where(Capture.source_id == source_id, Capture.kind == "response")
            .order_by(Capture.id.desc())
            .limit(dictionaries.PAGES)
        )
        newest = list(session.scalars(of_pages))
    if last is not None and now - last.fetched_at < _SERVES:
        try:
            return dictionaries.load(folder, dictionaries.name_in(last.file))
        except CaptureUnreadable:
            pass  # a new one is made; `dateline captures verify` names the missing one
    pages = []
    for capture in newest:
        try:
            pages.append(read_capture(archive, capture))
        except CaptureUnreadable:
            continue
    dictionary = dictionaries.of_pages(pages)
    if dictionary is None:
        return warc.GZIP
    return dictionaries.load(folder, dictionaries.keep(folder, dictionary))
