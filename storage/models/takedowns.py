"""What was erased and must not come back, and how far imports have come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, UtcDateTime


class Takedown(Base):
    """One takedown: when, why, and how much was erased. It names nothing that was erased."""

    __tablename__ = "forgettings"
    __table_args__ = (CheckConstraint("state IN ('begun', 'done')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(Text)
    what: Mapped[str]
    # How much went; while it is begun also "pending", what is still to go.
    counts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    state: Mapped[str] = mapped_column(String(16), default="begun")


class Tombstone(Base):
    """Keeps what was erased from coming back, by a digest that tells nothing of it."""

    __tablename__ = "tombstones"
    __table_args__ = (
        UniqueConstraint("kind", "digest"),
        CheckConstraint(
            "kind IN ('address', 'identity', 'text', 'title', 'media', 'source')", name="kind"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    forgetting_id: Mapped[int] = mapped_column(
        ForeignKey("forgettings.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))


class Import(Base):
    """How far a file was imported: ``position`` counts its records."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    done: Mapped[bool] = mapped_column(default=False)
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
