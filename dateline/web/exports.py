"""Exports as downloads: their media types, their names, their bytes in pieces."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from typing import IO, TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from storage.clock import utc_now
from storage.export.formats import export
from storage.search.results.executor import Filter
from storage.search.results.results import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.archive import Archive

MEDIA_TYPES = {
    "jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet", "ris": "application/x-research-info-systems",
    "bibtex": "application/x-bibtex", "iramuteq": "text/plain; charset=utf-8",
    "txm": "application/zip", "tei": "application/tei+xml", "ninjs": "application/json",
    "warc": "application/warc", "wacz": "application/wacz", "opml": "text/x-opml",
}  # fmt: skip
_SUFFIXES = {"bibtex": "bib", "iramuteq": "txt", "txm": "zip", "tei": "xml", "ninjs": "json",
             "warc": "warc.gz"}  # fmt: skip
# What a reader picks from, with the words that say what it is for.
LABELS = {
    "ris": "RIS (Zotero, EndNote)", "bibtex": "BibTeX", "csv": "CSV (spreadsheet)",
    "jsonl": "JSON lines", "parquet": "Parquet", "iramuteq": "IRaMuTeQ", "txm": "TXM",
    "tei": "TEI", "ninjs": "ninjs", "warc": "WARC", "wacz": "WACZ",
}  # fmt: skip
_PIECE = 1 << 16


def file_name(query: str, form: str) -> str:
    """A name for a download, of plain letters."""
    plain = unicodedata.normalize("NFKD", query).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60] or "archive"
    return f"{words}.{_SUFFIXES.get(form, form)}"


def download(
    archive: Archive, form: str, query: str, where: Filter, name: str, *, reserved: bool = False
) -> Response:
    """What ``query`` finds as a file called after ``name``.

    ``Dateline-Reserved`` counts the articles or captures left out because their publishers reserve
    them.

    Raises:
        BadQuery, UnknownSource, CaptureUnreadable: as for any export.
    """
    out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
    try:
        done = export(archive, form, query, where, out, reserved=reserved)
    except BaseException:
        out.close()
        raise
    return StreamingResponse(
        _pieces(out), media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{file_name(name, form)}"',
                 "Dateline-Reserved": str(done.reserved)},
    )  # fmt: skip


def limits(since: str | None, until: str | None, source: str | None) -> Filter:
    """The limits of a search as an export takes them.

    Raises:
        BadQuery: one of them is no day.
    """
    now = utc_now()
    return Filter(source, moment(since or None, now), moment(until or None, now, end=True))


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a file that was just written; it is closed after them."""
    with stream:
        stream.seek(0)
        while piece := stream.read(_PIECE):
            yield piece
