"""Reads and ranks matches: the articles behind search keys, with their clusters and scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, text

from storage.database.engine import chunked
from storage.search.index import store
from storage.search.results import bm25

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.search.results.bm25 import Term

# The exact count of a term in more articles than these changes its weight little.
MAX_TERM_COUNT = 10_000

_CLUSTER_MEMBERS = text(
    "SELECT search_key, item_id, cluster_id FROM articles"
    " WHERE cluster_id IN :clusters AND search_key IS NOT NULL"
).bindparams(bindparam("clusters", expanding=True))


@dataclass(frozen=True, slots=True)
class Match:
    """An article that matches: its search key, its item, and its cluster of duplicates."""

    key: int
    item_id: int
    cluster: int | None
    score: float = 0.0


def matches_of_keys(connection: Connection, keys: Sequence[int]) -> list[Match]:
    """Read the articles with these search keys, in the order of ``keys``."""
    rows: dict[int, Match] = {}
    # The covering index of lists: the other columns of an article lie behind its text.
    by = " INDEXED BY ix_articles_listing" if connection.dialect.name == "sqlite" else ""
    start = f"SELECT search_key, item_id, cluster_id FROM articles{by} WHERE search_key IN"  # noqa: S608
    for some in chunked(sorted(keys)):
        for row in connection.exec_driver_sql(f"{start} ({store.integer_list(some)})").all():
            rows[row[0]] = Match(*row)
    return [rows[key] for key in keys if key in rows]


def cluster_members(connection: Connection, clusters: set[int]) -> list[Match]:
    """Read all indexed articles of these clusters of duplicates."""
    rows = connection.execute(_CLUSTER_MEMBERS, {"clusters": sorted(clusters)})
    return [Match(*row) for row in rows]


def leading_match(group: Sequence[Match]) -> Match | None:
    """Return the leading article of a cluster, where it is in ``group``."""
    return next((one for one in group if one.item_id == one.cluster), None)


def rank_by_score(
    connection: Connection,
    keys: Sequence[int],
    terms: Sequence[Term],
    weights: Sequence[float],
    *,
    duplicates: bool = False,
) -> list[Match]:
    """Score the articles with these keys, best first; only the best of each cluster by default."""
    stems = any(term.stems for term in terms)
    documents = store.read_documents(connection, keys, stems=stems, fields=False)
    score = bm25.Scorer(terms, weights).score
    scored = [
        Match(one.key, one.item_id, one.cluster, score(documents[one.key]))
        for one in matches_of_keys(connection, keys)
        if one.key in documents
    ]
    scored.sort(key=lambda one: (-one.score, -one.key))
    if duplicates:
        return scored
    first: dict[tuple[str, int], Match] = {}
    for one in scored:
        name = ("item", one.item_id) if one.cluster is None else ("cluster", one.cluster)
        first.setdefault(name, one)
    return list(first.values())


def estimated_article_count(connection: Connection) -> int:
    """Estimate the number of articles by the highest item number, without counting."""
    return int(connection.scalar(text("SELECT max(item_id) FROM articles")) or 0)
