"""Names of capture files, and reading single records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.captures import warc
from storage.captures.content_encoding import decode_verified
from storage.errors import CaptureUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from storage.captures.warc import Codec


OPEN_SUFFIX = ".open"
# A file that is not locked yet, so that none is taken for a dead writer's.
NEW_SUFFIX = ".new"
DICTIONARIES = "dictionaries"


def final_path(path: Path) -> Path:
    """Return the name of a file once it is closed."""
    return path.with_name(path.name.removesuffix(OPEN_SUFFIX))


def current_path(folder: Path, file: str) -> Path:
    """Return the current path of ``file``, closed or still growing."""
    path = folder / file
    growing = path.with_name(file + OPEN_SUFFIX)
    return growing if not path.exists() and growing.exists() else path


def codec_of(folder: Path, file: str) -> Codec:
    """Return the codec of the records of ``file``.

    Raises:
        CaptureUnreadable: the dictionary of its records is gone.
    """
    if not file.removesuffix(OPEN_SUFFIX).endswith(warc.ZSTD_SUFFIX):
        return warc.GZIP
    from storage.captures import zstd_dictionaries

    return zstd_dictionaries.load_codec(
        folder / DICTIONARIES, zstd_dictionaries.dictionary_name(file)
    )


def read_record(folder: Path, file: str, offset: int) -> warc.Record:
    """Read the record at ``offset`` of ``file``.

    Raises:
        CaptureUnreadable: the file is gone or the record is damaged.
    """
    path = current_path(folder, file)
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
    """Read the HTTP headers and body of the response record at ``offset`` of ``file``.

    Raises:
        CaptureUnreadable: the file is gone or the record is damaged.
    """
    _, headers, body = read_record(folder, file, offset).http()
    return headers, body


@dataclass(frozen=True, slots=True)
class StoredBody:
    """Where the body of a capture is; another process can read it without the database."""

    folder: Path
    capture_id: int
    file: str
    offset: int
    digest: str

    def read(self) -> bytes:
        """Return the decoded body, verified by its digest.

        Raises:
            CaptureUnreadable: the capture is missing or damaged.
        """
        headers, body = read_http(self.folder, self.file, self.offset)
        decoded = decode_verified(headers, body, self.digest)
        if decoded is None:
            raise CaptureUnreadable(
                f"capture {self.capture_id} in {self.file} does not match its digest",
                "restore the file from a backup",
            )
        return decoded


def sync_folder(folder: Path) -> None:
    """Sync a folder's directory entries to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
