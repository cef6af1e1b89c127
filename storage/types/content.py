"""The typed content of an item, as extraction builds it and the archive returns it.

Pure values, independent of any database. ``to_json``/``from_json`` define the one JSON form that
revisions store, ``--json`` prints and tests compare.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

BlockKind = Literal[
    "paragraph",
    "heading",
    "list_item",
    "term",
    "definition",
    "quote",
    "figure",
    "table",
    "preformatted",
]
SpanKind = Literal["link", "emphasis", "strong"]
Relation = Literal["related", "further", "entry", "attachment", "embedded", "outside"]
EntryKind = Literal["person", "organisation", "term", "unknown"]
MediaKind = Literal["picture", "attachment"]
Access = Literal["full", "teaser"]


@dataclass(frozen=True, slots=True)
class StatedTimestamp:
    """A timestamp as a publisher states it.

    ``at`` is aware. Where the page gives no zone, ``zoned`` is false and ``at`` is the stated wall
    clock in the source's zone (UTC where that is unknown too). ``day_only`` is true where only a
    day is given; ``at`` is then midnight.
    """

    at: datetime
    zoned: bool = True
    day_only: bool = False

    def __post_init__(self) -> None:
        """Refuse a timestamp without zone."""
        if self.at.tzinfo is None:
            raise ValueError(f"naive moment {self.at!r}: give its zone")

    @property
    def offset_minutes(self) -> int | None:
        """The publisher's UTC offset in minutes; ``None`` where it states none."""
        return self.wall_offset if self.zoned else None

    @property
    def wall_offset(self) -> int | None:
        """The UTC offset in minutes of the wall clock that ``at`` shows."""
        offset = self.at.utcoffset()
        return None if offset is None else round(offset.total_seconds() / 60)

    def isoformat(self) -> str:
        """Format as ISO 8601, without the offset or time that were not stated."""
        if self.day_only:
            return self.at.date().isoformat()
        return self.at.isoformat() if self.zoned else self.at.replace(tzinfo=None).isoformat()

    @classmethod
    def fromisoformat(cls, text: str) -> StatedTimestamp:
        """Parse what :meth:`isoformat` wrote."""
        at = datetime.fromisoformat(text)
        zoned = at.tzinfo is not None
        return cls(at if zoned else at.replace(tzinfo=UTC), zoned=zoned, day_only=len(text) == 10)

    @classmethod
    def from_stored(
        cls, at: datetime, offset: int | None, *, zoned: bool = True, day_only: bool = False
    ) -> StatedTimestamp:
        """Rebuild from a UTC timestamp and the offset of its wall clock in minutes."""
        if offset is None:
            return cls(at.astimezone(UTC), zoned=False, day_only=day_only)
        zone = UTC if offset == 0 else timezone(timedelta(minutes=offset))
        return cls(at.astimezone(zone), zoned=zoned, day_only=day_only)

    @classmethod
    def published_from_row(cls, row: Any) -> StatedTimestamp | None:
        """Return the publication timestamp of ``row``; ``None`` where the publisher states none.

        The only place that decides this: no other date replaces a missing one. ``row`` has the
        columns ``storage.models.PUBLISHED``.
        """
        if row.published_at is None:
            return None
        return cls.from_stored(
            row.published_at,
            row.published_offset,
            zoned=bool(row.published_zoned),
            day_only=bool(row.published_day_only),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a block's text, ``start`` to ``end`` in characters, with a meaning."""

    start: int
    end: int
    kind: SpanKind
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table row: the range ``start`` to ``end`` of the row's text, and its spans."""

    start: int
    end: int
    header: bool = False
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """One unit of a text; ``level`` is a heading's rank (1-6) or a list item's depth (from 1).

    A block of kind ``table`` with ``cells`` is one row; the first row of a table has level 1.
    ``at`` and ``anchor`` (the fragment of its URL) are on the first block of each entry of a live
    blog. ``source`` is the URL of a quotation's source or of an embedded post.
    """

    kind: BlockKind
    text: str
    level: int = 0
    ordered: bool = False
    spans: tuple[Span, ...] = ()
    media: str | None = None
    cells: tuple[Cell, ...] = ()
    at: StatedTimestamp | None = None
    anchor: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A link to a directory entry in the text; ``start``/``end`` count in block ``block``."""

    anchor: str
    block: int
    start: int
    end: int
    url: str | None = None
    full_name: str | None = None
    expansion: str | None = None
    kind: EntryKind = "unknown"


@dataclass(frozen=True, slots=True)
class Link:
    """An ordered, typed link to an item or an external URL, with the text shown for it.

    ``kind``, ``number`` and ``published`` describe the target, as the list states them: ``Entretien
    n° 12681 • 11/05/21 à 16:39``.
    """

    url: str
    relation: Relation
    anchor: str | None = None
    teaser: str | None = None
    kind: str | None = None
    number: str | None = None
    published: StatedTimestamp | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or attachment as the page shows it."""

    url: str
    kind: MediaKind = "picture"
    caption: str | None = None
    credit: str | None = None
    alternative_text: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """An article's content. Absent values are ``None`` or ``()``.

    ``provenance`` maps a field to the origin of its value (``json-ld``, ``meta``, ``time``,
    ``text``, ``url``, ``feed``, ``model``, ``site``).
    """

    headline: str
    blocks: tuple[Block, ...]
    standfirst: str | None = None
    byline: tuple[str, ...] = ()
    dateline_place: str | None = None
    number: str | None = None
    kind: str | None = None
    doubtful: bool = False
    section: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    published: StatedTimestamp | None = None
    modified: StatedTimestamp | None = None
    access: Access = "full"
    notices: tuple[str, ...] = ()
    canonical_url: str | None = None
    mentions: tuple[Mention, ...] = ()
    links: tuple[Link, ...] = ()
    media: tuple[Media, ...] = ()
    provenance: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the plain text: one line per block, without pictures."""
        return "\n".join(block.text for block in self.blocks if block.kind != "figure")


@dataclass(frozen=True, slots=True)
class Entry:
    """A directory entry: a person, organisation or glossary term, as its source describes it."""

    name: str
    kind: EntryKind = "unknown"
    number: str | None = None
    expansion: str | None = None
    aliases: tuple[str, ...] = ()
    published: StatedTimestamp | None = None
    blocks: tuple[Block, ...] = ()
    canonical_url: str | None = None
    links: tuple[Link, ...] = ()
    media: tuple[Media, ...] = ()

    @property
    def text(self) -> str:
        """Return the description as plain text."""
        return "\n".join(block.text for block in self.blocks if block.kind != "figure")


def _reduced(value: Any) -> tuple[Any, ...]:
    return type(value), _VALUES[type(value)](value)


# Fields and defaults of each type, and a getter for all values of one object.
_DEFAULTS: dict[type, tuple[tuple[str, Any], ...]] = {}
_VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {}
for _kind in (StatedTimestamp, Span, Cell, Block, Mention, Link, Media, Article, Entry):
    _DEFAULTS[_kind] = tuple((f.name, f.default) for f in fields(_kind))
    _VALUES[_kind] = attrgetter(*(f.name for f in fields(_kind)))
    # A page's hundreds of values come from another process: dataclasses look their fields up again
    # for each, which took longer than all the rest of unpickling.
    _kind.__reduce__ = _reduced  # type: ignore[assignment,method-assign]


def to_json(value: Any) -> Any:
    """Convert a content value, or tuples of them, to JSON-ready data.

    Fields with their default value are left out, so that a stored revision stays small.
    """
    if isinstance(value, tuple | list):
        return [to_json(part) for part in value]
    if isinstance(value, StatedTimestamp):
        return value.isoformat()
    defaults = _DEFAULTS.get(type(value))
    if defaults is None:
        return value
    made = {}
    for name, default in defaults:
        held = getattr(value, name)
        if held in (default, (), None, {}):
            continue
        made[name] = held if type(held) is str else to_json(held)
    return made


def blocks_from_json(rows: list[dict[str, Any]]) -> tuple[Block, ...]:
    """Read blocks back from :func:`to_json`."""
    return tuple(map(_block_from_json, rows))


def _block_from_json(row: dict[str, Any]) -> Block:
    made = {**row, "spans": tuple(Span(**span) for span in row.get("spans", ()))}
    if "cells" in row:
        made["cells"] = tuple(Cell(**cell) for cell in row["cells"])
    if "at" in row:
        made["at"] = StatedTimestamp.fromisoformat(row["at"])
    return Block(**made)


def _link_from_json(row: dict[str, Any]) -> Link:
    published = row.get("published")
    return Link(
        **{**row, "published": StatedTimestamp.fromisoformat(published) if published else None}
    )


def article_from_json(row: dict[str, Any]) -> Article:
    """Read an article back from :func:`to_json`."""
    simple: dict[str, Any] = {
        name: row[name]
        for name in (
            "headline",
            "standfirst",
            "dateline_place",
            "number",
            "kind",
            "doubtful",
            "section",
            "language",
            "access",
            "canonical_url",
            "provenance",
        )
        if name in row
    }
    moments: dict[str, Any] = {
        name: StatedTimestamp.fromisoformat(row[name])
        for name in ("published", "modified")
        if row.get(name)
    }
    return Article(
        **simple,
        **moments,
        byline=tuple(row.get("byline", ())),
        tags=tuple(row.get("tags", ())),
        notices=tuple(row.get("notices", ())),
        blocks=blocks_from_json(row.get("blocks", [])),
        mentions=tuple(Mention(**m) for m in row.get("mentions", ())),
        links=tuple(_link_from_json(link) for link in row.get("links", ())),
        media=tuple(Media(**m) for m in row.get("media", ())),
    )
