"""Care for the captures: proved, mended, thinned out, counted."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, or_, select, update

from storage.captures import zstd_dictionaries
from storage.captures.care import lost_encodings
from storage.captures.care import rewrite
from storage.captures import warc
from storage.captures.writer import (DICTIONARIES, OPEN_SUFFIX, codec_of, final_path, good_bytes, recover)
from storage.errors import CaptureUnreadable
from storage.models import Article, Capture, DirectoryEntry, Revision, Source
from storage.captures.care.proof import (Verified, prove_file, prove_media)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.archive import Archive


_A_DAY = 86_400


def files_of(archive: Archive) -> list[Path]:
    """All capture files, closed and growing."""
    folder = archive.location.captures
    found = [*folder.glob(f"*{warc.GZIP_SUFFIX}*"), *folder.glob(f"*{warc.ZSTD_SUFFIX}*")]
    ends = (warc.GZIP_SUFFIX, warc.ZSTD_SUFFIX)
    return sorted(p for p in found if p.name.removesuffix(OPEN_SUFFIX).endswith(ends))


def verify(
    archive: Archive, source_id: int | None = None, progress: Callable[[int], None] | None = None
) -> Verified:
    """Prove every record against its digests and its row, every row's record, and all media files.

    ``progress`` is told the bytes of each file that is done.
    """
    found = Verified()
    named: set[str] = set()
    with archive.reading() as session:
        query = select(Capture.file).distinct().order_by(Capture.file)
        if source_id is not None:
            query = query.where(Capture.source_id == source_id)
        named = set(session.scalars(query))
    present = {final_path(path).name: path for path in files_of(archive)}
    for name in sorted(named - present.keys()):
        found.problems.append(f"{name} is gone; restore it from a backup")
    for name in sorted(present.keys() & named if source_id is not None else present):
        path = present[name]
        found.files += 1
        found.bytes += path.stat().st_size
        with archive.reading() as session:
            _verify_file(session, path, found)
        if progress is not None:
            progress(path.stat().st_size)
    with archive.reading() as session:
        media = archive.location.media
        prove_media(session, lambda path: (media / path).open("rb"), found, source_id)
    return found


def verify_newest(archive: Archive) -> tuple[str, Verified] | None:
    """(its name, what was found) of the capture file that was written last, if there is any."""
    files = files_of(archive)
    if not files:
        return None
    newest = max(files, key=lambda path: path.stat().st_mtime)
    found = Verified(files=1, bytes=newest.stat().st_size)
    with archive.reading() as session:
        _verify_file(session, newest, found)
    return final_path(newest).name, found


def _verify_file(session: Session, path: Path, found: Verified) -> None:
    name = final_path(path).name
    try:
        codec = codec_of(path.parent, path.name)
        with path.open("rb") as stream:
            growing = path.name.endswith(OPEN_SUFFIX)
            prove_file(session, name, stream, codec, found, growing=growing)
    except CaptureUnreadable as error:
        found.problems.append(error.message)


def repair(archive: Archive) -> list[str]:
    """Mend what can be mended; returns what was done, a line each.

    Torn tails are cut off, rewritings ended, rows pointed to where their records lie, and lost
    Content-Encoding headers put back.
    """
    done = []
    folder = archive.location.captures
    if count := rewrite.finish(archive):
        done.append(f"ended {count} rewriting{'s' if count > 1 else ''} that were cut short")
    for name, cut in recover(folder):
        done.append(f"closed {name}: {cut} bytes of a broken record cut off")
    for path in files_of(archive):
        if path.name.endswith(OPEN_SUFFIX):
            continue
        cut = _cut_tail(archive, path)
        if cut:
            done.append(f"cut {cut} bytes of a broken record off {path.name}")
    done += _point_rows(archive)
    if count := lost_encodings.put_back(archive):
        done.append(f"put the lost Content-Encoding back into {count} record{'s' * (count > 1)}")
    if unused := _remove_dictionaries(archive):
        done.append(f"removed {unused} dictionar{'ies' if unused > 1 else 'y'} of no file")
    return done


def _remove_dictionaries(archive: Archive) -> int:
    """Remove dictionaries that no file names; a day is left to crawls that just made theirs."""
    used = {zstd_dictionaries.name_in(path.name) for path in files_of(archive)}
    count = 0
    for path in (archive.location.captures / DICTIONARIES).glob("*.zst"):
        if path.stem not in used and time.time() - path.stat().st_mtime > _A_DAY:
            path.unlink()
            count += 1
    return count


def _cut_tail(archive: Archive, path: Path) -> int:
    """Cut a torn last record off a closed file, unless a row names a place behind the tear."""
    size = path.stat().st_size
    good = good_bytes(path.parent, path)
    if good in (0, size):
        return 0
    with archive.reading() as session:
        behind = session.scalar(
            select(func.count()).where(Capture.file == path.name, Capture.offset >= good)
        )
    if behind:
        return 0
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(good)
        os.fsync(file.fileno())
    return size - good


def _point_rows(archive: Archive) -> list[str]:
    done = []
    for path in files_of(archive):
        name = final_path(path).name
        with archive.reading() as session:
            rows = {
                record_id: (number, offset)
                for number, record_id, offset in session.execute(
                    select(Capture.id, Capture.record_id, Capture.offset)
                    .where(Capture.file == name)
                )
            }  # fmt: skip
        moved: list[dict[str, Any]] = []
        try:
            for offset, length, record in warc.read_records(path, codec_of(path.parent, path.name)):
                row = rows.get(record.record_id)
                if row is not None and row[1] != offset:
                    moved.append({"id": row[0], "offset": offset, "length": length})
        except CaptureUnreadable:
            pass  # `verify` names what is damaged; what lies before it was read
        if moved:
            archive.write(lambda s, moved=moved: s.execute(update(Capture), moved))  # type: ignore[misc]
            done.append(f"pointed {len(moved)} captures to their records in {name}")
    return done


def prune(
    archive: Archive, before: datetime, source_id: int | None = None, *, dry_run: bool = False
) -> tuple[int, int]:
    """Remove captures older than ``before`` that nothing is made of: (captures, bytes freed).

    What stays: each revision's capture, and the newest of each page.
    """
    count = freed = 0
    for file, rows in _prunable(archive, before, source_id):
        count += len(rows)
        if dry_run:
            freed += sum(length for _, length in rows)
            continue
        done = rewrite.rewrite(archive, file, {record_id for record_id, _ in rows})
        freed += done.before - done.after
    return count, freed


def _prunable(
    archive: Archive, before: datetime, source_id: int | None
) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    newest = select(func.max(Capture.id)).group_by(Capture.source_id, Capture.key)
    other = Capture.__table__.alias("other")
    used = or_(
        select(Revision.id).where(Revision.capture_id == Capture.id).exists(),
        select(Article.item_id).where(Article.capture_id == Capture.id).exists(),
        select(DirectoryEntry.item_id).where(DirectoryEntry.capture_id == Capture.id).exists(),
        # What a later revisit refers to goes once that went.
        select(other.c.id).where(other.c.refers_to == Capture.id).exists(),
    )
    query = (
        select(Capture.file, Capture.record_id, Capture.length)
        .where(Capture.fetched_at < before, ~used, Capture.id.not_in(newest))
        .order_by(Capture.file, Capture.offset)
    )
    if source_id is not None:
        query = query.where(Capture.source_id == source_id)
    with archive.reading() as session:
        files: dict[str, list[tuple[str, int]]] = {}
        for file, record_id, length in session.execute(query):
            files.setdefault(file, []).append((record_id, length))
    yield from files.items()


def stats(archive: Archive) -> dict[str, Any]:
    """Captures by source: how many, how many are revisits, their bytes, the oldest and newest."""
    revisits = func.sum(case((Capture.kind == "revisit", 1), else_=0))
    with archive.reading() as session:
        rows = session.execute(
            select(Source.name, Source.store, func.count(Capture.id), revisits,
                   func.sum(Capture.length), func.min(Capture.fetched_at),
                   func.max(Capture.fetched_at), func.count(Capture.file.distinct()))
            .join(Capture, Capture.source_id == Source.id)
            .group_by(Source.name, Source.store).order_by(Source.name)
        ).all()  # fmt: skip
    return {
        "folder": str(archive.location.captures),
        "bytes": sum(path.stat().st_size for path in files_of(archive)),
        "sources": [
            {"source": name, "store": store, "captures": count, "revisits": int(again or 0),
             "bytes": int(size or 0), "oldest": oldest.isoformat(), "newest": newest.isoformat(),
             "files": files}
            for name, store, count, again, size, oldest, newest, files in rows
        ],
    }  # fmt: skip
