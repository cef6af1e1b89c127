"""The archive: database and captures. Imports nothing of the crawler or the command line."""

from storage.archive import Archive, create_archive, open_archive, utc_now
from storage.errors import ArchiveError

__all__ = ["Archive", "ArchiveError", "create_archive", "open_archive", "utc_now"]
