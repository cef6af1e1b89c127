"""Alarms, backfills and gaps, alerts and their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, UtcDateTime


class Alarm(Base):
    """An alarm: a problem of a source, from the time it was raised until it was cleared."""

    __tablename__ = "alarms"
    __table_args__ = (Index("ix_alarms_source_id_cleared_at", "source_id", "cleared_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Backfill(Base):
    """A date range of a source to backfill: requested, or a gap that a feed left.

    ``until`` is exclusive. ``announced`` and ``fresh`` count the items that its pages announced.
    """

    __tablename__ = "backfills"
    __table_args__ = (
        CheckConstraint("reason IN ('asked', 'gap')", name="reason"),
        CheckConstraint("state IN ('open', 'done', 'failed')", name="state"),
        Index("ix_backfills_source_id_state", "source_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default="open")
    detail: Mapped[str | None] = mapped_column(Text)
    announced: Mapped[int] = mapped_column(default=0)
    fresh: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BackfillPage(Base):
    """A page that a backfill reads: sitemap, archive page or page of a list."""

    __tablename__ = "backfill_pages"
    __table_args__ = (
        UniqueConstraint("backfill_id", "url"),
        CheckConstraint("state IN ('pending', 'done', 'failed')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    backfill_id: Mapped[int] = mapped_column(ForeignKey("backfills.id", ondelete="CASCADE"))
    url: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    # How many pages of the same list came before it, and how many of those brought nothing.
    number: Mapped[int] = mapped_column(default=0)
    barren: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    cause: Mapped[str | None] = mapped_column(String(64))


class Alert(Base):
    """An alert: messages about new matches of a saved search, or about alarms (no search).

    ``target`` is ``mailto:…`` or a webhook's URL; ``after`` the highest revision that was looked
    at.
    """

    __tablename__ = "watches"

    id: Mapped[int] = mapped_column(primary_key=True)
    search_id: Mapped[int | None] = mapped_column(
        ForeignKey("saved_searches.id", ondelete="CASCADE"), index=True
    )
    target: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(64))
    every_minutes: Mapped[int]
    after: Mapped[int]
    first: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AlertedItem(Base):
    """Marks an article as alerted, so that each alert reports it once."""

    __tablename__ = "told"

    watch_id: Mapped[int] = mapped_column(
        ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    item_id: Mapped[int] = mapped_column(
        ForeignKey("items.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )


class Delivery(Base):
    """A message to send, stored until it is delivered, so that a restart loses none."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_due_at", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    watch_id: Mapped[int] = mapped_column(ForeignKey("watches.id", ondelete="CASCADE"), index=True)
    # Identifies the message to its receiver, also when it is sent again.
    key: Mapped[str] = mapped_column(String(36), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # None once it was taken or given up.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
