"""Exports as downloads: their media types, their names, their bytes in pieces."""

from __future__ import annotations

import re
import unicodedata
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a file that was just written; it is closed after them."""
    with stream:
        stream.seek(0)
        while piece := stream.read(_PIECE):
            yield piece
