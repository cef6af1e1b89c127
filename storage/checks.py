"""Proof that the archive is sound: schema, rows, search index and captures agree."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from storage import migrations
from storage.errors import CaptureUnreadable
from storage.models import Article, Capture, DirectoryEntry, Item, Media, Revision
from storage.reading import read_capture

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.archive import Archive


def check(archive: Archive) -> list[str]:
    """Everything that is wrong, a line each; empty where the archive is sound."""
    problems = [f"schema: {difference}" for difference in migrations.differences(archive.engine)]
    with archive.reading() as session:
        problems += _rows(session, archive)
        problems += _index(session)
        problems += _captures(session, archive)
        problems += _media(session, archive)
    return problems


def _rows(session: Session, archive: Archive) -> list[str]:
    problems = []
    if archive.engine.dialect.name == "sqlite":
        integrity = session.execute(text("PRAGMA integrity_check")).scalar()
        if integrity != "ok":
            problems.append(f"database: {integrity}")
        broken = session.execute(text("PRAGMA foreign_key_check")).all()
        problems += [f"row {row[1]} of {row[0]} refers to nothing in {row[2]}" for row in broken]
    bare = session.scalars(
        select(Article.item_id).where(
            ~select(Revision.id).where(Revision.item_id == Article.item_id).exists()
        )
    )
    problems += [f"article {item_id} has no revision" for item_id in bare]
    lone = session.scalars(
        select(Item.id).where(
            Item.state == "stored",
            ~select(Article.item_id).where(Article.item_id == Item.id).exists(),
            ~select(DirectoryEntry.item_id).where(DirectoryEntry.item_id == Item.id).exists(),
        )
    )
    problems += [f"item {item_id} is said to be stored and is not" for item_id in lone]
    return problems


def _index(session: Session) -> list[str]:
    stored = session.scalar(select(func.count()).select_from(Article)) or 0
    stored += session.scalar(select(func.count()).select_from(DirectoryEntry)) or 0
    indexed = session.execute(text("SELECT count(*) FROM search_index")).scalar() or 0
    if stored != indexed:
        return [f"search index: {indexed} items in it, {stored} in the archive"]
    return []


def _captures(session: Session, archive: Archive) -> list[str]:
    problems = []
    for capture in session.scalars(select(Capture).execution_options(yield_per=500)):
        try:
            read_capture(archive, capture)
        except CaptureUnreadable as error:
            problems.append(f"capture {capture.id}: {error}")
    return problems


def _media(session: Session, archive: Archive) -> list[str]:
    problems = []
    kept = select(Media.id, Media.path, Media.digest).where(Media.state == "stored")
    for number, path, digest in session.execute(kept):
        try:
            body = (archive.location.media / (path or "")).read_bytes()
        except OSError as error:
            problems.append(f"media {number}: {path} cannot be read: {error.strerror}")
            continue
        if hashlib.sha256(body).hexdigest() != digest:
            problems.append(f"media {number}: {path} does not match its digest")
    return problems
