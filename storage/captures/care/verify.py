"""Verifies the capture and media files of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.captures import warc
from storage.captures.care.proof import VerifyResult, verify_file, verify_media
from storage.captures.files import OPEN_SUFFIX, codec_of, final_path
from storage.errors import CaptureUnreadable
from storage.models import Capture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.database.handle import Database


def all_capture_files(database: Database) -> list[Path]:
    """Return all capture files, closed and growing."""
    folder = database.location.captures
    found = [*folder.glob(f"*{warc.GZIP_SUFFIX}*"), *folder.glob(f"*{warc.ZSTD_SUFFIX}*")]
    ends = (warc.GZIP_SUFFIX, warc.ZSTD_SUFFIX)
    return sorted(p for p in found if p.name.removesuffix(OPEN_SUFFIX).endswith(ends))


def verify(
    database: Database, source_id: int | None = None, progress: Callable[[int], None] | None = None
) -> VerifyResult:
    """Verify every record against its digests and row, every row's record, and all media files.

    ``progress`` is called with the bytes of each finished file.
    """
    found = VerifyResult()
    named: set[str] = set()
    with database.reading() as session:
        query = select(Capture.file).distinct().order_by(Capture.file)
        if source_id is not None:
            query = query.where(Capture.source_id == source_id)
        named = set(session.scalars(query))
    present = {final_path(path).name: path for path in all_capture_files(database)}
    for name in sorted(named - present.keys()):
        found.problems.append(f"{name} is gone; restore it from a backup")
    for name in sorted(present.keys() & named if source_id is not None else present):
        path = present[name]
        found.files += 1
        found.bytes += path.stat().st_size
        with database.reading() as session:
            _verify_file(session, path, found)
        if progress is not None:
            progress(path.stat().st_size)
    with database.reading() as session:
        media = database.location.media
        verify_media(session, lambda path: (media / path).open("rb"), found, source_id)
    return found


def verify_newest(database: Database) -> tuple[str, VerifyResult] | None:
    """Verify the capture file that was written last: (name, result), if there is any."""
    files = all_capture_files(database)
    if not files:
        return None
    newest = max(files, key=lambda path: path.stat().st_mtime)
    found = VerifyResult(files=1, bytes=newest.stat().st_size)
    with database.reading() as session:
        _verify_file(session, newest, found)
    return final_path(newest).name, found


def _verify_file(session: Session, path: Path, found: VerifyResult) -> None:
    name = final_path(path).name
    try:
        codec = codec_of(path.parent, path.name)
        with path.open("rb") as stream:
            growing = path.name.endswith(OPEN_SUFFIX)
            verify_file(session, name, stream, codec, found, growing=growing)
    except CaptureUnreadable as error:
        found.problems.append(error.message)
