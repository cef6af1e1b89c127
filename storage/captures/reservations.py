"""Which captures are not passed on: those whose publishers reserve them
(:mod:`storage.types.rights`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.models import Capture
from storage.types.rights import stored_reservations

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.database.handle import Database


def capture_reservations(session: Session, capture: Capture) -> tuple[str, ...]:
    """What is reserved of a capture; of a revisit, what was reserved with the page's bytes."""
    own = stored_reservations(capture.rights)
    if own or capture.refers_to is None:
        return own
    return stored_reservations(session.get_one(Capture, capture.refers_to).rights)


def reservations_of_id(database: Database, capture_id: int) -> tuple[str, ...]:
    """As :func:`capture_reservations`, of the capture with that id; nothing where there is none."""
    with database.reading() as session:
        capture = session.get(Capture, capture_id)
        return () if capture is None else capture_reservations(session, capture)
