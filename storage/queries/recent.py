"""Recent articles: those first seen since a timestamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage.models import Article, Revision, Source

if TYPE_CHECKING:
    from datetime import datetime

    from storage.database.handle import Database

_LOOKED_AT = 500


def articles_since(database: Database, moment: datetime, limit: int = 50) -> list[int]:
    """Return at most ``limit`` articles first seen after ``moment``, newest first."""
    # The newest revisions have the highest numbers: no index by timestamp is needed.
    query = (
        select(Revision.item_id, Revision.seen_at)
        .join(Article, Article.item_id == Revision.item_id)
        .where(Revision.number == 1)
        .order_by(Revision.id.desc())
        .limit(_LOOKED_AT)
    )
    with database.reading() as session:
        return [i for i, at in session.execute(query) if at > moment][:limit]


def archive_size(database: Database) -> tuple[int, int]:
    """Return the number of articles and of sources."""
    with database.reading() as session:
        articles = session.scalar(select(func.count()).select_from(Article)) or 0
        return articles, session.scalar(select(func.count()).select_from(Source)) or 0
