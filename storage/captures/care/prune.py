"""Prunes capture records that are no longer needed, and counts the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, or_, select

from storage.captures.care import rewrite
from storage.captures.care.verify import all_capture_files
from storage.models import Article, Capture, DirectoryEntry, Revision, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from storage.database.handle import Database


def prune(
    database: Database, before: datetime, source_id: int | None = None, *, dry_run: bool = False
) -> tuple[int, int]:
    """Delete unused captures older than ``before``: (captures, bytes freed).

    The capture of each revision stays, and so does the newest of each page.
    """
    count = freed = 0
    for file, rows in _prunable(database, before, source_id):
        count += len(rows)
        if dry_run:
            freed += sum(length for _, length in rows)
            continue
        done = rewrite.rewrite(database, file, {record_id for record_id, _ in rows})
        freed += done.before - done.after
    return count, freed


def _prunable(
    database: Database, before: datetime, source_id: int | None
) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    newest = select(func.max(Capture.id)).group_by(Capture.source_id, Capture.key)
    other = Capture.__table__.alias("other")
    used = or_(
        select(Revision.id).where(Revision.capture_id == Capture.id).exists(),
        select(Article.item_id).where(Article.capture_id == Capture.id).exists(),
        select(DirectoryEntry.item_id).where(DirectoryEntry.capture_id == Capture.id).exists(),
        # The target of a later revisit is pruned once the revisit is.
        select(other.c.id).where(other.c.refers_to == Capture.id).exists(),
    )
    query = (
        select(Capture.file, Capture.record_id, Capture.length)
        .where(Capture.fetched_at < before, ~used, Capture.id.not_in(newest))
        .order_by(Capture.file, Capture.offset)
    )
    if source_id is not None:
        query = query.where(Capture.source_id == source_id)
    with database.reading() as session:
        files: dict[str, list[tuple[str, int]]] = {}
        for file, record_id, length in session.execute(query):
            files.setdefault(file, []).append((record_id, length))
    yield from files.items()


def stats(database: Database) -> dict[str, Any]:
    """Count captures per source: total, revisits, bytes, oldest and newest."""
    revisits = func.sum(case((Capture.kind == "revisit", 1), else_=0))
    with database.reading() as session:
        rows = session.execute(
            select(
                Source.name,
                Source.store,
                func.count(Capture.id),
                revisits,
                func.sum(Capture.length),
                func.min(Capture.fetched_at),
                func.max(Capture.fetched_at),
                func.count(Capture.file.distinct()),
            )
            .join(Capture, Capture.source_id == Source.id)
            .group_by(Source.name, Source.store)
            .order_by(Source.name)
        ).all()
    return {
        "folder": str(database.location.captures),
        "bytes": sum(path.stat().st_size for path in all_capture_files(database)),
        "sources": [
            {
                "source": name,
                "store": store,
                "captures": count,
                "revisits": int(again or 0),
                "bytes": int(size or 0),
                "oldest": oldest.isoformat(),
                "newest": newest.isoformat(),
                "files": files,
            }
            for name, store, count, again, size, oldest, newest, files in rows
        ],
    }
