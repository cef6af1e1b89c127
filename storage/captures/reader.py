"""Reads the bytes of a capture, revisits included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.captures.files import StoredBody
from storage.errors import CaptureUnreadable
from storage.models import Capture

if TYPE_CHECKING:
    from storage.database.handle import Database


def read_capture(database: Database, capture: Capture) -> bytes:
    """Return the decoded body of a capture, verified by its digest; for a revisit, its target's.

    Raises:
        CaptureUnreadable: the capture is missing or damaged.
    """
    return locate_body(database, capture).read()


def locate_body(database: Database, capture: Capture) -> StoredBody:
    """Return where the body of a capture is; for a revisit, its target's.

    Raises:
        CaptureUnreadable: the target of a revisit is missing.
    """
    while capture.kind == "revisit":
        capture = _revisited(database, capture)
    return StoredBody(
        database.location.captures, capture.id, capture.file, capture.offset, capture.digest
    )


def _revisited(database: Database, capture: Capture) -> Capture:
    with database.reading() as session:
        found = session.get(Capture, capture.refers_to) if capture.refers_to else None
    if found is None:
        raise CaptureUnreadable(
            f"capture {capture.id} refers to a capture that no longer exists",
            "read another capture",
        )
    return found
