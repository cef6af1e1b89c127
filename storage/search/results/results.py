"""What a search gives a Python program: articles one after the other, counts, tables."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any

from storage.errors import ArchiveError
from storage.search.query import literals
from storage.search.results import cursors, hits, keywords
from storage.search.results import facets as counts
from storage.search.results.executor import Asked, Filter, Found
from storage.search.results.facets import MOST
from storage.search.results.timeouts import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from storage.search.results.executor import Sort
    from storage.search.results.facets import Counts, Facet, Period
    from storage.search.results.hits import Hit

_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class HitPage:
    """Some hits, and the cursor of the next ones; ``None`` where there are no more."""

    hits: tuple[Hit, ...]
    cursor: str | None


class Answer:
    """The articles that a query finds; iterate over it, count it, or make a table of it.

    Nothing is kept open between two pages, and what a crawl writes meanwhile neither repeats an
    article nor hides one.
    """

    def __init__(
        self, engine: Engine, query: str, where: Filter, *, sort: Sort = "best",
        limit: int | None = None, duplicates: bool = False, now: datetime | None = None,
    ) -> None:  # fmt: skip
        """Understand the query.

        Raises:
            BadQuery: it cannot be understood.
            UnknownSource: ``where`` names a source that is not followed.
        """
        self._engine = engine
        self.query = query
        self._where = where
        self._sort: Sort = sort
        self._limit = limit
        self._duplicates = duplicates
        self._now = now or datetime.now(UTC)
        with bounded(engine) as connection:
            self._understood = Asked(connection, self.query, self._where, self._now)

    def _asked(self, connection: Any) -> Asked:
        return self._understood.on(connection)

    def __iter__(self) -> Iterator[Hit]:
        """The hits in their order, read a page at a time."""
        return islice(self._every(), self._limit)

    def _every(self) -> Iterator[Hit]:
        cursor: str | None = None
        size = min(_TOGETHER, self._limit or _TOGETHER)
        while True:
            page = self.page(size, cursor)
            yield from page.hits
            cursor = page.cursor
            if cursor is None:
                return

    def page(self, limit: int = 20, cursor: str | None = None) -> HitPage:
        """The next ``limit`` hits after ``cursor``.

        Raises:
            BadCursor: the cursor is not one of this query in this order.
            QueryTooSlow: it took too long.
        """
        after = None if cursor is None else cursors.read(cursor)
        with bounded(self._engine) as connection:
            asked = self._asked(connection)
            page = asked.page(self._sort, limit, after, duplicates=self._duplicates)
            found = hits.load(connection, page.found, asked.terms)
        following = None if page.after is None else cursors.write(page.after)
        return HitPage(tuple(found), following)

    def total(self, most: int | None = None) -> int:
        """How many articles match, each of several duplicates counted; at most ``most``."""
        with bounded(self._engine) as connection:
            return self._asked(connection).total(most)

    def over_time(self, period: Period = "day") -> list[tuple[date, int]]:
        """(first day, articles) for each day, month or year with any, in the order of time."""
        with bounded(self._engine) as connection:
            return counts.over_time(self._asked(connection), period)

    def undated(self) -> int:
        """How many articles match that have no date; :meth:`over_time` counts the others."""
        with bounded(self._engine) as connection:
            return counts.undated(self._asked(connection))

    def counts(self, *facets: Facet, limit: int = 20, most: int = MOST) -> list[Counts]:
        """The most frequent values of each facet among the newest ``most`` articles found.

        Facets are those of :data:`storage.search.results.facets.FACETS`.
        """
        with bounded(self._engine) as connection:
            return counts.by(self._asked(connection), facets, limit, most)

    def telling_words(self, limit: int = 25) -> list[tuple[str, int]]:
        """(word, articles) that stand out in the newest articles found."""
        with bounded(self._engine) as connection:
            return keywords.words(self._asked(connection), limit)

    def to_dataframe(self) -> Any:
        """A pandas data frame, an article a row.

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


def moment(value: datetime | date | str | None, now: datetime, *, end: bool = False) -> (
    datetime | None
):  # fmt: skip
    """The moment that a program means: a moment, a day, or ``2021-09``; ``end``: the end of it.

    Raises:
        BadQuery: a text that is no day.
        ValueError: a moment without a zone.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = literals.day(value, 0, now, end=end)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"naive moment {value!r}: give its zone")
        return value
    if end:
        value = date.fromordinal(min(value.toordinal() + 1, date.max.toordinal()))
    return datetime.combine(value, time.min, UTC)


def similar(engine: Engine, item_id: int, limit: int = 10) -> list[Hit]:
    """The articles most like another; see :mod:`storage.search.results.more_like_this`."""
    from storage.search.results.more_like_this import similar as like

    with bounded(engine) as connection:
        return hits.load(connection, like(connection, item_id, limit))


def by_ids(engine: Engine, ids: Sequence[int]) -> list[Hit]:
    """Articles as hits, in the order of ``ids``; those that are none are left out."""
    with bounded(engine) as connection:
        return hits.load(connection, [Found(0, one, None) for one in ids])
