"""Zstandard with dictionaries of a source's own pages, for sources that should use less space.

Pages of one site share their template, which gzip stores in every member. Here the dictionary of a
file is a few whole pages of its source, so that a member stores only its own content. (A *trained*
dictionary is worse: it is made for small samples. Table in docs/captures.md.) Such a file is named
``LABEL-MOMENT-RANDOM.DICTIONARY.warc.zst``; ``dateline captures repack`` and ``dateline export -f
warc`` convert it to WARC that any tool reads.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from storage.captures.warc import ZSTD_SUFFIX, ZstdCodec, zstandard
from storage.errors import CaptureUnreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

# More pages or bytes gain little, and every member costs the time to scan them.
PAGES = 3
_MOST_BYTES = 1_000_000
_PACK_LEVEL = 12


def dictionary_of_pages(pages: Sequence[bytes]) -> bytes | None:
    """Build a dictionary of pages, the most typical last; ``None`` without pages."""
    return b"".join(pages[:PAGES])[-_MOST_BYTES:] or None


def store_dictionary(folder: Path, dictionary: bytes) -> str:
    """Write a dictionary and sync it to disk; return its name."""
    name = hashlib.sha256(dictionary).hexdigest()[:16]
    path = folder / f"{name}.zst"
    if path.exists():
        return name
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(zstandard().compress(dictionary, _PACK_LEVEL))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    return name


def dictionary_name(file: str) -> str:
    """Return the dictionary that the name of a capture file contains."""
    return file.removesuffix(".open").removesuffix(ZSTD_SUFFIX).rpartition(".")[2]


def read_dictionary(folder: Path, name: str) -> bytes:
    """Read a dictionary.

    Raises:
        CaptureUnreadable: it is gone or damaged.
    """
    zstd = zstandard()
    path = folder / f"{name}.zst"
    try:
        found = bytes(zstd.decompress(path.read_bytes()))
    except OSError as error:
        raise CaptureUnreadable(
            f"the dictionary {path} cannot be read: {error.strerror}", "restore it from a backup"
        ) from error
    except zstd.ZstdError as error:
        raise CaptureUnreadable(f"the dictionary {path} is damaged", "restore it") from error
    if hashlib.sha256(found).hexdigest()[:16] != name:
        raise CaptureUnreadable(f"the dictionary {path} is not what it was", "restore it")
    return found


@lru_cache(maxsize=16)
def load_codec(folder: Path, name: str) -> ZstdCodec:
    """Load the codec over a dictionary.

    Raises:
        CaptureUnreadable: it is gone or damaged.
    """
    return ZstdCodec(read_dictionary(folder, name), name)
