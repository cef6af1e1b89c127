"""Read the import formats: WARC and WACZ files, folders of saved pages, URL lists, OPML."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Literal

from crawler.batch.found import FollowedFeed, SkippedEntry, SourcePage
from crawler.batch.opml import read_opml
from crawler.batch.saved_pages import is_saved, saved_pages
from crawler.batch.unpacking import ZSTD_MAGIC
from crawler.batch.warc_files import wacz_file, warc_file
from storage.errors import ArchiveError
from storage.text.urls import is_web_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ImportFormat = Literal["warc", "wacz", "html", "urls", "opml"]


def detect_format(path: Path) -> ImportFormat:
    """Detect a file's import format from its name and first bytes.

    Raises:
        ArchiveError: it is nothing that can be imported.
    """
    if path.is_dir():
        return "html"
    try:
        with path.open("rb") as stream:
            head = stream.read(4_096)
    except OSError as error:
        raise ArchiveError(
            f"cannot read {path}: {error.strerror}", "check its name and permissions"
        ) from error
    if head[:2] == b"PK":
        return _form_of_zip(path)
    for _ in range(2):  # some are packed record by record, and once more as a whole
        if head[:2] == b"\x1f\x8b":
            try:
                head = zlib.decompressobj(wbits=31).decompress(head, 4_096)
            except zlib.error:
                head = b""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"warc/", b"filedesc:")) or head.startswith(ZSTD_MAGIC):
        return "warc"
    if b"<opml" in text.replace(b"\0", b""):
        return "opml"
    if is_saved(head, path.name):
        return "html"
    if text.startswith((b"http://", b"https://", b"#")):
        return "urls"
    raise ArchiveError(
        f"{path} is not a WARC, WACZ, OPML, saved page or list of URLs",
        "state its format with --format",
    )


def _form_of_zip(path: Path) -> ImportFormat:
    """Detect the format of a ZIP file: only WACZ can be imported.

    Raises:
        ArchiveError: it is no WACZ.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"{path} is a damaged ZIP: {error}", "copy it again") from error
    if any(name.startswith("archive/") and ".warc" in name for name in names):
        return "wacz"
    what = "a MAFF archive" if path.suffix.lower() == ".maff" else "a ZIP, but not a WACZ"
    raise ArchiveError(f"{path} is {what}", "unpack it and import the folder")


def pages(
    path: Path, form: ImportFormat, skip: int = 0
) -> Iterator[tuple[int, SourcePage | SkippedEntry]]:
    """Yield (position, page or skipped entry) of a file or folder, after the first ``skip``.

    Raises:
        ArchiveError: it cannot be read, or is damaged; what came before it is good.
    """
    found = {"warc": warc_file, "wacz": wacz_file, "html": saved_pages}[form](path)
    position = 0
    try:
        for position, page in enumerate(found, 1):
            if position > skip:
                yield position, page
    except (OSError, zlib.error, zipfile.BadZipFile, EOFError) as error:
        raise ArchiveError(
            f"{path} is damaged after record {position}: {error}",
            "the records before it are imported",
        ) from error


def urls(path: Path) -> Iterator[str | SkippedEntry]:
    """Yield the URLs of a list, one per line; lines that begin with # are comments."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            url = line.strip().lstrip("\ufeff")
            if not url or url.startswith("#"):
                continue
            yield url if is_web_url(url) else SkippedEntry("no-web-address", url[:200])


def feeds(path: Path) -> list[FollowedFeed]:
    """Return the sources of an OPML list that can be followed.

    Raises:
        ArchiveError: it is not a valid OPML file.
    """
    return [one for one in read_opml(path) if isinstance(one, FollowedFeed)]
