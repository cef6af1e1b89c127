"""Answering: which articles a query finds, in which order, a page at a time, duplicates folded.

Newest first, the index gives the order by itself. For the best answers a bounded number of articles
is weighed: the newest that match, and the newest that match in their headlines. Where fewer match
that is all of them; where more do, the others follow behind, newest first.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import bindparam, text

from storage.database.engine import chunked
from storage.errors import BadCursor, unknown_source
from storage.search.index import store
from storage.search.query.ast import (
    And,
    FromSource,
    Match,
    Moments,
    Near,
    Or,
    both,
    has_near,
    wanted,
)
from storage.search.query.dialects import compile_query
from storage.search.query.lookups import languages
from storage.search.query.parser import parse
from storage.search.results import bm25
from storage.search.results.cursors import AfterBest, AfterKey, AfterScore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.search.query.ast import Expression
    from storage.search.query.compiled import Query
    from storage.search.results.bm25 import Term
    from storage.search.results.cursors import Cursor

Sort = Literal["best", "newest"]
# Articles that are weighed: the newest that match, and the newest that match in the headline.
WEIGHED = 300
# Fewer where words must be near one another: PostgreSQL reads the texts of all that have both.
_WEIGHED_NEAR = 100
# What arrived since the first page is weighed too.
_ARRIVED = 300
# More articles than these hold a word: how many exactly changes its weight little.
COUNTED = 10_000
# Rows beyond those wanted that are read at once: some will be duplicates.
_MORE = 6


@dataclass(frozen=True, slots=True)
class Filter:
    """What an answer is limited to beside its query. Moments are aware; ``until`` is exclusive."""

    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An article of an answer: its key and id, and its cluster of duplicates."""

    key: int
    item_id: int
    cluster: int | None
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """Some of an answer, in its order, and where it goes on; ``None`` where it does not."""

    found: tuple[Found, ...]
    after: Cursor | None


