"""Dateline: crawl news sites into an archive, and query it.

The names below are the public Python interface; docs/python.md shows them at work. The packages
``crawler`` and ``storage`` hold the implementation, and may change without notice.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawler.extraction.article import Extraction, extract
    from crawler.extraction.page.parse import BadPage
    from storage.archive import Archive, create_archive, open_archive
    from storage.errors import (
        ArchiveError,
        ArchiveNotFound,
        BadCursor,
        BadQuery,
        CaptureUnreadable,
        DatabaseOutdated,
        DatabaseTooNew,
        DatabaseUnreachable,
        FolderNotWritable,
        QueryTooSlow,
        UnknownItem,
        UnknownSource,
    )
    from storage.search.results.hits import Hit
    from storage.search.results.results import HitPage, SearchResults
    from storage.version import VERSION

# Resolved on first use: importing SQLAlchemy takes a quarter of a second, which
# `dateline --help` need not wait for.
_HOMES = {
    "crawler.extraction.article": ("Extraction", "extract"),
    "crawler.extraction.page.parse": ("BadPage",),
    "storage.archive": ("Archive", "create_archive", "open_archive"),
    "storage.errors": (
        "ArchiveError", "ArchiveNotFound", "BadCursor", "BadQuery", "CaptureUnreadable",
        "DatabaseOutdated", "DatabaseTooNew", "DatabaseUnreachable", "FolderNotWritable",
        "QueryTooSlow", "UnknownItem", "UnknownSource",
    ),
    "storage.search.results.hits": ("Hit",),
    "storage.search.results.results": ("HitPage", "SearchResults"),
    "storage.version": ("VERSION",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "VERSION",
    "Archive",
    "ArchiveError",
    "ArchiveNotFound",
    "BadCursor",
    "BadPage",
    "BadQuery",
    "CaptureUnreadable",
    "DatabaseOutdated",
    "DatabaseTooNew",
    "DatabaseUnreachable",
    "Extraction",
    "FolderNotWritable",
    "Hit",
    "HitPage",
    "QueryTooSlow",
    "SearchResults",
    "UnknownItem",
    "UnknownSource",
    "create_archive",
    "extract",
    "open_archive",
]


def __getattr__(name: str) -> Any:
    try:
        module = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return __all__
