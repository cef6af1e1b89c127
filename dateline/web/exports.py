"""Exports as downloads: media types, file names, streaming."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from typing import IO, TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from storage.clock import utc_now
from storage.export.formats import export
from storage.search.results.compiled_search import Filter
from storage.search.results.results import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.archive import Archive

MEDIA_TYPES = {
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "ris": "application/x-research-info-systems",
    "bibtex": "application/x-bibtex",
    "iramuteq": "text/plain; charset=utf-8",
    "txm": "application/zip",
    "tei": "application/tei+xml",
    "ninjs": "application/json",
    "warc": "application/warc",
    "wacz": "application/wacz",
    "opml": "text/x-opml",
}
_SUFFIXES = {
    "bibtex": "bib",
    "iramuteq": "txt",
    "txm": "zip",
    "tei": "xml",
    "ninjs": "json",
    "warc": "warc.gz",
}
# Formats that the reading room offers, with their labels.
LABELS = {
    "ris": "RIS (Zotero, EndNote)",
    "bibtex": "BibTeX",
    "csv": "CSV (spreadsheet)",
    "jsonl": "JSON lines",
    "parquet": "Parquet",
    "iramuteq": "IRaMuTeQ",
    "txm": "TXM",
    "tei": "TEI",
    "ninjs": "ninjs",
    "warc": "WARC",
    "wacz": "WACZ",
}
_PIECE = 1 << 16


def file_name(query: str, form: str) -> str:
    """Return a file name in ASCII for a download."""
    plain = unicodedata.normalize("NFKD", query).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60] or "archive"
    return f"{words}.{_SUFFIXES.get(form, form)}"


def download(
    archive: Archive, form: str, query: str, where: Filter, name: str, *, reserved: bool = False
) -> Response:
    """Export the matches of ``query`` to a file whose name is made from ``name``.

    The header ``Dateline-Reserved`` gives the number of articles or captures that were omitted
    because their publishers reserve them.

    Raises:
        BadQuery, UnknownSource, CaptureUnreadable: see :func:`storage.export.formats.export`.
    """
    out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
    try:
        done = export(archive, form, query, where, out, reserved=reserved)
    except BaseException:
        out.close()
        raise
    return StreamingResponse(
        _pieces(out),
        media_type=MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="{file_name(name, form)}"',
            "Dateline-Reserved": str(done.reserved),
        },
    )


def limits(since: str | None, until: str | None, source: str | None) -> Filter:
    """Convert the filters of a search for an export.

    Raises:
        BadQuery: ``since`` or ``until`` is not a date.
    """
    now = utc_now()
    return Filter(
        source, to_datetime(since or None, now), to_datetime(until or None, now, end=True)
    )


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file that was just written, then close it."""
    with stream:
        stream.seek(0)
        while piece := stream.read(_PIECE):
            yield piece
