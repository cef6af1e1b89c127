"""Counting what a query finds: by day, month or year, and by what articles say of themselves."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import bindparam, text

from storage.database.engine import chunked
from storage.search.index import keys, store
from storage.search.query.ast import InState, both
from storage.search.query.dialects import compile_query
from storage.text.normalize import primary_language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from storage.search.results.executor import Asked

Period = Literal["day", "month", "year"]
Facet = Literal["source", "section", "author", "language", "kind", "tag", "entry"]
PERIODS: tuple[Period, ...] = get_args(Period)
FACETS: tuple[Facet, ...] = get_args(Facet)
# The newest matches that facets are counted over; beyond that an answer says so.
MOST = 20_000
_TOGETHER = 500
# The value for a query and the label for a reader, of what is counted by its number.
_NAMES_OF = {
    "source": "SELECT id, name, coalesce(nullif(title, ''), name) FROM sources WHERE id IN :ids",
    "entry": "SELECT id, id, coalesce(title, url) FROM items WHERE id IN :ids",
}


@dataclass(frozen=True, slots=True)
class Count:
    """How many articles have a value: ``value`` for a query, ``label`` for a reader."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The most frequent values of a facet, over the ``counted`` newest matches."""

    facet: Facet
    values: tuple[Count, ...]
    counted: int
    # Whether those were all matches.
    complete: bool


def over_time(asked: Asked, period: Period) -> list[tuple[date, int]]:
    """(first day of the period, articles) in the order of time; periods without any are left out.

    Days are those of the publishers' calendars. All matches with a date are counted; the others
    are of no period (:func:`undated`).
    """
    day = f"CASE WHEN {keys.sql_dated('{key}')} THEN {keys.sql_day('{key}')} END"
    sql, bound = asked.query.statement(f"{day} AS number, count(*) AS found", tail="GROUP BY 1")
    rows = asked.connection.execute(text(sql), bound)
    days = Counter({date.fromordinal(day + 1): found for day, found in rows if day is not None})
    if period == "day":
        return sorted(days.items())
    months: Counter[date] = Counter()
    for one, found in days.items():
        first = one.replace(day=1) if period == "month" else one.replace(month=1, day=1)
        months[first] += found
    return sorted(months.items())


def undated(asked: Asked) -> int:
    """How many of the matches have no date."""
    without = both(asked.expression, InState("undated"))
    return compile_query(asked.connection, without).count(asked.connection)


def by(asked: Asked, facets: Sequence[Facet], limit: int = 20, most: int = MOST) -> list[Counts]:
    """The ``limit`` most frequent values of each facet among the newest ``most`` matches."""
    found = asked.query.keys(asked.connection, most + 1)
    complete = len(found) <= most
    found = found[:most]
    rows = list(_rows(asked.connection, found, wide="tag" in facets))
    counters: dict[Facet, Counter[Any]] = {facet: Counter() for facet in facets}
    for row in rows:
        for facet, counter in counters.items():
            counter.update(_values(row, facet))
    if "entry" in counters:
        ids = [row.item_id for row in rows]
        counters["entry"] = _entries(asked.connection, ids)
    return [
        Counts(facet, _named(asked.connection, facet, counters[facet], limit), len(found), complete)
        for facet in facets
    ]


_ROWS = (
    "SELECT articles.search_key, articles.item_id, items.source_id, articles.language,"
    " articles.section, articles.kind, articles.byline{more} FROM articles{by}"
    " JOIN items ON items.id = articles.item_id WHERE articles.search_key IN ({keys})"
)


def _rows(connection: Connection, found: Sequence[int], *, wide: bool) -> Iterator[Any]:
    """What is counted of the articles under ``found``."""
    sqlite = connection.dialect.name == "sqlite"
    by = " INDEXED BY ix_articles_listing" if sqlite and not wide else ""
    more = ", articles.tags" if wide else ""
    for some in chunked(sorted(found), 2_000):
        sql = _ROWS.format(by=by, more=more, keys=store.numbers(some))
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


def _entries(connection: Connection, ids: Sequence[int]) -> Counter[Any]:
    query = text(
        "SELECT entry_id, count(DISTINCT item_id) FROM mentions"
        " WHERE item_id IN :ids AND entry_id IS NOT NULL GROUP BY entry_id"
    ).bindparams(bindparam("ids", expanding=True))
    found: Counter[Any] = Counter()
    for at in range(0, len(ids), _TOGETHER):
        for entry_id, count in connection.execute(query, {"ids": ids[at : at + _TOGETHER]}):
            found[entry_id] += count
    return found


def _named(
    connection: Connection, facet: Facet, counter: Counter[Any], limit: int
) -> tuple[Count, ...]:
    # The most frequent first, then by value: the same on every database.
    top = sorted(counter.items(), key=lambda one: (-one[1], str(one[0])))[:limit]
    if facet not in ("source", "entry"):
        return tuple(Count(str(value), str(value), count) for value, count in top)
    query = text(_NAMES_OF[facet]).bindparams(bindparam("ids", expanding=True))
    rows = connection.execute(query, {"ids": [i for i, _ in top]})
    named = {i: (str(value), label) for i, value, label in rows}
    return tuple(Count(*named.get(i, (str(i), str(i))), count) for i, count in top)
