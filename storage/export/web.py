"""WARC and OPML: captures and sources for other archives and feed readers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from sqlalchemy import or_, select

from storage.captures import warc
from storage.captures.files import codec_of, current_path
from storage.captures.reservations import capture_reservations
from storage.errors import CaptureUnreadable
from storage.export.articles import matching_ids
from storage.models import Capture, Endpoint, Revision, Source
from storage.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sqlalchemy import Connection

    from storage.database.handle import Database
    from storage.export.articles import ReservedCount
    from storage.search.results.compiled_search import Filter

_TOGETHER = 500
SOFTWARE = f"Dateline/{VERSION}"


def exported_captures(
    connection: Connection,
    query: str,
    where: Filter,
    left: ReservedCount,
    *,
    reserved: bool = False,
) -> Iterator[Capture]:
    """Yield the captures of an export's articles, each once, file by file.

    Reserved pages are included on request, and counted otherwise.
    """
    from sqlalchemy.orm import Session

    made_of = select(Revision.capture_id).where(
        Revision.item_id.in_(matching_ids(connection, query, where))
    )
    statement = (
        select(Capture)
        .where(
            or_(Capture.id.in_(made_of), Capture.refers_to.in_(made_of)),
            Capture.kind != "forgotten",
        )
        .order_by(Capture.file, Capture.offset)
    )
    with Session(connection) as session:
        for capture in session.scalars(statement.execution_options(yield_per=_TOGETHER)):
            if reserved or not capture_reservations(session, capture):
                yield capture
            else:
                left.reserved += 1


def record_members(database: Database, capture: Capture) -> Iterator[tuple[warc.Record, bytes]]:
    """Yield the records of a capture (with its request and metadata), each as a gzip member.

    Raises:
        CaptureUnreadable: they are gone or damaged.
    """
    folder = database.location.captures
    path = current_path(folder, capture.file)
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


def warcinfo_member(database: Database, name: str) -> bytes:
    """Build the first member of a WARC file called ``name``."""
    now = datetime.now(UTC)
    return warc.GZIP.pack(warc.warcinfo_record(name, SOFTWARE, now, database.location.contact))


def write_warc(
    database: Database,
    connection: Connection,
    query: str,
    where: Filter,
    out: BinaryIO,
    left: ReservedCount,
    *,
    reserved: bool = False,
) -> int:
    """Write WARC 1.1 in gzip members, copying records unchanged; return the number of captures.

    Raises:
        CaptureUnreadable: one of them is gone or damaged.
    """
    out.write(warcinfo_member(database, "export.warc.gz"))
    count = 0
    for capture in exported_captures(connection, query, where, left, reserved=reserved):
        for _, member in record_members(database, capture):
            out.write(member)
        count += 1
    return count


def write_opml(connection: Connection, where: Filter, out: BinaryIO) -> int:
    """Write the followed sources by their feeds, for feed readers (http://opml.org/spec2.opml)."""
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
