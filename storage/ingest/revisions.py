"""Writes an item's content: its revision, its current row, and what is derived from both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from storage.text import json_delta
from storage.queries import directory
from storage.duplicates import clusters
from storage.ingest import history
from storage.types.content import Article as ArticleContent
from storage.types.content import (Entry, to_json)
from storage.ingest.derived import (Derived, Deriving)
from storage.ingest.links import write_pointers
from storage.models import Article, DirectoryEntry, Revision
from storage.database.types import stored_moment
from storage.types.rights import HIDDEN
from storage.crawl.revisit import next_article_check
from storage.search.index import indexer
from storage.text.normalize import name_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.types.pages import Origin
    from storage.search.index.keys import Calendar

# A change in these makes a revision. ``modified`` is not among them: many publishers move it at
# every build of their site; what it announces shows in the others.
REVISED_BY = ("headline", "standfirst", "text", "byline", "published", "access")
_ENTRY_REVISED_BY = ("name", "kind", "expansion", "aliases", "text")
# A newer extractor may find more in the same page; how it found it is no news.
_REEXTRACTED_BY = (
    *REVISED_BY, "modified", "dateline_place", "number", "kind", "section", "tags", "language",
    "notices", "blocks", "mentions", "links", "media",
)  # fmt: skip
_ENTRY_REEXTRACTED_BY = (*_ENTRY_REVISED_BY, "number", "published", "blocks", "links", "media")

_HELD = select(Article.first_fetched_at, Article.search_key).where(
    Article.item_id == bindparam("item")
)


@dataclass(frozen=True, slots=True)
class Writing:
    """What one batch of outcomes is written with: a connection inside the caller's transaction.

    Whoever makes one calls :meth:`finish` at its end.
    """

    connection: Connection
    source_id: int
    run_id: int | None
    now: datetime
    # What is done for all articles together at the end: those that are new and those that were
    # known, to be signed and indexed; and search keys that none has any more.
    new: dict[int, Made] = field(default_factory=dict)
    known: dict[int, Made] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)

    def finish(self) -> None:
        """Sign and index what was written, all at once: see :func:`storage.search.index.store.put`."""
        for made, fresh in ((self.new, True), (self.known, False)):
            signed = [(item_id, one.derived.signed) for item_id, one in made.items()]
            clusters.place(self.connection, signed, fresh=fresh)
        texts = {i: one.derived.texts for i, one in (*self.new.items(), *self.known.items())}
        indexer.fill(self.connection, list(texts), texts, self.left)


@dataclass
class Made:
    """What an extractor made of a page, with what is derived from it once.

    ``done`` is what was derived of it before.
    """

    content: ArticleContent | Entry
    extractor: str
    origin: Origin = "crawl"
    rights: Sequence[str] = ()
    # When an imported page was fetched: then it was seen, whenever it is imported.
    fetched_at: datetime | None = None
    done: Derived | None = None
    derived: Deriving = field(init=False)

    def __post_init__(self) -> None:
        """Go on from what was derived before."""
        self.derived = Deriving(self.content, self.done)

    @property
    def article(self) -> ArticleContent:
        """The content where it is an article's."""
        if not isinstance(self.content, ArticleContent):
            raise TypeError(f"{self.content.name} is no article")
        return self.content

    @property
    def is_searchable(self) -> bool:
        """Whether it may be found by its words."""
        return HIDDEN not in self.rights


def changed_fields(old: dict[str, Any], new: dict[str, Any], origin: Origin = "crawl") -> list[str]:
    """Names of the fields in which two contents (JSON form) differ, white space apart."""
    again = origin == "reextraction"
    names: tuple[str, ...]
    if "name" in new:
        names = _ENTRY_REEXTRACTED_BY if again else _ENTRY_REVISED_BY
    else:
        names = _REEXTRACTED_BY if again else REVISED_BY
    return [name for name in names if _comparable(old, name) != _comparable(new, name)]


def _comparable(content: dict[str, Any], name: str) -> Any:
    if name == "text":
        blocks = content.get("blocks", [])
        return [" ".join(b["text"].split()) for b in blocks if b["kind"] != "figure"]
    if name == "access":
        return content.get("access", "full")
    value = content.get(name)
    return " ".join(value.split()) if isinstance(value, str) else value


def first_revision(made: Made, item_id: int, capture_id: int, now: datetime) -> dict[str, Any]:
    """The row of an item's first revision."""
    return {
        "item_id": item_id, "number": 1, "capture_id": capture_id,
        "seen_at": made.fetched_at or now, "extractor": made.extractor,
        "digest": made.derived.digest,
        "content": to_json(made.content),
        "delta": None, "changed": [], "origin": made.origin, "silent": False,
    }  # fmt: skip


def add_revision(
    writing: Writing, item_id: int, capture_id: int, made: Made, *, known: bool
) -> tuple[list[str], int]:
    """Keep a revision where ``made`` differs from the last; returns what changed, its number.

    ``known`` says that there may be a last one.
    """
    row = first_revision(made, item_id, capture_id, writing.now)
    changed = ["new"]
    last = history.last_content(writing.connection, item_id) if known else None
    if last is not None:
        number, content = last
        changed = changed_fields(content, row["content"], made.origin)
        row |= {
            "number": number + 1, "changed": changed, "content": None,
            "delta": json_delta.delta(content, row["content"]),
            "silent": made.origin == "crawl"
            and history.is_silent(content, row["content"], changed),
        }  # fmt: skip
    if changed:
        writing.connection.execute(insert(Revision.__table__), row)  # type: ignore[arg-type]
    return changed, row["number"]


