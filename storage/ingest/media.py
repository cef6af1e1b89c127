"""Pictures and attachments: what to fetch, where files are stored, the text of attachments.

The archive's ``media`` folder stores each file once, under its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from storage.crawl import retries
from storage.models import ArticleMedia, Item, Media
from storage.search.index import indexer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

# Characters of an attachment's text that are kept and searched.
MAX_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class WantedMedia:
    """A picture or attachment to fetch."""

    id: int
    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """The result of one fetch: the file at ``path``, or the ``cause`` of the failure.

    ``final``: a retry is useless; the state becomes ``refused``.
    """

    media_id: int
    digest: str | None = None
    path: str | None = None
    size: int | None = None
    content_type: str | None = None
    text: str | None = None
    cause: str | None = None
    detail: str | None = None
    final: bool = False

    @property
    def state(self) -> str:
        """Return ``stored``, ``refused``, or ``failed`` (which is retried)."""
        if self.path is not None:
            return "stored"
        return "refused" if retries.is_final(self.cause, final=self.final) else "failed"


def wanted(
    session: Session, source_id: int, count: int, began: datetime, *, patient: bool = False
) -> list[WantedMedia]:
    """Return media of the source to fetch: attachments first, then the newest.

    A run does not retry what it tried since it ``began``; a ``patient`` run also keeps the pauses
    between retries.
    """
    query = (
        select(Media.id, Media.url, Media.kind)
        .join(ArticleMedia, ArticleMedia.media_id == Media.id)
        .join(Item, Item.id == ArticleMedia.item_id)
        .where(
            Item.source_id == source_id,
            Media.state.in_(("known", "failed")),
            Media.attempts < retries.MAX_ATTEMPTS,
            retries.retry_condition(Media.attempts, Media.fetched_at, began, patient=patient),
        )
        .group_by(Media.id, Media.url, Media.kind)
        .order_by(Media.kind, Media.id.desc())
        .limit(count)
    )
    return [WantedMedia(*row) for row in session.execute(query)]


def keep(folder: Path, body: bytes, ending: str = "") -> tuple[str, str]:
    """Write ``body`` under its digest, unless it is there; returns (digest, path in ``folder``).

    The file is whole and on the disk before this returns.
    """
    digest = hashlib.sha256(body).hexdigest()
    path = f"{digest[:2]}/{digest}{ending}"
    target = folder / path
    if target.exists() and target.stat().st_size == len(body):
        return digest, path
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        try:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).replace(target)
    return digest, path


def sources_of(session: Session, media_ids: Sequence[int]) -> list[int]:
    """Return the sources whose articles show any of the media, in locking order."""
    query = (
        select(Item.source_id)
        .join(ArticleMedia, ArticleMedia.item_id == Item.id)
        .where(ArticleMedia.media_id.in_(media_ids))
        .distinct()
        .order_by(Item.source_id)
    )
    return list(session.scalars(query))


def record(session: Session, fetched: Sequence[FetchedMedia], now: datetime) -> None:
    """Write the results of fetches, and index the text of attachments with their articles."""
    for one in fetched:
        if one.path is not None:
            values = {
                "state": "stored", "digest": one.digest, "path": one.path, "size": one.size,
                "content_type": one.content_type, "cause": None, "detail": None,
                "text": _storable(one.text[:MAX_TEXT]) if one.text else None,
            }  # fmt: skip
        else:
            values = {"state": one.state, "cause": one.cause, "detail": (one.detail or "")[:500]}
        session.execute(
            update(Media)
            .where(Media.id == one.media_id)
            .values(**values, attempts=Media.attempts + 1, fetched_at=now)
        )
        if one.text:
            _index_articles(session.connection(), one.media_id)


def _storable(text: str) -> str:
    """Without what no database takes: NUL, and halves of surrogate pairs (PDFs have them)."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")


def _index_articles(connection: Connection, media_id: int) -> None:
    query = select(ArticleMedia.item_id).where(ArticleMedia.media_id == media_id).distinct()
    indexer.index_articles(connection, list(connection.scalars(query)))
