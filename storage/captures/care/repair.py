"""Repairs damaged capture files: cuts torn tails, points rows to what is left."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from storage.captures import warc, zstd_dictionaries
from storage.captures.care import lost_encodings, rewrite
from storage.captures.care.verify import all_capture_files
from storage.captures.files import DICTIONARIES, OPEN_SUFFIX, codec_of, final_path
from storage.captures.recovery import intact_bytes, recover_files
from storage.errors import CaptureUnreadable
from storage.models import Capture

if TYPE_CHECKING:
    from pathlib import Path

    from storage.database.handle import Database


_A_DAY = 86_400


def repair(database: Database) -> list[str]:
    """Repair what can be repaired; return one line per action.

    It cuts torn tails, finishes interrupted rewrites, points rows to their records, and restores
    lost Content-Encoding headers.
    """
    done = []
    folder = database.location.captures
    if count := rewrite.finish(database):
        done.append(f"ended {count} rewriting{'s' if count > 1 else ''} that were cut short")
    for name, cut in recover_files(folder):
        done.append(f"closed {name}: {cut} bytes of a broken record cut off")
    for path in all_capture_files(database):
        if path.name.endswith(OPEN_SUFFIX):
            continue
        cut = _cut_tail(database, path)
        if cut:
            done.append(f"cut {cut} bytes of a broken record off {path.name}")
    done += _point_rows(database)
    if count := lost_encodings.restore_encodings(database):
        done.append(f"put the lost Content-Encoding back into {count} record{'s' * (count > 1)}")
    if unused := _remove_dictionaries(database):
        done.append(f"removed {unused} dictionar{'ies' if unused > 1 else 'y'} of no file")
    return done


def _remove_dictionaries(database: Database) -> int:
    """Delete dictionaries that no file uses, unless a crawl made them within a day."""
    used = {zstd_dictionaries.dictionary_name(path.name) for path in all_capture_files(database)}
    count = 0
    for path in (database.location.captures / DICTIONARIES).glob("*.zst"):
        if path.stem not in used and time.time() - path.stat().st_mtime > _A_DAY:
            path.unlink()
            count += 1
    return count


def _cut_tail(database: Database, path: Path) -> int:
    """Cut a torn last record off a closed file, unless a row points behind the tear."""
    size = path.stat().st_size
    good = intact_bytes(path.parent, path)
    if good in (0, size):
        return 0
    with database.reading() as session:
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


def _point_rows(database: Database) -> list[str]:
    done = []
    for path in all_capture_files(database):
        name = final_path(path).name
        with database.reading() as session:
            rows = {
                record_id: (number, offset)
                for number, record_id, offset in session.execute(
                    select(Capture.id, Capture.record_id, Capture.offset).where(
                        Capture.file == name
                    )
                )
            }
        moved: list[dict[str, Any]] = []
        try:
            for offset, length, record in warc.read_records(path, codec_of(path.parent, path.name)):
                row = rows.get(record.record_id)
                if row is not None and row[1] != offset:
                    moved.append({"id": row[0], "offset": offset, "length": length})
        except CaptureUnreadable:
            pass  # `verify` names what is damaged; what lies before it was read
        if moved:
            database.write(lambda s, moved=moved: s.execute(update(Capture), moved))  # type: ignore[misc]
            done.append(f"pointed {len(moved)} captures to their records in {name}")
    return done
