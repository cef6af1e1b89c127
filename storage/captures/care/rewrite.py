"""Rewrites capture files without some records, or with another compression, without other loss.

The new file is complete and synced before the rows of its records are committed; the old file is
deleted after that. A marker file tells, after a kill at any time, which of the two to delete
(:func:`finish`).
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, select, update

from storage.captures import warc
from storage.captures.files import OPEN_SUFFIX, codec_of, current_path, sync_folder
from storage.errors import ArchiveError, CaptureUnreadable, FolderNotWritable
from storage.models import Capture

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.database.handle import Database

_MARKER = ".replaced"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The result of a rewrite: bytes before and after, and the number of dropped captures."""

    before: int
    after: int
    dropped: int


def rewrite(
    database: Database,
    file: str,
    drop: Collection[str],
    codec: warc.Codec | None = None,
    headers: Mapping[str, tuple[str, str]] | None = None,
) -> Rewritten:
    """Rewrite ``file`` without the captures whose record ids are in ``drop``, and update the rows.

    ``codec`` changes the compression of the rest; ``headers`` adds an HTTP header to some records
    (by id).

    Raises:
        ArchiveError: a crawl is writing to the file.
        CaptureUnreadable: a record is damaged, or the file is gone; nothing was changed.
        FolderNotWritable: the disk is full; nothing was changed.
    """
    folder = database.location.captures
    path = _closed(folder, file)
    if not path.exists():
        return _without_file(database, file, drop)
    old_codec = codec_of(folder, file)
    name = _new_name(file, codec or old_codec)
    marker = folder / (file + _MARKER)
    temporary = folder / f"{name}{_MARKER}.new"
    try:
        moved, dropped = _copy(path, temporary, drop, old_codec, codec, headers or {})
        marker.write_text(json.dumps({"old": file, "new": name}), encoding="utf-8")
        temporary.rename(folder / name)
        sync_folder(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FolderNotWritable(
            f"cannot write captures in {folder}: {error.strerror}",
            "free disk space, then try again",
        ) from error
    except CaptureUnreadable:
        temporary.unlink(missing_ok=True)
        raise
    database.write(lambda session: _commit(session, file, name, moved, drop))
    before, after = path.stat().st_size, (folder / name).stat().st_size
    if not moved:
        (folder / name).unlink()
        after = 0
    path.unlink()
    marker.unlink()
    sync_folder(folder)
    return Rewritten(before, after, dropped)


def _without_file(database: Database, file: str, drop: Collection[str]) -> Rewritten:
    """Drop captures of a lost file: only their rows are left."""
    if not drop:
        raise CaptureUnreadable(f"{file} is gone", "`dateline captures verify` says what it held")
    database.write(lambda session: _commit(session, file, file, [], drop))
    logger.warning("%s is gone: %d captures leave the database only", file, len(drop))
    return Rewritten(0, 0, len(drop))


def finish(database: Database) -> int:
    """Finish or undo rewrites that a kill interrupted; return their number."""
    folder = database.location.captures
    count = 0
    for marker in sorted(folder.glob(f"*{_MARKER}")):
        try:
            names = json.loads(marker.read_text(encoding="utf-8"))
        except ValueError:
            marker.unlink()  # it was cut off before anything was changed
            continue
        with database.reading() as session:
            rows = session.scalar(select(func.count()).where(Capture.file == names["old"]))
        # All rows change in one transaction: either none names the old file, or none the new one.
        spare = names["new"] if rows else names["old"]
        (folder / spare).unlink(missing_ok=True)
        if not rows:
            with database.reading() as session:
                if not session.scalar(select(func.count()).where(Capture.file == names["new"])):
                    (folder / names["new"]).unlink(missing_ok=True)
        marker.unlink()
        count += 1
    for temporary in folder.glob(f"*{_MARKER}.new"):
        temporary.unlink(missing_ok=True)
    if count:
        sync_folder(folder)
    return count


def _closed(folder: Path, file: str) -> Path:
    """Return the path of a file once no writer uses it."""
    path = current_path(folder, file)
    if not path.name.endswith(OPEN_SUFFIX):
        return path
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ArchiveError(
            f"a crawl is writing to {file}", "stop the crawl or wait for its end, then try again"
        ) from error
    from storage.captures.recovery import recover_files

    recover_files(folder)
    return folder / file


def _new_name(file: str, codec: warc.Codec) -> str:
    for suffix in (warc.GZIP_SUFFIX, warc.ZSTD_SUFFIX):
        if file.endswith(suffix):
            file = file.removesuffix(suffix)
            if suffix == warc.ZSTD_SUFFIX:
                file = file.rpartition(".")[0]
    label, _, _ = file.rpartition("-")
    return f"{label or file}-{uuid4().hex[:8]}{codec.suffix}"


def _copy(
    path: Path,
    target: Path,
    drop: Collection[str],
    old: warc.Codec,
    codec: warc.Codec | None,
    headers: Mapping[str, tuple[str, str]],
) -> tuple[list[dict[str, Any]], int]:
    """Copy the remaining records; return their positions (captures only) and the number dropped."""
    moved: list[dict[str, Any]] = []
    dropped = 0
    with path.open("rb") as source, target.open("xb") as out:
        for offset, length, record in warc.read_records(path, old):
            capture = record.is_capture
            owner = record.record_id if capture else record.headers.get("warc-concurrent-to", "")
            if owner in drop:
                dropped += capture
                continue
            source.seek(offset)
            member = source.read(length)
            more = headers.get(record.record_id)
            if codec is not None or more is not None:
                source.seek(offset)
                data, _ = warc.read_member(source, old)
                if more is not None:
                    data = warc.with_http_header(data, *more)
                member = (codec or old).pack(data)
            if capture:
                moved.append({"b_old": offset, "b_offset": out.tell(), "b_length": len(member)})
            out.write(member)
        out.flush()
        os.fsync(out.fileno())
    return moved, dropped


_MOVE = (
    update(Capture)
    .where(Capture.file == bindparam("b_file"), Capture.offset == bindparam("b_old"))
    .values(file=bindparam("b_name"), offset=bindparam("b_offset"), length=bindparam("b_length"))
)


def _commit(
    session: Session, file: str, name: str, moved: list[dict[str, Any]], drop: Collection[str]
) -> None:
    connection = session.connection()
    gone = list(drop)
    for start in range(0, len(gone), 1_000):
        connection.execute(
            delete(Capture).where(
                Capture.file == file, Capture.record_id.in_(gone[start : start + 1_000])
            )
        )
    if moved:
        connection.execute(_MOVE, [{**row, "b_file": file, "b_name": name} for row in moved])
