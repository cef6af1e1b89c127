"""Captures (where the bytes of an exchange lie) and revisions (what was made of them)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Moment


class Capture(Base):
    """One HTTP exchange in a WARC file: the response record at ``offset`` of ``file``.

    ``digest`` is the SHA-256 (hex) of the body once its content coding is undone, so that the
    same page sent by gzip and by brotli compares equal; ``length`` is in bytes of the file.
    """

    __tablename__ = "captures"
    __table_args__ = (
        UniqueConstraint("file", "offset"),
        Index("ix_captures_source_id_key_fetched_at", "source_id", "key", "fetched_at"),
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
    fetched_at: Mapped[datetime] = mapped_column(Moment)
    file: Mapped[str]
    offset: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    record_id: Mapped[str] = mapped_column(String(64))


class Revision(Base):
    """What extraction made of one capture, where it differs from the revision before.

    ``content`` holds the fields of the article (or directory entry) as they were then.
    """

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("item_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    number: Mapped[int]
    capture_id: Mapped[int] = mapped_column(ForeignKey("captures.id", ondelete="RESTRICT"))
    seen_at: Mapped[datetime] = mapped_column(Moment)
    extractor: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    changed: Mapped[list[str]] = mapped_column(Json, default=list)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
