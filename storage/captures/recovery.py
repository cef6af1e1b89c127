"""Recovers the capture files of dead writers: cuts torn tails, closes the files."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from storage.captures import warc
from storage.captures.files import NEW_SUFFIX, OPEN_SUFFIX, codec_of, final_path, sync_folder
from storage.errors import CaptureUnreadable

if TYPE_CHECKING:
    from pathlib import Path


def recover_files(folder: Path) -> list[tuple[str, int]]:
    """Repair and close the files of dead writers; return (name, bytes cut off) of each."""
    mended = []
    for path in sorted(folder.glob(f"*{OPEN_SUFFIX}")):
        try:
            with path.open("r+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its writer is alive
                size = file.seek(0, os.SEEK_END)
                good = intact_bytes(folder, path)
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
    """Delete files whose writer died before it wrote anything."""
    for path in folder.glob(f"*{NEW_SUFFIX}"):
        try:
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file.fileno()).st_size == 0 and path.exists():
                    path.unlink()
        except (BlockingIOError, FileNotFoundError):
            continue


def intact_bytes(folder: Path, path: Path) -> int:
    """Return the number of bytes from the start of a file that are complete members.

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
