"""Sources, the places where they announce items, what is still to fetch, and crawl runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, UtcDateTime


class Source(Base):
    """A publication that is followed."""

    __tablename__ = "sources"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'paused')", name="state"),
        CheckConstraint("rights IN ('reserve', 'strict', 'ignore')", name="rights"),
        CheckConstraint("store IN ('gzip', 'zstd')", name="store"),
        CheckConstraint("browser IN ('never', 'needed', 'always')", name="browser"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str | None]
    home_url: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str | None] = mapped_column(String(35))
    timezone: Mapped[str | None] = mapped_column(String(64))
    site: Mapped[str | None] = mapped_column(String(100))
    delay: Mapped[float | None]
    # What its site file knows of its URLs (storage.text.url_rules.UrlRules).
    rules: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # What follows from what its publisher reserves (storage.types.rights.Policy).
    rights: Mapped[str] = mapped_column(String(16), default="reserve", server_default="reserve")
    # How its captures are packed (storage.captures.zstd_dictionaries).
    store: Mapped[str] = mapped_column(String(16), default="gzip", server_default="gzip")
    state: Mapped[str] = mapped_column(String(16), default="active")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Bounds of the polling interval of an endpoint, in minutes; requests per day.
    least_minutes: Mapped[int | None]
    most_minutes: Mapped[int | None]
    daily_requests: Mapped[int | None]
    # Whether a browser draws its pages (storage.types.pages.BrowserUse).
    browser: Mapped[str] = mapped_column(String(16), default="never", server_default="never")


class Endpoint(Base):
    """One place where a source announces items, with its HTTP validators."""

    __tablename__ = "endpoints"
    __table_args__ = (
        UniqueConstraint("source_id", "url"),
        CheckConstraint("kind IN ('feed', 'sitemap', 'listing')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    url: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    # Digest of the last body read: a server without validators still costs no second parse.
    digest: Mapped[str | None] = mapped_column(String(64))
    # A sitemap that an index announced, and that index's own word on its last change.
    indexed: Mapped[bool] = mapped_column(default=False)
    announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    # When it brings news (storage.crawl.rhythm), what its server asks (storage.types.pages.Wishes).
    rhythm: Mapped[dict[str, Any] | None] = mapped_column(Json)
    polling_hints: Mapped[dict[str, Any] | None] = mapped_column("wishes", Json)
    # The latest publication that it announced.
    newest_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Gone for good (410), or moved to one that is followed already.
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Candidate(Base):
    """A URL that may be an item and what is known of it before it is fetched.

    This is the frontier: it lives in the database so that a killed crawl loses nothing.
    """

    __tablename__ = "candidates"
    __table_args__ = (
        UniqueConstraint("source_id", "key"),
        CheckConstraint(
            "state IN ('pending', 'done', 'failed', 'skipped', 'refused')", name="state"
        ),
        Index("ix_candidates_frontier", "source_id", "state", "depth", "published_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("endpoints.id", ondelete="SET NULL"))
    key: Mapped[str]
    url: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16), default="article")
    depth: Mapped[int] = mapped_column(default=0)
    hints: Mapped[dict[str, Any] | None] = mapped_column(Json)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    modified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    cause: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None]
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CrawlRun(Base):
    """One execution of the spider over one source."""

    __tablename__ = "crawl_runs"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'finished', 'interrupted', 'failed')", name="state"),
        Index("ix_crawl_runs_source_id_started_at", "source_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default="running")
    reason: Mapped[str | None] = mapped_column(String(100))
    process: Mapped[str | None] = mapped_column(String(255))
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    causes: Mapped[dict[str, int]] = mapped_column(Json, default=dict)


class HostFile(Base):
    """What a host says of all its pages (robots.txt, tdmrep.json), until it expires.

    ``body`` is empty where there is none.
    """

    __tablename__ = "host_files"

    url: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Lease(Base):
    """The exclusive right of one process to crawl a host (storage.crawl.leases)."""

    __tablename__ = "leases"

    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime] = mapped_column(UtcDateTime)
