"""Reading what others keep: WARC and WACZ files, folders of saved pages, lists of URLs, OPML."""

from __future__ import annotations

import zipfile
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from crawler.importing.found import MAX_PAGE_BYTES, FollowedFeed, FoundPage, Left
from crawler.importing.opml import outlines
from crawler.importing.saved import is_saved, saved_pages
from storage.addresses import is_web_url
from storage.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Form = Literal["warc", "wacz", "html", "urls", "opml"]

# Their coding is undone when a record is read, so these would be wrong of what is kept.
_CODED = frozenset({"content-encoding", "transfer-encoding", "content-length"})


def form_of(path: Path) -> Form:
    """What a file is, by its name and first bytes.

    Raises:
        ArchiveError: it is nothing that can be imported.
    """
    if path.is_dir():
        return "html"
    try:
        with path.open("rb") as stream:
            head = stream.read(4_096)
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror}", "check its name") from error
    if head[:2] == b"PK":
        return _form_of_zip(path)
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 4_096)
        except zlib.error:
            head = b""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"warc/", b"filedesc:")):
        return "warc"
    if b"<opml" in text.replace(b"\0", b""):
        return "opml"
    if is_saved(head, path.name):
        return "html"
    if text.startswith((b"http://", b"https://", b"#")):
        return "urls"
    raise ArchiveError(
        f"{path} is no WARC, WACZ, OPML, saved page or list of URLs", "name its form with --form"
    )


def _form_of_zip(path: Path) -> Form:
    """What a ZIP is: a WACZ, or nothing that can be imported.

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
    what = "a MAFF archive" if path.suffix.lower() == ".maff" else "a ZIP, but no WACZ"
    raise ArchiveError(f"{path} is {what}", "unpack it, and import the folder")


def pages(path: Path, form: Form, skip: int = 0) -> Iterator[tuple[int, FoundPage | Left]]:
    """(position, page or what was left out) of a file or folder, after the first ``skip``.

    Raises:
        ArchiveError: it cannot be read, or is damaged; what came before it is good.
    """
    found = {"warc": _warc_file, "wacz": _wacz, "html": saved_pages}[form](path)
    position = 0
    try:
        for position, page in enumerate(found, 1):
            if position > skip:
                yield position, page
    except (OSError, zlib.error, zipfile.BadZipFile, EOFError) as error:
        raise ArchiveError(
            f"{path} is damaged after record {position}: {error}", "what came before is imported"
        ) from error


def _warc_file(path: Path) -> Iterator[FoundPage | Left]:
    with path.open("rb") as stream:
        yield from _warc(stream)


def _wacz(path: Path) -> Iterator[FoundPage | Left]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("archive/") and ".warc" in name:
                with archive.open(name) as stream:
                    yield from _warc(stream)  # type: ignore[arg-type]


def _warc(stream: BinaryIO) -> Iterator[FoundPage | Left]:
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    empty = True
    try:
        for record in ArchiveIterator(stream, arc2warc=True):
            empty = False
            if record.rec_type in ("response", "resource"):
                yield _warc_page(record)
            record.raw_stream.read()
            # The library ends quietly where a file was cut off within a record.
            if getattr(record.raw_stream, "limit", 0) > 0:
                raise EOFError("it is cut off within a record")
    except ArchiveLoadFailed as error:
        raise EOFError(" ".join(str(error).split())[:200]) from error
    if empty:
        raise EOFError("no whole record is in it")


def _warc_page(record: Any) -> FoundPage | Left:
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    url = url.strip("<>")
    if not is_web_url(url):
        return Left("no-web-address", url[:200])
    status, headers = 200, []
    if record.http_headers is not None:
        code = record.http_headers.get_statuscode()
        status = int(code) if code and code.isdigit() else 0
        headers = list(record.http_headers.headers)
    else:
        headers = [("Content-Type", record.rec_headers.get_header("Content-Type") or "")]
    if status != 200:
        return Left(f"http-{status}", url)
    kind = next((v for n, v in headers if n.lower() == "content-type"), "").lower()
    if kind and "html" not in kind:
        return Left("not-html", url)
    body = record.content_stream().read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        return Left("too-large", url)
    moment = _warc_date(record.rec_headers.get_header("WARC-Date") or "")
    if moment is None:
        return Left("no-date", url)
    kept = tuple((n, v) for n, v in headers if n.lower() not in _CODED)
    return FoundPage(url, status, kept, body, moment)


def _warc_date(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def urls(path: Path) -> Iterator[str | Left]:
    """The addresses of a list, one a line; lines that begin with # are remarks."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            url = line.strip().lstrip("\ufeff")
            if not url or url.startswith("#"):
                continue
            yield url if is_web_url(url) else Left("no-web-address", url[:200])


def feeds(path: Path) -> list[FollowedFeed]:
    """The sources of an OPML list that can be followed.

    Raises:
        ArchiveError: it is no OPML.
    """
    return [one for one in outlines(path) if isinstance(one, FollowedFeed)]
