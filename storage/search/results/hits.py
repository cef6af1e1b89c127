"""Hits: what a list shows of matching articles, with the matching words highlighted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Boolean, bindparam, text

from storage.database.types import UtcDateTime
from storage.search.results.snippets import Highlighter
from storage.types.content import StatedTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.search.results.bm25 import Term
    from storage.search.results.matches import Match
    from storage.search.results.snippets import Marks


@dataclass(frozen=True, slots=True)
class Hit:
    """One article in a list of results; ``marks`` are the highlighted ranges of ``snippet``."""

    id: int
    source: str
    headline: str
    url: str
    published: StatedTimestamp | None
    sort_at: datetime
    byline: tuple[str, ...]
    language: str | None
    snippet: str
    marks: Marks
    text: str
    standfirst: str | None = None
    section: str | None = None
    kind: str | None = None
    number: str | None = None
    access: str = "full"
    doubtful: bool = False
    word_count: int = 0
    revision: int = 1
    headline_marks: Marks = ()
    score: float = 0.0
    # The leading article of its cluster of duplicates, and the sources of the other members.
    leading: int | None = None
    copies: tuple[str, ...] = ()


_HITS = (
    text(
        "SELECT items.id, sources.name, articles.headline, items.url, articles.published_at,"
        " articles.published_offset, articles.published_zoned, articles.published_day_only,"
        " articles.sort_at, articles.byline, articles.language, articles.text,"
        " articles.standfirst, articles.section, articles.kind, items.number, articles.access,"
        " articles.doubtful,"
        " articles.word_count, articles.revision, articles.cluster_id"
        " FROM articles JOIN items ON items.id = articles.item_id"
        " JOIN sources ON sources.id = items.source_id WHERE articles.item_id IN :ids"
    )
    .bindparams(bindparam("ids", expanding=True))
    .columns(
        published_at=UtcDateTime(),
        sort_at=UtcDateTime(),
        byline=JSON(),
        published_zoned=Boolean(),
        published_day_only=Boolean(),
    )
)
_CLUSTER_SOURCES = text(
    "SELECT articles.cluster_id, items.id, sources.name FROM articles"
    " JOIN items ON items.id = articles.item_id JOIN sources ON sources.id = items.source_id"
    " WHERE articles.cluster_id IN :clusters ORDER BY articles.sort_at, items.id"
).bindparams(bindparam("clusters", expanding=True))


def load_hits(
    connection: Connection, found: Sequence[Match], terms: Sequence[Term] = ()
) -> list[Hit]:
    """Load the articles of ``found`` in that order, with the words of ``terms`` highlighted."""
    if not found:
        return []
    rows = {
        row.id: row for row in connection.execute(_HITS, {"ids": [one.item_id for one in found]})
    }
    copies = _cluster_sources(
        connection, {row.cluster_id for row in rows.values() if row.cluster_id}
    )
    marker = Highlighter(terms)
    return [
        _hit(rows[one.item_id], one.score, marker, copies) for one in found if one.item_id in rows
    ]


def _cluster_sources(
    connection: Connection, clusters: set[int]
) -> dict[int, list[tuple[int, str]]]:
    """Return (item, source) of the articles of each cluster."""
    found: dict[int, list[tuple[int, str]]] = {}
    if clusters:
        for cluster, item_id, source in connection.execute(
            _CLUSTER_SOURCES, {"clusters": sorted(clusters)}
        ):
            found.setdefault(cluster, []).append((item_id, source))
    return found


def _hit(
    row: Any, score: float, marker: Highlighter, copies: dict[int, list[tuple[int, str]]]
) -> Hit:
    snippet, marks = marker.snippet(row.text, row.language)
    others = copies.get(row.cluster_id, ())
    return Hit(
        id=row.id,
        source=row.name,
        headline=row.headline,
        url=row.url,
        published=StatedTimestamp.published_from_row(row),
        sort_at=row.sort_at,
        byline=tuple(row.byline or ()),
        language=row.language,
        snippet=snippet,
        marks=marks,
        text=row.text,
        standfirst=row.standfirst,
        section=row.section,
        kind=row.kind,
        number=row.number,
        access=row.access,
        doubtful=bool(row.doubtful),
        word_count=row.word_count,
        revision=row.revision,
        headline_marks=marker.marks(row.headline, row.language),
        score=score,
        leading=row.cluster_id,
        copies=tuple(name for other, name in others if other != row.id),
    )
