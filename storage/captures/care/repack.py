"""Compresses a source's captures with the codec of its settings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from storage.captures import warc, zstd_dictionaries
from storage.captures.care import rewrite
from storage.captures.files import DICTIONARIES, OPEN_SUFFIX, current_path
from storage.captures.reader import read_capture
from storage.errors import CaptureUnreadable
from storage.models import Capture, Revision, Source

if TYPE_CHECKING:
    from datetime import datetime

    from storage.database.handle import Database

# Sites change their templates occasionally; a dictionary is used for this long.
_SERVES = timedelta(days=30)


def codec_for_source(database: Database, source_id: int, now: datetime) -> warc.Codec:
    """Return gzip, or Zstandard over the source's newest pages once it has some."""
    folder = database.location.captures / DICTIONARIES
    with database.reading() as session:
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
            .limit(zstd_dictionaries.PAGES)
        )
        newest = list(session.scalars(of_pages))
    if last is not None and now - last.fetched_at < _SERVES:
        try:
            return zstd_dictionaries.load_codec(
                folder, zstd_dictionaries.dictionary_name(last.file)
            )
        except CaptureUnreadable:
            pass  # a new one is made; `dateline captures verify` names the missing one
    pages = []
    for capture in newest:
        try:
            pages.append(read_capture(database, capture))
        except CaptureUnreadable:
            continue
    dictionary = zstd_dictionaries.dictionary_of_pages(pages)
    if dictionary is None:
        return warc.GZIP
    return zstd_dictionaries.load_codec(
        folder, zstd_dictionaries.store_dictionary(folder, dictionary)
    )


def repack(database: Database, source_id: int, store: str, now: datetime) -> tuple[int, int]:
    """Recompress a source's captures as ``store`` says, also future ones; bytes (before, after).

    Files that also hold captures of other sources are recompressed whole. Files that a crawl is
    writing stay unchanged.

    Raises:
        CaptureUnreadable: a file is damaged; those before it are recompressed.
        FolderNotWritable: the disk is full.
    """
    database.write(
        lambda s: s.execute(update(Source).where(Source.id == source_id).values(store=store))
    )
    codec = codec_for_source(database, source_id, now)
    folder = database.location.captures
    with database.reading() as session:
        files = list(
            session.scalars(select(Capture.file).where(Capture.source_id == source_id).distinct())
        )
    before = after = 0
    for file in sorted(files):
        path = current_path(folder, file)
        if path.name.endswith(OPEN_SUFFIX) or file.endswith(codec.suffix):
            continue
        done = rewrite.rewrite(database, file, (), codec)
        before, after = before + done.before, after + done.after
    return before, after
