"""Items: what a source publishes under an identity of its own, articles and directory entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, UtcDateTime


class Item(Base):
    """An identity. A *stub* is known only from a link or a mention; its page fills it in.

    ``identity`` is ``number:<the site's own number>`` where the site has one, else
    ``url:<key of the canonical URL>``; it is unique within a source and kind, because
    articles and directory entries are numbered apart.
    """

    __tablename__ = "items"
    __table_args__ = (
        UniqueConstraint("source_id", "kind", "identity"),
        # What a source holds, counted without its items.
        Index("ix_items_source_id_state", "source_id", "kind", "state"),
        CheckConstraint("kind IN ('article', 'entry')", name="kind"),
        CheckConstraint("state IN ('stub', 'stored', 'gone')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    identity: Mapped[str]
    url: Mapped[str]
    number: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str | None]
    teaser: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="stub")
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Address(Base):
    """One URL under which an item was met: canonical, an alias, or before a redirect."""

    __tablename__ = "addresses"
    __table_args__ = (UniqueConstraint("source_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    key: Mapped[str]
    url: Mapped[str]
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"), index=True)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Article(Base):
    """An article as its newest revision gives it, with what the crawl needs to know of it.

    ``published_at`` is in UTC, ``published_offset`` the offset of its wall clock from UTC in
    minutes; ``published_zoned`` says whether the page gave it. ``sort_at`` is the earlier of the
    claimed publication and the first fetch, so that a date in the future cannot lead a list for
    years.
    """

    __tablename__ = "articles"
    __table_args__ = (
        CheckConstraint("access IN ('full', 'teaser')", name="access"),
        Index("ix_articles_sort_at", "sort_at", "item_id"),
        Index("ix_articles_text_digest", "text_digest"),
        Index("ix_articles_next_check_at", "next_check_at"),
        Index(
            "ix_articles_doubtful",
            "search_key",
            sqlite_where=text("doubtful"),
            postgresql_where=text("doubtful"),
        ),
    )

    item_id: Mapped[int] = mapped_column(
        ForeignKey("items.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # Its place in the index and in the order of time (storage.search.index.keys), if any.
    search_key: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    headline: Mapped[str] = mapped_column(Text)
    standfirst: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    byline: Mapped[list[str]] = mapped_column(Json, default=list)
    dateline_place: Mapped[str | None]
    kind: Mapped[str | None]
    section: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    language: Mapped[str | None] = mapped_column(String(35), index=True)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_offset: Mapped[int | None]
    published_zoned: Mapped[bool] = mapped_column(default=True, server_default=true())
    published_day_only: Mapped[bool] = mapped_column(default=False)
    modified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    modified_offset: Mapped[int | None]
    modified_zoned: Mapped[bool] = mapped_column(default=True, server_default=true())
    access: Mapped[str] = mapped_column(String(16), default="full")
    # Whether its page may not be an article; ``provenance`` says what it looks like.
    doubtful: Mapped[bool] = mapped_column(default=False, server_default=false())
    notices: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    provenance: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    word_count: Mapped[int] = mapped_column(default=0)
    text_digest: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(default=1)
    # The newest exchange of its page, whose validators the next check sends.
    capture_id: Mapped[int | None] = mapped_column(
        ForeignKey("captures.id", ondelete="SET NULL"), index=True
    )
    first_fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_check_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sort_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The extractor that last read its page, whether or not that made a revision.
    extractor: Mapped[str] = mapped_column(String(40), default="", server_default="")
    # What its publisher reserves; with any of it the article is not passed on
    # (storage.types.rights).
    rights: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    # The article that leads its cluster of duplicates, itself perhaps, and how alike they are.
    cluster_id: Mapped[int | None] = mapped_column(
        ForeignKey("items.id", ondelete="SET NULL"), index=True
    )
    similarity: Mapped[float | None] = mapped_column(Double)


class DirectoryEntry(Base):
    """A person, organisation or glossary term as the source describes it."""

    __tablename__ = "directory_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'organisation', 'term', 'unknown')", name="kind"),
    )

    item_id: Mapped[int] = mapped_column(
        ForeignKey("items.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(String(16), default="unknown")
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(index=True)
    expansion: Mapped[str | None]
    aliases: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_offset: Mapped[int | None]
    capture_id: Mapped[int | None] = mapped_column(
        ForeignKey("captures.id", ondelete="SET NULL"), index=True
    )
    description: Mapped[str | None] = mapped_column(Text)
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    extractor: Mapped[str] = mapped_column(String(40), default="", server_default="")


class EntryName(Base):
    """A name under which a directory entry is found in plain text: its own, an alias, an acronym.

    ``key`` is the name's folded words, by which names of several sources meet.
    """

    __tablename__ = "entry_names"
    __table_args__ = (UniqueConstraint("item_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    name: Mapped[str]
    key: Mapped[str] = mapped_column(index=True)


# When an article was published, as ``ClaimedMoment.published_of`` reads it.
PUBLISHED = (
    Article.published_at, Article.published_offset, Article.published_zoned,
    Article.published_day_only,
)  # fmt: skip