class Asked:
    """A query with its limits, compiled for one connection."""

    def __init__(self, connection: Connection, query: str, where: Filter, now: datetime) -> None:
        """Understand and compile a query.

        Raises:
            BadQuery: it cannot be understood.
            UnknownSource: ``where`` names a source that is not followed.
        """
        self.connection = connection
        if where.source is not None:
            require_source(connection, where.source)
        limits = None
        if where.since is not None or where.until is not None:
            limits = Moments(where.since, where.until)
        source = None if where.source is None else FromSource(where.source)
        self.expression = both(parse(query, now), source, limits)
        self.query: Query = compile_query(connection, self.expression)
        self.terms = bm25.terms_of(self.expression, languages(connection))

    def on(self, connection: Connection) -> Asked:
        """The same, understood once, asked over another connection."""
        other = copy(self)
        other.connection = connection
        return other

    def total(self, most: int | None = None) -> int:
        """How many articles match, duplicates counted each; at most ``most`` are counted."""
        return self.query.count(self.connection, most)

    def page(
        self, sort: Sort, limit: int, after: Cursor | None = None, *, duplicates: bool = False
    ) -> Page:
        """The next ``limit`` articles; all ``duplicates``, or one of each cluster.

        Raises:
            BadCursor: ``after`` is of another order or another query.
        """
        if sort == "newest" or not self.terms:
            if after is None or isinstance(after, AfterKey):
                return self._newest(limit, after, duplicates=duplicates)
        elif not isinstance(after, AfterKey):
            return self._best(limit, after, duplicates=duplicates)
        raise BadCursor("the cursor is of another order", "begin again without it")

    def _newest(self, limit: int, after: AfterKey | None, *, duplicates: bool) -> Page:
        below = None if after is None else after.key
        found = list(self._descending(limit + 1, below, frozenset(), duplicates=duplicates))
        more = len(found) > limit
        shown = found[:limit]
        return Page(
            tuple(one for _, one in shown), AfterKey(shown[-1][0]) if more and shown else None
        )

    def _descending(
        self, count: int, below: int | None, weighed: frozenset[int], *, duplicates: bool
    ) -> Iterator[tuple[int, Found]]:
        """(the key of its place, article) newest first below a key, without those ``weighed``."""
        given = 0
        while given < count:
            size = count - given + _MORE
            keys = self.query.keys(self.connection, size, below=below)
            rows = [one for one in _rows(self.connection, keys) if one.key not in weighed]
            shown = rows if duplicates else self._folded(rows, weighed)
            for place, one in zip(rows, shown, strict=True):
                if one is not None:
                    given += 1
                    yield place.key, one
                    if given == count:
                        return
            if len(keys) < size:
                return
            below = keys[-1]

    def _folded(self, rows: Sequence[Found], weighed: frozenset[int]) -> list[Found | None]:
        """What is shown in the place of each row: ``None`` where a newer one stands for it.

        The newest of a cluster's articles that match has the place, the leading one is shown there.
        """
        clusters = {one.cluster for one in rows if one.cluster is not None}
        if not clusters:
            return list(rows)
        members = _members(self.connection, clusters)
        keys = [one.key for one in members]
        matching = set(self.query.keys(self.connection, len(keys), among=keys))
        best: dict[int, list[Found]] = {}
        for one in members:
            if one.key in matching and one.cluster is not None:
                best.setdefault(one.cluster, []).append(one)
        shown: list[Found | None] = []
        for row in rows:
            if row.cluster is None:
                shown.append(row)
                continue
            group = best.get(row.cluster, [row])
            first = max(one.key for one in group)
            if row.key != first or any(one.key in weighed for one in group):
                shown.append(None)
            else:
                shown.append(_leading(group) or row)
        return shown

    def _best(self, limit: int, after: AfterScore | AfterBest | None, *, duplicates: bool) -> Page:
        keys, floor, title_floor = self._weighed(after)
        if isinstance(after, AfterBest):
            return self._rest(limit, after, frozenset(keys), duplicates=duplicates)
        weights = self._weights() if after is None else after.weights
        if len(weights) != len(self.terms):
            raise BadCursor("the cursor is of another query", "begin again without it")
        ordered = weighed(self.connection, keys, self.terms, weights, duplicates=duplicates)
        if after is not None:
            behind = (-after.score, -after.key)
            ordered = [one for one in ordered if (-one.score, -one.key) > behind]
        found = ordered[:limit]
        if len(ordered) > limit:
            last = found[-1]
            cursor: Cursor = AfterScore(floor, title_floor, tuple(weights), last.score, last.key)
            return Page(tuple(self._led(found, duplicates=duplicates)), cursor)
        shown = self._led(found, duplicates=duplicates)
        if floor < 0:
            return Page(tuple(shown), None)
        rest = self._rest(limit - len(found), AfterBest(floor, title_floor, floor),
                          frozenset(keys), duplicates=duplicates)  # fmt: skip
        return Page((*shown, *rest.found), rest.after)

    def _rest(
        self, limit: int, after: AfterBest, weighed: frozenset[int], *, duplicates: bool
    ) -> Page:
        found = list(self._descending(limit + 1, after.key, weighed, duplicates=duplicates))
        shown = found[:limit]
        if len(found) <= limit:
            return Page(tuple(one for _, one in shown), None)
        key = shown[-1][0] if shown else after.key
        return Page(tuple(one for _, one in shown), replace(after, key=key))

    def _weighed(self, after: AfterScore | AfterBest | None) -> tuple[list[int], int, int]:
        """(the keys to weigh, the lowest of the newest, the lowest of those by headline).

        The first floor is below 0 where everything that matches is weighed.
        """
        most = _WEIGHED_NEAR if has_near(self.expression) else WEIGHED
        if after is None:
            recent = self.query.keys(self.connection, most)
            floor = recent[-1] if len(recent) == most else -1
        else:
            floor = after.floor
            recent = self.query.keys(self.connection, WEIGHED + _ARRIVED, at_least=max(floor, 0))
        if floor < 0:
            return recent, -1, -1
        titled = compile_query(self.connection, in_headline(self.expression))
        if after is None:
            found = titled.keys(self.connection, most)
            title_floor = found[-1] if len(found) == most else 0
        else:
            title_floor = after.title_floor
            found = titled.keys(self.connection, WEIGHED + _ARRIVED, at_least=title_floor)
        return list(dict.fromkeys([*recent, *found])), floor, title_floor

    def _weights(self) -> list[float]:
        """How much each term tells; one alone is as good as any."""
        if len(self.terms) == 1:
            return [1.0]
        total = articles_about(self.connection)
        return [
            round(bm25.idf(compile_query(self.connection, term.match)
                              .about(self.connection, COUNTED), total), 6)
            for term in self.terms
        ]  # fmt: skip

    def _led(self, found: Sequence[Found], *, duplicates: bool) -> list[Found]:
        """``found`` with the leading article of each cluster in place of another that matches."""
        others = {
            one.cluster for one in found if one.cluster is not None and one.cluster != one.item_id
        }
        if duplicates or not others:
            return list(found)
        leading = {
            one.cluster: one
            for one in _members(self.connection, others)
            if one.item_id == one.cluster
        }
        keys = [one.key for one in leading.values()]
        matching = set(self.query.keys(self.connection, len(keys), among=keys))
        return [
            one
            if one.cluster is None
            or (led := leading.get(one.cluster)) is None
            or led.key not in matching
            else replace(led, score=one.score)
            for one in found
        ]  # fmt: skip