def write(
    writing: Writing, item_id: int, made: Made, capture_id: int, number: int, fetched_at: datetime,
    *, again: bool = False,
) -> None:  # fmt: skip
    """Make revision ``number`` what the item is; ``fetched_at`` counts where it is the first.

    ``again``: the item has been something else since.
    """
    if isinstance(made.content, Entry):
        _write_entry(writing, item_id, made, made.content, capture_id, fresh=number == 1)
    else:
        _write_article(writing, item_id, made, capture_id, number, fetched_at, again=again)


def _write_entry(
    writing: Writing, item_id: int, made: Made, content: Entry, capture_id: int, *, fresh: bool
) -> None:
    published_at, published_offset = stored_moment(content.published)
    values = {
        "kind": content.kind, "name": content.name,
        "name_key": name_key(content.name), "expansion": content.expansion,
        "aliases": list(content.aliases), "published_at": published_at,
        "published_offset": published_offset,
        "capture_id": capture_id, "description": content.text or None,
        "blocks": to_json(content.blocks), "checked_at": writing.now,
        "extractor": made.extractor,
    }  # fmt: skip
    _put_row(writing.connection, DirectoryEntry, item_id, values, fresh=fresh)
    directory.put_names(writing.connection, item_id, content)
    write_pointers(writing.connection, writing.source_id, {item_id: content}, writing.now,
                   fresh=fresh)  # fmt: skip


def _write_article(
    writing: Writing, item_id: int, made: Made, capture_id: int, number: int, first: datetime,
    *, again: bool,
) -> None:  # fmt: skip
    connection, now, content = writing.connection, writing.now, made.article
    fresh = number == 1 and not again
    held = None
    if not fresh:
        row = connection.execute(_HELD, {"item": item_id}).first()
        first, held = (first, None) if row is None else row
    values = article_values(made, capture_id, number, first, now)
    at, calendar = sorted_by(values)
    key = indexer.key_of(connection, held, at, calendar) if made.is_searchable else None
    if held is not None and held != key:
        writing.left.append(held)
    _put_row(connection, Article, item_id, {**values, "search_key": key}, fresh=fresh)
    write_pointers(connection, writing.source_id, {item_id: content}, now, fresh=fresh)
    # One that is new in this batch and revised in it is not signed yet.
    texts = writing.new if fresh or item_id in writing.new else writing.known
    texts[item_id] = made


def article_values(
    made: Made, capture_id: int, number: int, first: datetime, now: datetime
) -> dict[str, Any]:
    """The columns of an article as revision ``number`` gives it; ``first`` is its first fetch."""
    content = made.article
    published_at, published_offset = stored_moment(content.published)
    modified_at, modified_offset = stored_moment(content.modified)
    return {
        "headline": content.headline, "standfirst": content.standfirst, "text": content.text,
        "blocks": to_json(content.blocks), "byline": list(content.byline),
        "dateline_place": content.dateline_place, "kind": content.kind,
        "section": content.section, "tags": list(content.tags), "language": content.language,
        "published_at": published_at, "published_offset": published_offset,
        "published_zoned": content.published is None or content.published.zoned,
        "published_day_only": content.published is not None and content.published.day_only,
        "modified_at": modified_at, "modified_offset": modified_offset,
        "modified_zoned": content.modified is None or content.modified.zoned,
        "access": content.access, "notices": list(content.notices),
        "provenance": dict(content.provenance), "extractor": made.extractor,
        "rights": list(made.rights),
        "word_count": made.derived.word_count, "text_digest": made.derived.digest,
        "revision": number,
        "capture_id": capture_id, "first_fetched_at": first, "checked_at": now,
        "next_check_at": next_article_check(first, now),
        # A claimed moment in the future would lead every list for years.
        "sort_at": min(published_at or first, first),
    }  # fmt: skip


def sorted_by(values: dict[str, Any]) -> tuple[datetime, Calendar]:
    """The moment that an article's row is sorted by, and the calendar of its day."""
    at = values["sort_at"]
    return at, indexer.calendar_of(at, values["published_at"], values["published_offset"])


# Built once: to build one of thirty columns takes longer than to run it.
_UPDATE: dict[Any, Any] = {
    table: update(table.__table__).where(table.__table__.c.item_id == bindparam("b_item"))  # type: ignore[arg-type]
    for table in (Article, DirectoryEntry)
}


def _put_row(
    connection: Connection, table: Any, item_id: int, values: dict[str, Any], *, fresh: bool
) -> None:
    if fresh:
        connection.execute(insert(table.__table__), {"item_id": item_id, **values})
        return
    if connection.execute(_UPDATE[table], {**values, "b_item": item_id}).rowcount == 0:
        connection.execute(insert(table.__table__), {"item_id": item_id, **values})
