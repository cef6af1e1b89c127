"""The export formats by name, and one function that writes any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.export import corpora, references, tables, wacz, web
from storage.export.articles import ReservedCount, articles

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from storage.database.handle import Database
    from storage.search.results.compiled_search import Filter

_ARTICLES: dict[str, Callable[..., int]] = {
    "jsonl": tables.write_jsonl, "csv": tables.write_csv, "parquet": tables.write_parquet,
    "ris": references.write_ris, "bibtex": references.write_bibtex,
    "iramuteq": corpora.write_iramuteq, "txm": corpora.write_txm, "tei": corpora.write_tei,
    "ninjs": corpora.write_ninjs,
}  # fmt: skip
_CAPTURES: dict[str, Callable[..., int]] = {"warc": web.write_warc, "wacz": wacz.write_wacz}
# Binary formats, which are not written to a terminal.
BINARY = frozenset({"parquet", "txm", "warc", "wacz"})
# Formats that need a seekable file.
SEEKING = frozenset({"parquet", "txm", "wacz"})


@dataclass(frozen=True, slots=True)
class Export:
    """The number of articles, captures or sources written, and of those left out as reserved."""

    count: int
    reserved: int = 0


def export(
    database: Database,
    form: str,
    query: str,
    where: Filter,
    out: BinaryIO,
    *,
    reserved: bool = False,
) -> Export:
    """Write what ``query`` finds (``""``: everything) to ``out`` in the format ``form``.

    Raises:
        BadQuery, UnknownSource: as for searching.
        CaptureUnreadable: a capture is gone or damaged (WARC and WACZ).
        ArchiveError: the format needs a package that is not installed.
    """
    with database.engine.connect() as connection:
        if form == "opml":
            return Export(web.write_opml(connection, where, out))
        left = ReservedCount()
        if form in _CAPTURES:
            write = _CAPTURES[form]
            count = write(database, connection, query, where, out, left, reserved=reserved)
            return Export(count, left.reserved)
        found = articles(connection, query, where, left, reserved=reserved)
        return Export(_ARTICLES[form](found, out), left.reserved)
