"""Writes captures: HTTP exchanges in WARC files, one writer per file.

A growing file has the suffix ``.open`` and is locked; closing removes the suffix. Rows name the
file without the suffix. :func:`storage.captures.recovery.recover_files` cuts the file of a dead
writer back to its last complete record, because a torn tail would hide all that follows it.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from storage.captures import warc
from storage.captures.files import NEW_SUFFIX, OPEN_SUFFIX, final_path, sync_folder
from storage.captures.warc import Exchange
from storage.errors import FolderNotWritable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from storage.captures.warc import Codec, Rendering

# 1 GB is the size that the WARC specification's annex recommends.
MAX_FILE_BYTES = 1_000_000_000


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class RecordLocation:
    """The position of a response or revisit record; ``file`` is relative to the captures folder."""

    file: str
    offset: int
    length: int
    record_id: str


class CaptureWriter:
    """Appends exchanges to WARC files of its own, one per day. Not thread-safe."""

    def __init__(
        self,
        folder: Path,
        label: str,
        software: str,
        codec: Codec = warc.GZIP,
        clock: Callable[[], datetime] = _now,
        *,
        operator: str = "",
    ) -> None:
        self._folder = folder
        self._label = label
        self._software = software
        self._operator = operator
        self._clock = clock
        self._codec = codec
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._day: date | None = None

    def append(self, exchange: Exchange | Rendering) -> RecordLocation:
        """Append the records of ``exchange``; they are safe only after :meth:`sync`.

        Raises:
            FolderNotWritable: the disk is full, or the folder cannot be written.
        """
        record_id, records = warc.records_of(exchange)
        is_packed = isinstance(exchange, Exchange) and exchange.is_packed
        packed = [
            self._codec.pack(records[0], is_packed=is_packed),
            *map(self._codec.pack, records[1:]),
        ]
        return self._append(packed, record_id)

    def _append(self, members: list[bytes], record_id: str) -> RecordLocation:
        """Append members: the record ``record_id`` first, then the accompanying ones."""
        try:
            file, path = self._current()
            start = file.tell()
            try:
                for member in members:
                    file.write(member)
                file.flush()
            except OSError:
                # Cut the partial record, so that later records stay readable.
                file.truncate(start)
                file.seek(start)
                raise
        except OSError as error:
            raise self._unwritable(error) from error
        return RecordLocation(final_path(path).name, start, len(members[0]), record_id)

    def _unwritable(self, error: OSError) -> FolderNotWritable:
        return FolderNotWritable(
            f"cannot write captures in {self._folder}: {error.strerror}",
            "free disk space or correct the folder's permissions, then crawl again",
        )

    def sync(self) -> None:
        """Sync all appended records to disk.

        Raises:
            FolderNotWritable: the sync failed.
        """
        if self._file is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Sync, and give the file its final name.

        Raises:
            FolderNotWritable: the disk is full; the next run repairs and closes the file.
        """
        if self._file is None or self._path is None:
            return
        self.sync()
        try:
            self._path.rename(final_path(self._path))
            self._file.close()
            sync_folder(self._folder)
        except OSError as error:
            raise self._unwritable(error) from error
        self._file = self._path = None

    def _current(self) -> tuple[BinaryIO, Path]:
        # By the day of writing, because the pages of an import can be of any day.
        now = self._clock()
        if self._file is not None and (
            self._file.tell() >= MAX_FILE_BYTES or self._day != now.date()
        ):
            self.close()
        if self._file is None or self._path is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"{self._label}-{now:%Y%m%d%H%M%S}-{uuid4().hex[:8]}{self._codec.suffix}"
            self._file, self._path = _locked_file(self._folder / (name + OPEN_SUFFIX))
            self._day = now.date()
            record = warc.warcinfo_record(name, self._software, now, self._operator)
            self._file.write(self._codec.pack(record))
        return self._file, self._path


def _locked_file(path: Path) -> tuple[BinaryIO, Path]:
    """Create a file that is locked before another process can take it for a dead writer's."""
    new = path.with_name(path.name + NEW_SUFFIX)
    while True:
        file = new.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            new.rename(path)
        except FileNotFoundError:
            # Another process took it for a dead writer's file before it was locked.
            file.close()
            continue
        sync_folder(path.parent)
        return file, path
