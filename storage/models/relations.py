"""What an article points to: mentions of directory entries, links, pictures and attachments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, UtcDateTime, index_where_held


class Mention(Base):
    """An anchor in an article's text that names a directory entry.

    ``start`` and ``end`` count characters in the text of block ``block`` (from 0).
    """

    __tablename__ = "mentions"
    __table_args__ = (
        UniqueConstraint("item_id", "position"),
        Index("ix_mentions_entry_id", "entry_id", "item_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    position: Mapped[int]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("items.id", ondelete="SET NULL"))
    anchor: Mapped[str]
    full_name: Mapped[str | None]
    expansion: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16), default="unknown")
    url: Mapped[str | None]
    block: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]


class Link(Base):
    """A directed, ordered, typed edge from an article to an item or to an outside URL."""

    __tablename__ = "links"
    __table_args__ = (
        UniqueConstraint("item_id", "position"),
        # Most links lead outside: with those in it SQLite would ask this index for links without
        # a target, and read them all, in place of that of the keys.
        index_where_held("links", "target_id"),
        CheckConstraint(
            "relation IN ('related', 'further', 'entry', 'attachment', 'embedded', 'outside')",
            name="relation",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    position: Mapped[int]
    relation: Mapped[str] = mapped_column(String(16))
    url: Mapped[str]
    # Joins the link to its target once that is met, under whatever spelling.
    key: Mapped[str] = mapped_column(index=True)
    target_id: Mapped[int | None] = mapped_column(ForeignKey("items.id", ondelete="SET NULL"))
    anchor: Mapped[str | None] = mapped_column(Text)
    teaser: Mapped[str | None] = mapped_column(Text)
    # What the list says of the target beside its headline.
    kind: Mapped[str | None] = mapped_column(String(100))
    number: Mapped[str | None] = mapped_column(String(64))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_offset: Mapped[int | None]
    published_zoned: Mapped[bool] = mapped_column(default=True, server_default=true())


class Media(Base):
    """A picture or attachment by its URL; digest, size and place are known once it is fetched.

    ``path`` is relative to the archive's media folder; ``text`` is what an attachment says.
    """

    __tablename__ = "media"
    __table_args__ = (CheckConstraint("kind IN ('picture', 'attachment')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str | None] = mapped_column(String(64), index=True)
    content_type: Mapped[str | None]
    size: Mapped[int | None]
    path: Mapped[str | None]
    # known, stored, refused (by a limit or a rule) or failed, and why.
    state: Mapped[str] = mapped_column(String(16), default="known", server_default="known")
    cause: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    text: Mapped[str | None] = mapped_column(Text)


class ArticleMedia(Base):
    """A picture or attachment as one article shows it."""

    __tablename__ = "article_media"
    __table_args__ = (UniqueConstraint("item_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    media_id: Mapped[int] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    caption: Mapped[str | None] = mapped_column(Text)
    credit: Mapped[str | None]
    alternative_text: Mapped[str | None] = mapped_column(Text)
