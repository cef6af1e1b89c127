"""WARC, WACZ and OPML: captures and sources for other archives and readers."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from sqlalchemy import or_, select

from storage import warc
from storage.captures import codec_of, present_path
from storage.errors import CaptureUnreadable
from storage.export.articles import ids
from storage.models import Capture, Endpoint, Revision, Source
from storage.rights import TDM, kept
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sqlalchemy import Connection

    from storage.archive import Archive
    from storage.search.answers import Filter

_TOGETHER = 500
_SOFTWARE = f"Dateline/{VERSION}"


def captures(
    connection: Connection, query: str, where: Filter, *, reserved: bool = False
) -> Iterator[Capture]:
    """The captures that the articles of an export were made of, file by file; each once.

    Pages whose publishers reserve text and data mining are among them if asked.
    """
    from sqlalchemy.orm import Session

    made_of = select(Revision.capture_id).where(Revision.item_id.in_(ids(connection, query, where)))
    statement = (
        select(Capture)
        .where(or_(Capture.id.in_(made_of), Capture.refers_to.in_(made_of)),
               Capture.kind != "forgotten")
        .order_by(Capture.file, Capture.offset)
    )  # fmt: skip
    with Session(connection) as session:
        for capture in session.scalars(statement.execution_options(yield_per=_TOGETHER)):
            if reserved or TDM not in kept(capture.rights):
                yield capture


def members(archive: Archive, capture: Capture) -> Iterator[tuple[warc.Record, bytes]]:
    """The records of a capture (with its request and metadata), each as a gzip member.

    Raises:
        CaptureUnreadable: they are gone or damaged.
    """
    folder = archive.location.captures
    path = present_path(folder, capture.file)
    codec = codec_of(folder, capture.file)
    try:
        with path.open("rb") as stream:
            stream.seek(capture.offset)
            while True:
                offset = stream.tell()
                data, length = warc.read_member(stream, codec)
                if length == 0:
                    return
                record = warc.parse_record(data)
                if record.record_id != capture.record_id and (
                    record.headers.get("warc-concurrent-to") != capture.record_id
                ):
                    return
                if codec is warc.GZIP:
                    stream.seek(offset)
                    yield record, stream.read(length)
                else:
                    yield record, warc.GZIP.pack(data)
    except OSError as error:
        raise CaptureUnreadable(f"cannot read {path}: {error.strerror}", "restore it") from error
    except warc.DAMAGE as error:
        raise CaptureUnreadable(f"capture {capture.id} is damaged: {error}", "restore") from error


def write_warc(
    archive: Archive, connection: Connection, query: str, where: Filter, out: BinaryIO,
    *, reserved: bool = False,
) -> int:  # fmt: skip
    """WARC 1.1, gzip members; records are copied as they are. Returns how many captures.

    Raises:
        CaptureUnreadable: one of them is gone or damaged.
    """
    out.write(warc.GZIP.pack(warc.info_record("export.warc.gz", _SOFTWARE, datetime.now(UTC))))
    count = 0
    for capture in captures(connection, query, where, reserved=reserved):
        for _, member in members(archive, capture):
            out.write(member)
        count += 1
    return count


def write_wacz(
    archive: Archive, connection: Connection, query: str, where: Filter, out: BinaryIO,
    *, reserved: bool = False,
) -> int:  # fmt: skip
    """WACZ 1.1.1: the WARC with its CDXJ index and list of pages, in a ZIP.

    (https://specs.webrecorder.net/wacz/1.1.1/)

    Raises:
        CaptureUnreadable: a capture is gone or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="dateline-wacz-") as name:
        folder = Path(name)
        data, index, pages = folder / "data.warc.gz", folder / "index.cdxj", folder / "pages.jsonl"
        count = _write_parts(
            archive, connection, query, where, (data, index, pages), reserved=reserved
        )
        resources = []
        with zipfile.ZipFile(out, "w") as packed:
            for path, inside, way in (
                (data, "archive/data.warc.gz", zipfile.ZIP_STORED),
                (index, "indexes/index.cdxj", zipfile.ZIP_STORED),
                (pages, "pages/pages.jsonl", zipfile.ZIP_DEFLATED),
            ):
                packed.write(path, inside, way)
                resources.append({"name": path.name, "path": inside, "hash": _sha256(path),
                                  "bytes": path.stat().st_size})  # fmt: skip
            package = json.dumps({
                "profile": "data-package", "wacz_version": "1.1.1", "software": _SOFTWARE,
                "title": "Captures of a Dateline archive",
                "created": datetime.now(UTC).isoformat(), "resources": resources,
            }, indent=2).encode()  # fmt: skip
            packed.writestr("datapackage.json", package)
            digest = {"path": "datapackage.json",
                      "hash": f"sha256:{hashlib.sha256(package).hexdigest()}"}  # fmt: skip
            packed.writestr("datapackage-digest.json", json.dumps(digest))
    return count


