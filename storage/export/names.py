"""The names of the export formats. Imports nothing, so that the command line's help need not."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal[
    "jsonl",
    "csv",
    "parquet",
    "ris",
    "bibtex",
    "iramuteq",
    "txm",
    "tei",
    "ninjs",
    "warc",
    "wacz",
    "opml",
]
FORMATS: tuple[str, ...] = get_args(Format)
