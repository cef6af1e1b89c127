"""JSON Lines, CSV and Parquet: articles as rows."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from storage.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from storage.export.articles import ExportedArticle

_LIST = "; "
# What a spreadsheet would take for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "id", "source", "url", "number", "headline", "standfirst", "byline", "dateline_place", "kind",
    "section", "tags", "language", "published", "modified", "access", "doubtful",
    "word_count", "revision", "leading", "state", "first_fetched_at", "text",
)  # fmt: skip
_ROWS_A_GROUP = 1_000


def row_of(article: ExportedArticle) -> dict[str, Any]:
    """Return an article as plain values: lists as lists, timestamps in ISO 8601."""
    row = {name: getattr(article, name) for name in _COLUMNS}
    row["first_fetched_at"] = article.first_fetched_at.isoformat()
    for name in ("published", "modified"):
        row[name] = row[name].isoformat() if row[name] is not None else None
    return row


def write_jsonl(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write one JSON object per line, with the structured text."""
    count = 0
    for article in articles:
        row = {
            **row_of(article),
            "notices": article.notices,
            "rights": article.rights,
            "blocks": article.blocks,
        }
        out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        count += 1
    return count


def write_csv(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write RFC 4180 CSV with a header and a byte order mark, formulas disarmed."""
    text = io.TextIOWrapper(out, "utf-8-sig", errors="replace", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    count = 0
    for article in articles:
        writer.writerow([_cell(value) for value in row_of(article).values()])
        count += 1
    text.detach()
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    cell = _LIST.join(value) if isinstance(value, list) else str(value)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def write_parquet(articles: Iterable[ExportedArticle], out: BinaryIO) -> int:
    """Write a Parquet file with typed columns (needs the extra ``parquet``).

    Raises:
        ArchiveError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ArchiveError(
            "Parquet needs pyarrow", "install it with `pip install 'dateline[parquet]'`"
        ) from error
    moment = pa.timestamp("us", tz="UTC")
    types = {
        "id": pa.int64(),
        "word_count": pa.int32(),
        "revision": pa.int32(),
        "leading": pa.int64(),
        "byline": pa.list_(pa.string()),
        "tags": pa.list_(pa.string()),
        "published": moment,
        "modified": moment,
        "first_fetched_at": moment,
        "doubtful": pa.bool_(),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in _COLUMNS])
    count = 0
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for article in articles:
            row = {name: getattr(article, name) for name in _COLUMNS}
            for name in ("published", "modified"):
                row[name] = row[name].at if row[name] is not None else None
            rows.append(row)
            count += 1
            if len(rows) >= _ROWS_A_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return count
