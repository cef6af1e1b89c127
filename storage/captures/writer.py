"""Captures: HTTP exchanges in WARC files, each file of one writer.

While a file grows it ends in ``.open`` and is locked; when it is closed the suffix goes. Rows name
it without the suffix. What a dead writer left is cut back to its last whole record by
:func:`recover`, for a torn tail would hide all that follows it.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from storage.captures import warc
from storage.errors import CaptureUnreadable, FolderNotWritable
from storage.captures.warc import (Codec, Exchange, Rendering, Revisited)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

__all__ = [
    "CaptureWriter", "Exchange", "Place", "Rendering", "Revisited", "read_http", "recover",
]  # fmt: skip

OPEN_SUFFIX = ".open"
# A file that is not locked yet, so that none is taken for a dead writer's.
_NEW_SUFFIX = ".new"
# 1 GB is the size that the WARC specification's annex recommends.
MAX_FILE_BYTES = 1_000_000_000
DICTIONARIES = "dictionaries"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the response (or revisit) record lies; ``file`` is relative to the captures folder."""

    file: str
    offset: int
    length: int
    record_id: str


class CaptureWriter:
    """Appends exchanges to WARC files of its own, one a day. Not for two threads at once."""

    def __init__(
        self, folder: Path, label: str, software: str, codec: Codec = warc.GZIP,
        clock: Callable[[], datetime] = _now, *, operator: str = "",
    ) -> None:  # fmt: skip
        self._folder = folder
        self._label = label
        self._software = software
        self._operator = operator
        self._clock = clock
        self._codec = codec
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._day: date | None = None

    def append(self, exchange: Exchange | Rendering) -> Place:
        """Write the records of ``exchange``; they are safe only after :meth:`sync`.

        Raises:
            FolderNotWritable: the disk is full, or the folder cannot be written.
        """
        record_id, records = warc.records_of(exchange)
        packed = [self._codec.pack(record) for record in records]
        return self._append(packed, record_id)

    def _append(self, members: list[bytes], record_id: str) -> Place:
        """Write members: the record ``record_id`` first, then what goes with it."""
        try:
            file, path = self._current()
            start = file.tell()
            try:
                for member in members:
                    file.write(member)
                file.flush()
            except OSError:
                # Cut what was half written, so that later records stay readable.
                file.truncate(start)
                file.seek(start)
                raise
        except OSError as error:
            raise self._unwritable(error) from error
        return Place(final_path(path).name, start, len(members[0]), record_id)

    def _unwritable(self, error: OSError) -> FolderNotWritable:
        return FolderNotWritable(
            f"cannot write captures in {self._folder}: {error.strerror}",
            "free some space or correct the folder's rights, then crawl again",
        )

    def sync(self) -> None:
        """Bring all that was appended to the disk.

        Raises:
            FolderNotWritable: it could not be.
        """
        if self._file is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Sync and give the file its final name.

        Raises:
            FolderNotWritable: the disk is full; the next run mends the file and closes it.
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
        # By the day of writing: an import's pages come from any days, one after the other.
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
            record = warc.info_record(name, self._software, now, self._operator)
            self._file.write(self._codec.pack(record))
        return self._file, self._path


def _locked_file(path: Path) -> tuple[BinaryIO, Path]:
    """A new file that is locked before anyone can take it for a dead writer's."""
    new = path.with_name(path.name + _NEW_SUFFIX)
    while True:
        file = new.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            new.rename(path)
        except FileNotFoundError:
            # Another process took it for a dead writer's in the moment before it was locked.
            file.close()
            continue
        sync_folder(path.parent)
        return file, path


def final_path(path: Path) -> Path:
    """The name of a file once it is closed."""
    return path.with_name(path.name.removesuffix(OPEN_SUFFIX))


def present_path(folder: Path, file: str) -> Path:
    """Where ``file`` lies now, closed or still growing."""
    path = folder / file
    growing = path.with_name(file + OPEN_SUFFIX)
    return growing if not path.exists() and growing.exists() else path


def codec_of(folder: Path, file: str) -> Codec:
    """How the records of ``file`` are packed.

    Raises:
        CaptureUnreadable: the dictionary of its records is gone.
    """
    if not file.removesuffix(OPEN_SUFFIX).endswith(warc.ZSTD_SUFFIX):
        return warc.GZIP
    from storage.captures import zstd_dictionaries

    return zstd_dictionaries.load(folder / DICTIONARIES, zstd_dictionaries.name_in(file))


def read_record(folder: Path, file: str, offset: int) -> warc.Record:
    """The record at ``offset`` of ``file``.

    Raises:
        CaptureUnreadable: the file is gone or the record is damaged.
    """
    path = present_path(folder, file)
    try:
        codec = codec_of(folder, file)
        with path.open("rb") as stream:
            stream.seek(offset)
            data, length = warc.read_member(stream, codec)
            if length == 0:
                raise EOFError("the file ends before it")
            return warc.parse_record(data)
    except OSError as error:
        raise CaptureUnreadable(
            f"cannot read {path}: {error.strerror}", "restore it from a backup"
        ) from error
    except warc.DAMAGE as error:
        raise CaptureUnreadable(
            f"the record at byte {offset} of {path} is damaged: {error}", "restore the file"
        ) from error


def read_http(folder: Path, file: str, offset: int) -> tuple[list[tuple[str, str]], bytes]:
    """The HTTP headers and the body of the response record at ``offset`` of ``file``.

    Raises:
        CaptureUnreadable: the file is gone or the record is damaged.
    """
    _, headers, body = read_record(folder, file, offset).http()
    return headers, body


def recover(folder: Path) -> list[tuple[str, int]]:
    """Mend and close the files of dead writers; returns (name, bytes cut off) of each."""
    mended = []
    for path in sorted(folder.glob(f"*{OPEN_SUFFIX}")):
        try:
            with path.open("r+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its writer is alive
                size = file.seek(0, os.SEEK_END)
                good = good_bytes(folder, path)
                if good == 0:
                    path.unlink()
                else:
                    file.truncate(good)
                    os.fsync(file.fileno())
                    path.rename(final_path(path))
                mended.append((final_path(path).name, size - good))
        except FileNotFoundError:
            continue  # another process was faster
        except CaptureUnreadable:
            continue  # its dictionary is missing: nothing can be told of it, nothing is cut
    _remove_unborn(folder)
    if mended:
        sync_folder(folder)
    return mended


def _remove_unborn(folder: Path) -> None:
    """Remove files whose writer died before it wrote anything."""
    for path in folder.glob(f"*{_NEW_SUFFIX}"):
        try:
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file.fileno()).st_size == 0 and path.exists():
                    path.unlink()
        except (BlockingIOError, FileNotFoundError):
            continue


def good_bytes(folder: Path, path: Path) -> int:
    """How many bytes from the start of a file are whole members.

    Raises:
        CaptureUnreadable: its dictionary is missing.
    """
    good = 0
    codec = codec_of(folder, path.name)
    with path.open("rb") as stream:
        while True:
            try:
                _, length = warc.read_member(stream, codec)
            except warc.DAMAGE:
                return good
            if length == 0:
                return good
            good += length


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
