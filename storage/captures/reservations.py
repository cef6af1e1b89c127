"""Captures that may not be passed on, because their publishers reserve them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.models import Capture
from storage.types.rights import stored_reservations

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.database.handle import Database


def capture_reservations(session: Session, capture: Capture) -> tuple[str, ...]:
    """Return the reservations of a capture; for a revisit, those of its target."""
    own = stored_reservations(capture.rights)
    if own or capture.refers_to is None:
        return own
    return stored_reservations(session.get_one(Capture, capture.refers_to).rights)


def reservations_of_id(database: Database, capture_id: int) -> tuple[str, ...]:
    """Return the reservations of the capture with this id; none where it does not exist."""
    with database.reading() as session:
        capture = session.get(Capture, capture_id)
        return () if capture is None else capture_reservations(session, capture)
