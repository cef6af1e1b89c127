"""Facets: counts of the matches by day, month or year, and by the values of fields."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import bindparam, text

from storage.database.engine import chunked
from storage.search.index import keys, store
from storage.search.query.ast import HasState, all_of
from storage.search.query.dialects import compile_query
from storage.text.normalize import primary_language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from storage.search.results.executor import SearchExecution

Period = Literal["day", "month", "year"]
Facet = Literal["source", "section", "author", "language", "kind", "tag", "entry"]
PERIODS: tuple[Period, ...] = get_args(Period)
FACETS: tuple[Facet, ...] = get_args(Facet)
# Facets count the newest matches up to this number; ``complete`` says whether more match.
MAX_COUNTED = 20_000
_BATCH_SIZE = 500
# Value for a query and label for display, of facets that are counted by number.
_LABEL_QUERIES = {
    "source": "SELECT id, name, coalesce(nullif(title, ''), name) FROM sources WHERE id IN :ids",
    "entry": "SELECT id, id, coalesce(title, url) FROM items WHERE id IN :ids",
}


@dataclass(frozen=True, slots=True)
class FacetValue:
    """The number of articles with a value; ``value`` is for a query, ``label`` for display."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The most frequent values of a facet, over the ``counted`` newest matches."""

    facet: Facet
    values: tuple[FacetValue, ...]
    counted: int
    # Whether the counted matches are all matches.
    complete: bool


def counts_over_time(execution: SearchExecution, period: Period) -> list[tuple[date, int]]:
    """Return (first day of the period, articles) in the order of time; empty periods are left out.

    Days are those of the publishers' calendars. Every match with a date is counted;
    :func:`count_undated` counts the others.
    """
    day = f"CASE WHEN {keys.sql_dated('{key}')} THEN {keys.sql_day('{key}')} END"
    sql, bound = execution.query.statement(f"{day} AS number, count(*) AS found", tail="GROUP BY 1")
    rows = execution.connection.execute(text(sql), bound)
    days = Counter({date.fromordinal(day + 1): found for day, found in rows if day is not None})
    if period == "day":
        return sorted(days.items())
    months: Counter[date] = Counter()
    for one, found in days.items():
        first = one.replace(day=1) if period == "month" else one.replace(month=1, day=1)
        months[first] += found
    return sorted(months.items())


def count_undated(execution: SearchExecution) -> int:
    """Count the matches without a date."""
    without = all_of(execution.expression, HasState("undated"))
    return compile_query(execution.connection, without).count(execution.connection)


def facet_counts(
    execution: SearchExecution, facets: Sequence[Facet], limit: int = 20, most: int = MAX_COUNTED
) -> list[FacetCounts]:
    """Return the ``limit`` most frequent values of each facet among the newest ``most`` matches."""
    found = execution.query.keys(execution.connection, most + 1)
    complete = len(found) <= most
    found = found[:most]
    rows = list(_facet_rows(execution.connection, found, wide="tag" in facets))
    counters: dict[Facet, Counter[Any]] = {facet: Counter() for facet in facets}
    for row in rows:
        for facet, counter in counters.items():
            counter.update(_values(row, facet))
    if "entry" in counters:
        ids = [row.item_id for row in rows]
        counters["entry"] = _count_entries(execution.connection, ids)
    return [
        FacetCounts(
            facet,
            _labelled_values(execution.connection, facet, counters[facet], limit),
            len(found),
            complete,
        )
        for facet in facets
    ]


_FACET_COLUMNS = (
    "SELECT articles.search_key, articles.item_id, items.source_id, articles.language,"
    " articles.section, articles.kind, articles.byline{more} FROM articles{by}"
    " JOIN items ON items.id = articles.item_id WHERE articles.search_key IN ({keys})"
)


def _facet_rows(connection: Connection, found: Sequence[int], *, wide: bool) -> Iterator[Any]:
    """Read the facet columns of the articles with these keys."""
    sqlite = connection.dialect.name == "sqlite"
    by = " INDEXED BY ix_articles_listing" if sqlite and not wide else ""
    more = ", articles.tags" if wide else ""
    for some in chunked(sorted(found), 2_000):
        sql = _FACET_COLUMNS.format(by=by, more=more, keys=store.integer_list(some))
        yield from connection.exec_driver_sql(sql).all()


def _values(row: Any, facet: Facet) -> Sequence[Any]:
    match facet:
        case "source":
            return (row.source_id,)
        case "author" | "tag":
            held = row.byline if facet == "author" else row.tags
            return list(dict.fromkeys(json.loads(held) if isinstance(held, str) else held or ()))
        case "entry":
            return ()
        case _:
            value = getattr(row, facet)
            if value and facet == "language":
                # en, en-us and en_GB are one language; `lang:en` finds them all.
                value = primary_language(value)
            return () if value is None else (value,)


def _count_entries(connection: Connection, ids: Sequence[int]) -> Counter[Any]:
    query = text(
        "SELECT entry_id, count(DISTINCT item_id) FROM mentions"
        " WHERE item_id IN :ids AND entry_id IS NOT NULL GROUP BY entry_id"
    ).bindparams(bindparam("ids", expanding=True))
    found: Counter[Any] = Counter()
    for at in range(0, len(ids), _BATCH_SIZE):
        for entry_id, count in connection.execute(query, {"ids": ids[at : at + _BATCH_SIZE]}):
            found[entry_id] += count
    return found


def _labelled_values(
    connection: Connection, facet: Facet, counter: Counter[Any], limit: int
) -> tuple[FacetValue, ...]:
    # By frequency, then by value: the same order on every database.
    top = sorted(counter.items(), key=lambda one: (-one[1], str(one[0])))[:limit]
    if facet not in ("source", "entry"):
        return tuple(FacetValue(str(value), str(value), count) for value, count in top)
    query = text(_LABEL_QUERIES[facet]).bindparams(bindparam("ids", expanding=True))
    rows = connection.execute(query, {"ids": [i for i, _ in top]})
    named = {i: (str(value), label) for i, value, label in rows}
    return tuple(FacetValue(*named.get(i, (str(i), str(i))), count) for i, count in top)
