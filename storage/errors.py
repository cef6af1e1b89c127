"""One tree of errors: each says what is wrong and what to do next, in one line."""

from __future__ import annotations

import difflib


class ArchiveError(Exception):
    """Anything the archive refuses or cannot do.

    ``message`` is the cause, ``hint`` the next step; ``str()`` gives both in one line.
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
    """The database takes something of what was to be written for impossible."""


class DatabaseUnreachable(ArchiveError):
    """The database does not answer, or its URL makes no sense."""


class DatabaseTooNew(ArchiveError):
    """The database was made by a newer Dateline."""


class DatabaseOutdated(ArchiveError):
    """The database was made by an older Dateline and has not been upgraded yet."""


class UnknownSource(ArchiveError):
    """No source has that name."""


class SourceExists(ArchiveError):
    """A source with that name or home page is followed already."""


class UnknownItem(ArchiveError):
    """Nothing in the archive has that identity."""


class CaptureUnreadable(ArchiveError):
    """The bytes of a capture are missing or damaged."""


class BodyTooLarge(CaptureUnreadable):
    """A body that unpacks to more than ``limit`` bytes: a bomb, or no page."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the body unpacks to more than {limit:,} bytes", "leave it out")


class BadQuery(ArchiveError):
    """A query that cannot be understood; ``position`` is where, counted from 0."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        self.position = position
        super().__init__(f"{message} (at character {position + 1})", hint)


class BadCursor(ArchiveError):
    """A cursor that no answer of this archive gave."""


class QueryTooSlow(ArchiveError):
    """A search that took too long to go on with."""


def unknown_source(name: str, names: list[str]) -> UnknownSource:
    """The error for a source that is not among ``names``, with the nearest of them."""
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif names:
        hint = "`dateline sources` lists those that are"
    else:
        hint = "follow one with `dateline add URL`"
    return UnknownSource(f"no source is called {name!r}", hint)
