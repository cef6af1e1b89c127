"""Search results for Python programs: hits one after the other, counts, tables.

One search goes one way: compile (:mod:`compiled_search`), execute (:mod:`executor`, a page of
matches), present (:mod:`hits`, what a list shows of them).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any

from storage.errors import ArchiveError
from storage.search.query import literals
from storage.search.results import cursors, facets, hits, keywords
from storage.search.results.compiled_search import compile_search
from storage.search.results.executor import SearchExecution
from storage.search.results.facets import MAX_COUNTED
from storage.search.results.matches import Match
from storage.search.results.timeouts import time_limited

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from storage.search.results.compiled_search import Filter
    from storage.search.results.executor import Sort
    from storage.search.results.facets import Facet, FacetCounts, Period
    from storage.search.results.hits import Hit

_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class HitPage:
    """One page of hits, and the cursor of the next page; ``None`` on the last one."""

    hits: tuple[Hit, ...]
    cursor: str | None


class SearchResults:
    """The articles that a query finds: iterate over them, count them, or make a table of them.

    No connection stays open between two pages. What a crawl writes meanwhile neither repeats an
    article nor hides one.
    """

    def __init__(
        self,
        engine: Engine,
        query: str,
        where: Filter,
        *,
        sort: Sort = "best",
        limit: int | None = None,
        duplicates: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Compile the search.

        Raises:
            BadQuery: the query cannot be parsed.
            UnknownSource: ``where`` names a source that is not followed.
        """
        self._engine = engine
        self.query = query
        self._sort: Sort = sort
        self._limit = limit
        self._duplicates = duplicates
        with time_limited(engine) as connection:
            self._search = compile_search(connection, query, where, now or datetime.now(UTC))

    @contextmanager
    def _execution(self) -> Iterator[SearchExecution]:
        """Run the compiled search over a connection of its own, within the time limit."""
        with time_limited(self._engine) as connection:
            yield SearchExecution(connection, self._search)

    def __iter__(self) -> Iterator[Hit]:
        """Yield the hits in their order, read page by page."""
        return islice(self._all_hits(), self._limit)

    def _all_hits(self) -> Iterator[Hit]:
        cursor: str | None = None
        size = min(_PAGE_SIZE, self._limit or _PAGE_SIZE)
        while True:
            page = self.page(size, cursor)
            yield from page.hits
            cursor = page.cursor
            if cursor is None:
                return

    def page(self, limit: int = 20, cursor: str | None = None) -> HitPage:
        """Return the next ``limit`` hits after ``cursor``.

        Raises:
            BadCursor: the cursor belongs to another query or another order.
            QueryTooSlow: the search took longer than the time limit.
        """
        after = None if cursor is None else cursors.decode(cursor)
        with self._execution() as execution:
            page = execution.page(self._sort, limit, after, duplicates=self._duplicates)
            found = hits.load_hits(execution.connection, page.matches, execution.terms)
        following = None if page.after is None else cursors.encode(page.after)
        return HitPage(tuple(found), following)

    def total(self, most: int | None = None) -> int:
        """Count the matching articles, each duplicate included; stop counting at ``most``."""
        with self._execution() as execution:
            return execution.total(most)

    def over_time(self, period: Period = "day") -> list[tuple[date, int]]:
        """Count per day, month or year: (first day, articles), in the order of time."""
        with self._execution() as execution:
            return facets.counts_over_time(execution, period)

    def undated(self) -> int:
        """Count the matching articles without a date, which :meth:`over_time` leaves out."""
        with self._execution() as execution:
            return facets.count_undated(execution)

    def facets(self, *names: Facet, limit: int = 20, most: int = MAX_COUNTED) -> list[FacetCounts]:
        """Return the most frequent values of each facet among the newest ``most`` matches.

        Facets are those of :data:`storage.search.results.facets.FACETS`.
        """
        with self._execution() as execution:
            return facets.facet_counts(execution, names, limit, most)

    def distinctive_terms(self, limit: int = 25) -> list[tuple[str, int]]:
        """Return (word, articles) that stand out in the newest matches."""
        with self._execution() as execution:
            return keywords.distinctive_terms(execution, limit)

    def to_dataframe(self) -> Any:
        """Return a pandas data frame with one row per article.

        Raises:
            ArchiveError: pandas is not installed.
        """
        try:
            import pandas as pd  # type: ignore[import-untyped,unused-ignore]
        except ModuleNotFoundError as error:
            raise ArchiveError(
                "pandas is not installed", "run `pip install 'dateline[pandas]'`"
            ) from error
        names = [
            one.name for one in fields(hits.Hit) if one.name not in ("marks", "headline_marks")
        ]
        rows = [
            {name: getattr(hit, name) for name in names}
            | {"published": None if hit.published is None else hit.published.at.astimezone(UTC)}
            for hit in self
        ]
        frame = pd.DataFrame(rows, columns=names)
        for name in ("published", "sort_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        return frame.set_index("id")


def to_datetime(
    value: datetime | date | str | None, now: datetime, *, end: bool = False
) -> datetime | None:
    """Convert a timestamp, a day or a text such as ``2021-09``; with ``end``, to the end of it.

    Raises:
        BadQuery: the text is not a day, a month or a year.
        ValueError: the timestamp has no time zone.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = literals.parse_day(value, 0, now, end=end)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"timestamp {value!r} has no time zone: add one")
        return value
    if end:
        value = date.fromordinal(min(value.toordinal() + 1, date.max.toordinal()))
    return datetime.combine(value, time.min, UTC)


def more_like_this(engine: Engine, item_id: int, limit: int = 10) -> list[Hit]:
    """Return the articles most similar to another, as hits; see :mod:`more_like_this`."""
    from storage.search.results.more_like_this import more_like_this as find

    with time_limited(engine) as connection:
        return hits.load_hits(connection, find(connection, item_id, limit))


def by_ids(engine: Engine, ids: Sequence[int]) -> list[Hit]:
    """Return articles as hits, in the order of ``ids``; unknown ids are left out."""
    with time_limited(engine) as connection:
        return hits.load_hits(connection, [Match(0, one, None) for one in ids])