_BY_CLUSTER = text(
    "SELECT search_key, item_id, cluster_id FROM articles"
    " WHERE cluster_id IN :clusters AND search_key IS NOT NULL"
).bindparams(bindparam("clusters", expanding=True))


def _members(connection: Connection, clusters: set[int]) -> list[Found]:
    rows = connection.execute(_BY_CLUSTER, {"clusters": sorted(clusters)})
    return [Found(*row) for row in rows]


def _rows(connection: Connection, keys: Sequence[int]) -> list[Found]:
    """The articles under ``keys``, in their order."""
    rows: dict[int, Found] = {}
    # The index of what lists read: past an article's text its other columns are far away.
    by = " INDEXED BY ix_articles_listing" if connection.dialect.name == "sqlite" else ""
    start = f"SELECT search_key, item_id, cluster_id FROM articles{by} WHERE search_key IN"  # noqa: S608
    for some in chunked(sorted(keys)):
        for row in connection.exec_driver_sql(f"{start} ({store.numbers(some)})").all():
            rows[row[0]] = Found(*row)
    return [rows[key] for key in keys if key in rows]


def weighed(
    connection: Connection, keys: Sequence[int], terms: Sequence[Term], weights: Sequence[float],
    *, duplicates: bool = False,
) -> list[Found]:  # fmt: skip
    """The articles under ``keys``, best first; the best of each cluster, unless all are wanted."""
    stems = any(term.stems for term in terms)
    documents = store.documents(connection, keys, stems=stems, fields=False)
    score = bm25.Scorer(terms, weights).score
    scored = [
        Found(one.key, one.item_id, one.cluster, score(documents[one.key]))
        for one in _rows(connection, keys)
        if one.key in documents
    ]
    scored.sort(key=lambda one: (-one.score, -one.key))
    if duplicates:
        return scored
    first: dict[tuple[str, int], Found] = {}
    for one in scored:
        name = ("item", one.item_id) if one.cluster is None else ("cluster", one.cluster)
        first.setdefault(name, one)
    return list(first.values())


def _leading(group: Sequence[Found]) -> Found | None:
    return next((one for one in group if one.item_id == one.cluster), None)


def articles_about(connection: Connection) -> int:
    """About how many articles there are: the highest number of an item, without counting."""
    return int(connection.scalar(text("SELECT max(item_id) FROM articles")) or 0)


def in_headline(expression: Expression) -> Expression:
    """``expression`` with its words looked for in headlines only."""
    inside = set(map(id, wanted(expression)))

    def turned(node: Expression) -> Expression:
        match node:
            case And(parts):
                return And(tuple(turned(part) for part in parts))
            case Or(parts):
                return Or(tuple(turned(part) for part in parts))
            # A word sought in the text alone would not match in a headline.
            case Near(first, second, words) if first.field == second.field == "any":
                return Near(replace(first, field="title"), replace(second, field="title"), words)
            case Match(field="any") if id(node) in inside:
                return replace(node, field="title")
        return node

    return turned(expression)


def require_source(connection: Connection, name: str) -> None:
    """Raise :class:`UnknownSource` where no source is called ``name``."""
    names = list(connection.execute(text("SELECT name FROM sources ORDER BY name")).scalars())
    if name not in names:
        raise unknown_source(name, names)


def matching(
    connection: Connection, query: str, where: Filter, now: datetime
) -> tuple[str, dict[str, Any]]:
    """SQL of the keys that match and what to bind, for whoever reads further tables of them."""
    return Asked(connection, query, where, now).query.statement("{key}")
