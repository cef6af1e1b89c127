"""Checkpoints of long jobs, so that they continue after an interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.models import Import

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.database.handle import Database


def load_checkpoint(database: Database, name: str) -> tuple[int, bool, dict[str, int]]:
    """Return (position, whether done, counts) of a job; zeros where it is new."""
    with database.reading() as session:
        row = session.scalar(select(Import).where(Import.name == name))
        return (row.position, row.done, dict(row.counts)) if row is not None else (0, False, {})


def save_checkpoint(
    database: Database,
    name: str,
    position: int,
    counts: dict[str, int],
    now: datetime,
    *,
    done: bool = False,
) -> None:
    """Store how far a job has come."""

    def work(session: Session) -> None:
        row = session.scalar(select(Import).where(Import.name == name))
        if row is None:
            row = Import(name=name)
            session.add(row)
        row.position, row.counts, row.done, row.updated_at = position, counts, done, now

    database.write(work)
