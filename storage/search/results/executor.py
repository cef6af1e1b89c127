"""Executes a compiled search: one page of matches at a time, in order, duplicates collapsed.

The index itself is in the order "newest first". For the order "best first" a bounded number of
articles is scored: the newest matches, and the newest matches in headlines. Where fewer articles
match, these are all of them; where more match, the unscored rest follows, newest first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from storage.errors import BadCursor
from storage.search.query.ast import has_near
from storage.search.query.dialects import compile_query
from storage.search.results import bm25
from storage.search.results.compiled_search import headline_only
from storage.search.results.cursors import AfterBest, AfterKey, AfterScore
from storage.search.results.matches import (
    MAX_TERM_COUNT,
    Match,
    cluster_members,
    estimated_article_count,
    leading_match,
    matches_of_keys,
    rank_by_score,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from storage.search.results.compiled_search import CompiledSearch
    from storage.search.results.cursors import Cursor

Sort = Literal["best", "newest"]
# Articles that are scored: the newest that match, and the newest that match in the headline.
MAX_SCORED = 300
# Fewer for NEAR: PostgreSQL reads the texts of all articles with both words.
_MAX_SCORED_NEAR = 100
# Articles that arrived since the first page are scored too.
_MAX_NEW_ARRIVALS = 300
# Rows read beyond the page size, because some will be duplicates.
_EXTRA_ROWS = 6


@dataclass(frozen=True, slots=True)
class MatchPage:
    """One page of matches in order, and the cursor of the next page; ``None`` on the last one."""

    matches: tuple[Match, ...]
    after: Cursor | None


class SearchExecution:
    """Runs a compiled search over one connection."""

    def __init__(self, connection: Connection, search: CompiledSearch) -> None:
        self.connection = connection
        self.expression = search.expression
        self.query = search.query
        self.terms = search.terms

    def total(self, most: int | None = None) -> int:
        """Count the matches, each duplicate included; stop counting at ``most``."""
        return self.query.count(self.connection, most)

    def page(
        self, sort: Sort, limit: int, after: Cursor | None = None, *, duplicates: bool = False
    ) -> MatchPage:
        """Return the next ``limit`` matches; with ``duplicates`` all, else one per cluster.

        Raises:
            BadCursor: ``after`` belongs to another order or another query.
        """
        if sort == "newest" or not self.terms:
            if after is None or isinstance(after, AfterKey):
                return self._newest_page(limit, after, duplicates=duplicates)
        elif not isinstance(after, AfterKey):
            return self._best_page(limit, after, duplicates=duplicates)
        raise BadCursor(
            "the cursor belongs to another sort order", "start the search again without a cursor"
        )

    def _newest_page(self, limit: int, after: AfterKey | None, *, duplicates: bool) -> MatchPage:
        below = None if after is None else after.key
        found = list(self._newest_first(limit + 1, below, frozenset(), duplicates=duplicates))
        more = len(found) > limit
        shown = found[:limit]
        return MatchPage(
            tuple(one for _, one in shown), AfterKey(shown[-1][0]) if more and shown else None
        )

    def _newest_first(
        self, count: int, below: int | None, scored: frozenset[int], *, duplicates: bool
    ) -> Iterator[tuple[int, Match]]:
        """Yield (key of the position, match) newest first below a key, except ``scored`` keys."""
        given = 0
        while given < count:
            size = count - given + _EXTRA_ROWS
            keys = self.query.keys(self.connection, size, below=below)
            rows = [one for one in matches_of_keys(self.connection, keys) if one.key not in scored]
            shown = rows if duplicates else self._collapsed(rows, scored)
            for position, one in zip(rows, shown, strict=True):
                if one is not None:
                    given += 1
                    yield position.key, one
                    if given == count:
                        return
            if len(keys) < size:
                return
            below = keys[-1]

    def _collapsed(self, rows: Sequence[Match], scored: frozenset[int]) -> list[Match | None]:
        """Return what to show for each row; ``None`` where a newer duplicate is shown instead.

        The newest match of a cluster holds the position; the leading article is shown there.
        """
        clusters = {one.cluster for one in rows if one.cluster is not None}
        if not clusters:
            return list(rows)
        members = cluster_members(self.connection, clusters)
        keys = [one.key for one in members]
        matching = set(self.query.keys(self.connection, len(keys), among=keys))
        by_cluster: dict[int, list[Match]] = {}
        for one in members:
            if one.key in matching and one.cluster is not None:
                by_cluster.setdefault(one.cluster, []).append(one)
        shown: list[Match | None] = []
        for row in rows:
            if row.cluster is None:
                shown.append(row)
                continue
            group = by_cluster.get(row.cluster, [row])
            first = max(one.key for one in group)
            if row.key != first or any(one.key in scored for one in group):
                shown.append(None)
            else:
                shown.append(leading_match(group) or row)
        return shown

    def _best_page(
        self, limit: int, after: AfterScore | AfterBest | None, *, duplicates: bool
    ) -> MatchPage:
        keys, floor, title_floor = self._keys_to_score(after)
        if isinstance(after, AfterBest):
            return self._unscored_page(limit, after, frozenset(keys), duplicates=duplicates)
        weights = self._term_weights() if after is None else after.weights
        if len(weights) != len(self.terms):
            raise BadCursor(
                "the cursor belongs to another query", "start the search again without a cursor"
            )
        ordered = rank_by_score(self.connection, keys, self.terms, weights, duplicates=duplicates)
        if after is not None:
            behind = (-after.score, -after.key)
            ordered = [one for one in ordered if (-one.score, -one.key) > behind]
        found = ordered[:limit]
        shown = found if duplicates else self._with_leading_matches(found)
        if len(ordered) > limit:
            last = found[-1]
            cursor = AfterScore(floor, title_floor, tuple(weights), last.score, last.key)
            return MatchPage(tuple(shown), cursor)
        if floor < 0:
            return MatchPage(tuple(shown), None)
        rest = self._unscored_page(
            limit - len(found),
            AfterBest(floor, title_floor, floor),
            frozenset(keys),
            duplicates=duplicates,
        )
        return MatchPage((*shown, *rest.matches), rest.after)

    def _unscored_page(
        self, limit: int, after: AfterBest, scored: frozenset[int], *, duplicates: bool
    ) -> MatchPage:
        """Return matches that are too old to be scored, newest first."""
        found = list(self._newest_first(limit + 1, after.key, scored, duplicates=duplicates))
        shown = found[:limit]
        if len(found) <= limit:
            return MatchPage(tuple(one for _, one in shown), None)
        key = shown[-1][0] if shown else after.key
        return MatchPage(tuple(one for _, one in shown), replace(after, key=key))

    def _keys_to_score(self, after: AfterScore | AfterBest | None) -> tuple[list[int], int, int]:
        """Return (keys to score, lowest of the newest, lowest of the newest by headline).

        The first floor is below 0 where every match is scored.
        """
        most = _MAX_SCORED_NEAR if has_near(self.expression) else MAX_SCORED
        reach = MAX_SCORED + _MAX_NEW_ARRIVALS
        if after is None:
            recent = self.query.keys(self.connection, most)
            floor = recent[-1] if len(recent) == most else -1
        else:
            floor = after.floor
            recent = self.query.keys(self.connection, reach, at_least=max(floor, 0))
        if floor < 0:
            return recent, -1, -1
        titled = compile_query(self.connection, headline_only(self.expression))
        if after is None:
            found = titled.keys(self.connection, most)
            title_floor = found[-1] if len(found) == most else 0
        else:
            title_floor = after.title_floor
            found = titled.keys(self.connection, reach, at_least=title_floor)
        return list(dict.fromkeys([*recent, *found])), floor, title_floor

    def _term_weights(self) -> list[float]:
        """Return the inverse document frequency of each term; a single term needs none."""
        if len(self.terms) == 1:
            return [1.0]
        total = estimated_article_count(self.connection)
        counts = [
            compile_query(self.connection, term.phrase).estimate(self.connection, MAX_TERM_COUNT)
            for term in self.terms
        ]
        return [round(bm25.idf(count, total), 6) for count in counts]

    def _with_leading_matches(self, found: Sequence[Match]) -> list[Match]:
        """Replace each duplicate by the leading article of its cluster, where that matches too."""
        others = {
            one.cluster for one in found if one.cluster is not None and one.cluster != one.item_id
        }
        if not others:
            return list(found)
        leading = {
            one.cluster: one
            for one in cluster_members(self.connection, others)
            if one.item_id == one.cluster
        }
        keys = [one.key for one in leading.values()]
        matching = set(self.query.keys(self.connection, len(keys), among=keys))
        shown: list[Match] = []
        for one in found:
            leader = None if one.cluster is None else leading.get(one.cluster)
            if leader is not None and leader.key in matching:
                shown.append(replace(leader, score=one.score))
            else:
                shown.append(one)
        return shown