def _write_parts(
    archive: Archive, connection: Connection, query: str, where: Filter,
    paths: tuple[Path, Path, Path], *, reserved: bool,
) -> int:  # fmt: skip
    data, index, pages = paths
    count = 0
    with data.open("wb") as out, pages.open("w", encoding="utf-8") as list_of_pages:
        list_of_pages.write('{"format": "json-pages-1.0", "id": "pages", "title": "All pages"}\n')
        out.write(warc.GZIP.pack(warc.info_record(data.name, _SOFTWARE, datetime.now(UTC))))
        lines = []
        for capture in captures(connection, query, where, reserved=reserved):
            for record, member in members(archive, capture):
                if record.is_capture:
                    lines.append(_cdxj(record, capture, out.tell(), len(member)))
                out.write(member)
            if capture.kind == "response":
                page = {"id": str(capture.id), "url": capture.url,
                        "ts": capture.fetched_at.isoformat().replace("+00:00", "Z")}  # fmt: skip
                list_of_pages.write(json.dumps(page) + "\n")
            count += 1
        index.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
    return count


def _cdxj(record: warc.Record, capture: Capture, offset: int, length: int) -> str:
    fields: dict[str, Any] = {
        "url": capture.url, "mime": (capture.content_type or "-").split(";")[0].strip(),
        "status": str(capture.status), "length": str(length), "offset": str(offset),
        "filename": "data.warc.gz",
        "digest": record.headers.get("warc-payload-digest") or _no_digest(),
    }  # fmt: skip
    if record.kind == "revisit":
        fields["mime"] = "warc/revisit"
    return f"{surt(capture.url)} {capture.fetched_at:%Y%m%d%H%M%S} {json.dumps(fields)}"


def _no_digest() -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(b"", usedforsecurity=False).digest()).decode()


def surt(url: str) -> str:
    """The key by which replay tools sort a URL: its host turned round, ``www.`` left out."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    turned = ",".join(reversed(host.split(".")))
    port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{turned}{port}){parts.path or '/'}{query}".lower()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def write_opml(connection: Connection, where: Filter, out: BinaryIO) -> int:
    """The followed sources by their feeds, for feed readers (http://opml.org/spec2.opml)."""
    statement = (
        select(Source.name, Source.title, Source.home_url, Endpoint.url, Endpoint.title)
        .outerjoin(Endpoint, (Endpoint.source_id == Source.id) & (Endpoint.kind == "feed"))
        .order_by(Source.name, Endpoint.id)
    )
    if where.source is not None:
        statement = statement.where(Source.name == where.source)
    out.write(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n'
        b"<head><title>Sources of a Dateline archive</title></head>\n<body>\n"
    )
    count = 0
    for name, title, home, feed, feed_title in connection.execute(statement):
        said = {"text": feed_title or title or name, "title": title or name, "htmlUrl": home}
        said |= {"type": "rss", "xmlUrl": feed} if feed else {"type": "link", "url": home}
        attributes = " ".join(f"{key}={quoteattr(value)}" for key, value in said.items())
        out.write(f"<outline {attributes}/>\n".encode("utf-8", "replace"))
        count += 1
    out.write(b"</body>\n</opml>\n")
    return count
