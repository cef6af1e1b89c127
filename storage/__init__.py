"""The archive: database and captures. Imports nothing of the crawler or the command line."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from storage.config import locate
from storage.errors import ArchiveError

if TYPE_CHECKING:
    from storage.archive import Archive, create_archive, open_archive
    from storage.clock import utc_now

__all__ = ["Archive", "ArchiveError", "create_archive", "locate", "open_archive", "utc_now"]


def __getattr__(name: str) -> Any:
    # Importing SQLAlchemy takes a quarter of a second, which `dateline --help` need not wait for.
    if name in __all__:
        return getattr(importlib.import_module("storage.archive"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
