"""Reads the bytes of a capture, revisits included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.captures.content_encoding import decode_verified
from storage.captures.files import read_http
from storage.errors import CaptureUnreadable
from storage.models import Capture

if TYPE_CHECKING:
    from storage.database.handle import Database


def read_capture(database: Database, capture: Capture) -> bytes:
    """Return the decoded body of a capture, verified by its digest; for a revisit, its target's.

    Raises:
        CaptureUnreadable: the capture is missing or damaged.
    """
    if capture.kind == "revisit":
        return read_capture(database, _revisited(database, capture))
    headers, body = read_http(database.location.captures, capture.file, capture.offset)
    decoded = decode_verified(headers, body, capture.digest)
    if decoded is None:
        raise CaptureUnreadable(
            f"capture {capture.id} in {capture.file} does not match its digest",
            "restore the file from a backup",
        )
    return decoded


def _revisited(database: Database, capture: Capture) -> Capture:
    with database.reading() as session:
        found = session.get(Capture, capture.refers_to) if capture.refers_to else None
    if found is None:
        raise CaptureUnreadable(
            f"capture {capture.id} refers to a capture that no longer exists",
            "read another capture",
        )
    return found
