"""WACZ: captures with their index and their pages, in a ZIP that replay tools open.

(https://specs.webrecorder.net/wacz/1.1.1/)
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storage.export.surt import surt
from storage.export.web import SOFTWARE, exported_captures, record_members, warcinfo_member
from storage.models import Article, Revision
from storage.queries import items
from storage.text.urls import serialize_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO, TextIO

    from sqlalchemy import Connection

    from storage.captures import warc
    from storage.database.handle import Database
    from storage.export.articles import ReservedCount
    from storage.models import Capture
    from storage.search.results.compiled_search import Filter

_DATA, _INDEX, _LOOKUP, _PAGES = "data.warc.gz", "index.cdx.gz", "index.idx", "pages.jsonl"
_MEMBERS = (
    (_DATA, "archive", zipfile.ZIP_STORED), (_INDEX, "indexes", zipfile.ZIP_STORED),
    (_LOOKUP, "indexes", zipfile.ZIP_DEFLATED), (_PAGES, "pages", zipfile.ZIP_DEFLATED),
)  # fmt: skip
# Lines of the index that are packed together, as Webrecorder's own tools pack them.
_LINES = 300
# What replay shows; a rendering beside it is ours.
_REPLAYED = frozenset({"response", "revisit"})
_NO_DIGEST = "sha1:" + base64.b32encode(hashlib.sha1(b"", usedforsecurity=False).digest()).decode()


def write_wacz(
    database: Database,
    connection: Connection,
    query: str,
    where: Filter,
    out: BinaryIO,
    left: ReservedCount,
    *,
    reserved: bool = False,
) -> int:
    """WACZ 1.1.1: the WARC with its compressed CDXJ index and list of pages. Returns how many
    captures.

    Raises:
        CaptureUnreadable: a capture is gone or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="dateline-wacz-") as name:
        folder = Path(name)
        lines, count = [], 0
        with (
            (folder / _DATA).open("wb") as data,
            (folder / _PAGES).open("w", encoding="utf-8") as pages,
        ):
            pages.write(
                _line(
                    {
                        "format": "json-pages-1.0",
                        "id": "pages",
                        "title": "All pages",
                        "hasText": True,
                    }
                )
            )
            data.write(warcinfo_member(database, _DATA))
            for capture in exported_captures(connection, query, where, left, reserved=reserved):
                for record, member in record_members(database, capture):
                    if record.kind in _REPLAYED:
                        lines.append(_cdxj(record, capture, data.tell(), len(member)))
                    data.write(member)
                if capture.kind == "response":
                    pages.write(_line(_page(database, connection, capture)))
                count += 1
        _write_index(folder, sorted(lines))
        _write_zip(folder, out)
    return count


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _page(database: Database, connection: Connection, capture: Capture) -> dict[str, Any]:
    """A page as the list has it: with the headline and the text that were read from it."""
    row = connection.execute(
        select(Revision.item_id, Revision.number, Article.revision, Article.headline, Article.text)
        .join(Article, Article.item_id == Revision.item_id)
        .where(Revision.capture_id == capture.id)
        .order_by(Revision.number.desc())
    ).first()
    title, text = capture.url, ""
    if row is not None and row.number == row.revision:
        title, text = row.headline, row.text
    elif row is not None:
        old = items.read_content(database, row.item_id, row.number)
        title = old["headline"]
        text = "\n".join(b["text"] for b in old["blocks"] if b["kind"] != "figure")
    moment = f"{capture.fetched_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": str(capture.id),
        "url": serialize_url(capture.url),
        "ts": moment,
        "title": title or capture.url,
        "text": text,
    }


def _cdxj(record: warc.Record, capture: Capture, offset: int, length: int) -> str:
    fields: dict[str, Any] = {
        "url": serialize_url(capture.url),
        "mime": (capture.content_type or "-").split(";")[0].strip(),
        "status": str(capture.status),
        "length": str(length),
        "offset": str(offset),
        "filename": _DATA,
        "digest": record.headers.get("warc-payload-digest") or _NO_DIGEST,
    }
    if record.kind == "revisit":
        fields["mime"] = "warc/revisit"
    return f"{surt(capture.url)} {capture.fetched_at:%Y%m%d%H%M%S} {json.dumps(fields)}\n"


def _write_index(folder: Path, lines: Sequence[str]) -> None:
    """The lines in gzip members, and where each member begins: readers fetch one at a time.

    pywb looks for names that end in ``.cdx`` or ``.cdx.gz`` and reads all of it; ReplayWeb.page
    looks the member up.
    """
    with (
        (folder / _INDEX).open("wb") as packed,
        (folder / _LOOKUP).open("w", encoding="utf-8") as lookup,
    ):
        lookup.write('!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n')
        for at in range(0, len(lines), _LINES):
            _write_member(lines[at : at + _LINES], packed, lookup)


def _write_member(some: Sequence[str], packed: BinaryIO, lookup: TextIO) -> None:
    member = gzip.compress("".join(some).encode("utf-8", "replace"), mtime=0)
    key, moment, _ = some[0].split(" ", 2)
    place = {
        "offset": packed.tell(),
        "length": len(member),
        "filename": _INDEX,
        "digest": f"sha256:{hashlib.sha256(member).hexdigest()}",
    }
    packed.write(member)
    lookup.write(f"{key} {moment} {json.dumps(place)}\n")


def _write_zip(folder: Path, out: BinaryIO) -> None:
    resources = []
    with zipfile.ZipFile(out, "w") as packed:
        for name, place, way in _MEMBERS:
            path = folder / name
            packed.write(path, f"{place}/{name}", way)
            resources.append(
                {
                    "name": name,
                    "path": f"{place}/{name}",
                    "hash": _sha256(path),
                    "bytes": path.stat().st_size,
                }
            )
        package = json.dumps(
            {
                "profile": "data-package",
                "wacz_version": "1.1.1",
                "software": SOFTWARE,
                "title": "Captures of a Dateline archive",
                "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "resources": resources,
            },
            indent=2,
        ).encode()
        packed.writestr("datapackage.json", package)
        digest = {
            "path": "datapackage.json",
            "hash": f"sha256:{hashlib.sha256(package).hexdigest()}",
        }
        packed.writestr("datapackage-digest.json", json.dumps(digest))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
