"""Captures (where the bytes of an exchange lie), revisions made of them, events beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, UtcDateTime, index_where_held


class Capture(Base):
    """One HTTP exchange in a WARC file: the response record at ``offset`` of ``file``.

    ``digest`` is the SHA-256 (hex) of the body once its content coding is undone, so that the
    same page sent by gzip and by brotli compares equal; ``length`` is in bytes of the file.

    A *revisit* says that the page was as it is in the capture ``refers_to``: the server sent the
    same bytes again, or 304. A *response* with ``refers_to`` is what a browser drew of that one: a
    conversion record, HTML in UTF-8. A *forgotten* one shows, at another URL, what was erased
    by request; it goes at the end of the run. ``rights`` are the reservations that came with the
    page (:mod:`storage.types.rights`).
    """

    __tablename__ = "captures"
    __table_args__ = (
        UniqueConstraint("file", "offset"),
        CheckConstraint("kind IN ('response', 'revisit', 'forgotten')", name="kind"),
        Index("ix_captures_source_id_key_fetched_at", "source_id", "key", "fetched_at"),
        index_where_held("captures", "run_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("crawl_runs.id", ondelete="SET NULL"))
    url: Mapped[str]
    key: Mapped[str]
    status: Mapped[int]
    content_type: Mapped[str | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    file: Mapped[str]
    offset: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16), default="response", server_default="response")
    refers_to: Mapped[int | None] = mapped_column(
        ForeignKey("captures.id", ondelete="SET NULL"), index=True
    )
    rights: Mapped[dict[str, Any] | None] = mapped_column(Json)


class Revision(Base):
    """What extraction made of one capture, where it differs from the revision before.

    The first holds its fields whole in ``content``; a later one holds in ``delta`` what differs
    from the one before (:mod:`storage.text.json_delta`), so that a history grows with its changes.
    ``silent`` marks a change of the text that the page's own modification timestamp passes over.
    """

    __tablename__ = "revisions"
    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        CheckConstraint("origin IN ('crawl', 'reextraction', 'import')", name="origin"),
        CheckConstraint("(content IS NULL) <> (delta IS NULL)", name="content"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    number: Mapped[int]
    capture_id: Mapped[int] = mapped_column(
        ForeignKey("captures.id", ondelete="RESTRICT"), index=True
    )
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    extractor: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    changed: Mapped[list[str]] = mapped_column(Json, default=list)
    content: Mapped[dict[str, Any] | None] = mapped_column(Json)
    delta: Mapped[dict[str, Any] | None] = mapped_column(Json)
    origin: Mapped[str] = mapped_column(String(16), default="crawl", server_default="crawl")
    silent: Mapped[bool] = mapped_column(default=False, server_default=false())


class Event(Base):
    """What befell an item beside changes of its content: gone, returned, moved, teaser, full."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("kind IN ('gone', 'returned', 'moved', 'teaser', 'full')", name="kind"),
        Index("ix_events_item_id_at", "item_id", "at"),
        Index("ix_events_at", "at"),
        index_where_held("events", "run_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("crawl_runs.id", ondelete="SET NULL"))
    detail: Mapped[str | None] = mapped_column(Text)
