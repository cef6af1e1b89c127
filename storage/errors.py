"""The tree of errors: each message says in one line what failed and what to do."""

from __future__ import annotations

import difflib


class ArchiveError(Exception):
    """Any operation that the archive refuses or cannot do.

    ``message`` is the cause, ``hint`` the next step; ``str()`` joins both in one line.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}; {hint}" if hint else message)


class ArchiveNotFound(ArchiveError):
    """The folder holds no archive."""


class FolderNotWritable(ArchiveError):
    """The folder, the database or a capture file cannot be written."""


class DataRejected(ArchiveError):
    """The database rejects a value."""


class DatabaseUnreachable(ArchiveError):
    """The database does not answer, or its URL is invalid."""


class DatabaseTooNew(ArchiveError):
    """A newer Dateline made the database."""


class DatabaseOutdated(ArchiveError):
    """An older Dateline made the database, and it has not been upgraded yet."""


class UnknownSource(ArchiveError):
    """No source has this name."""


class SourceExists(ArchiveError):
    """A source with this name or home page exists."""


class UnknownItem(ArchiveError):
    """No item has this number, URL or name."""


class CaptureUnreadable(ArchiveError):
    """The bytes of a capture are missing or damaged."""


class BodyTooLarge(CaptureUnreadable):
    """A body decompresses to more than ``limit`` bytes, such as a decompression bomb."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the body decompresses to more than {limit:,} bytes", "skip this page")


class BadQuery(ArchiveError):
    """A query that cannot be parsed; ``position`` counts from 0."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        self.position = position
        super().__init__(f"{message} (at character {position + 1})", hint)


class BadCursor(ArchiveError):
    """A cursor that no search of this archive returned."""


class QueryTooSlow(ArchiveError):
    """A search that exceeded the time limit."""


def unknown_source(name: str, names: list[str]) -> UnknownSource:
    """Build the error for an unknown source, with similar names."""
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif names:
        hint = "`dateline sources` lists all sources"
    else:
        hint = "add one with `dateline add URL`"
    return UnknownSource(f"no source is called {name!r}", hint)
