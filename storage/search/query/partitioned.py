"""A compiled query of PostgreSQL, whose index is asked slice by slice, the newest first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from storage.search.index.partitions import within
from storage.search.query.compiled import Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from storage.search.index.partitions import Slice

# Slices that a common word is counted in, and how many matches there are enough to tell by.
_SAMPLED = 4
_ENOUGH = 400


@dataclass
class Sliced(Query):
    """A query whose first condition the index answers."""

    # What is left to look at of the other conditions where that holds: those on the key alone,
    # which PostgreSQL joins with all that the index finds, and those on the rows, whose texts must
    # be unpacked.
    of_keys: list[str] = field(default_factory=list)
    of_rows: list[str] = field(default_factory=list)
    # The spans of keys that have an index each, newest first.
    slices: Sequence[Slice] = ()
    # About how many articles each holds, by its first key.
    sizes: Mapping[int, float] = field(default_factory=dict)

    def statement(
        self, columns: str, *, at_least: int | None = None, below: int | None = None,
        among: Sequence[int] | None = None, tail: str = "",
    ) -> tuple[str, dict[str, Any]]:  # fmt: skip
        """As :meth:`Query.statement`, over all slices together."""
        if among is not None:
            return super().statement(
                columns, at_least=at_least, below=below, among=among, tail=tail
            )
        sql, bound = self._joined(self._within(at_least, below), at_least, below, self.of_rows)
        sql = f"SELECT {columns} FROM ({sql}) AS found WHERE {self._asked_of_keys} {tail}"  # noqa: S608
        return sql.replace("{key}", "found.key"), bound

    def about(self, connection: Connection, most: int) -> int:
        """As :meth:`Query.about`: what is common is counted in a few slices, from all times.

        To count up to ``most`` matches of a word takes longer than the rest of an answer; a
        twentieth more or less changes its weight by a hundredth.
        """
        held = self._within(None, None)
        some = held[:: -(-len(held) // _SAMPLED)] if held else []
        whole, part = (sum(self.sizes.get(start, 0) for start, _ in of) for of in (held, some))
        if 0 < part < whole:
            # More than so many in the sample are more than ``most`` in all.
            enough = math.ceil(most * part / whole)
            found = replace(self, slices=some).count(connection, enough)
            if found >= min(_ENOUGH, enough):
                return min(most, round(found * whole / part))
        return self.count(connection, most)

    @property
    def _asked_of_keys(self) -> str:
        return " AND ".join(self.of_keys) or "true"

    def _newest(
        self, connection: Connection, limit: int, at_least: int | None, below: int | None,
        among: Sequence[int] | None,
    ) -> list[int]:  # fmt: skip
        if among is not None:
            return super()._newest(connection, limit, at_least, below, among)
        found: list[int] = []
        for some in _growing(self._within(at_least, below)):
            sql, bound = self._newest_of(some, at_least, below)
            rows = connection.execute(text(sql), {**bound, "most": limit - len(found)})
            found += [key for (key,) in rows.all()]
            if len(found) >= limit:
                break
        return found

    def _newest_of(
        self, some: Sequence[Slice], at_least: int | None, below: int | None
    ) -> tuple[str, dict[str, Any]]:
        """SQL that has PostgreSQL ask its index first, and the texts newest first after that.

        By itself it would rather read the newest rows one by one until enough of them match, or
        read the texts of all that match.
        """
        sql, bound = self._joined(some, at_least, below)
        found = f"WITH found AS MATERIALIZED ({sql}) SELECT found.key FROM "  # noqa: S608
        newest = " ORDER BY found.key DESC LIMIT :most"
        if not self.of_rows:
            sql = f"{found}found WHERE {self._asked_of_keys}{newest}"
        else:
            looked_at = f"SELECT 1 FROM {self.table} WHERE {self.key} = found.key"  # noqa: S608
            looked_at = " AND ".join([looked_at, *self.of_rows])
            inner = f"SELECT found.key FROM found WHERE {self._asked_of_keys}"  # noqa: S608
            inner += " ORDER BY found.key DESC"
            sql = f"{found}({inner}) AS found, LATERAL ({looked_at} OFFSET 0) AS held{newest}"
        return sql.replace("{key}", "found.key"), bound

    def _joined(
        self, some: Sequence[Slice], at_least: int | None, below: int | None,
        further: Sequence[str] = (),
    ) -> tuple[str, dict[str, Any]]:  # fmt: skip
        """SQL of the keys of some slices that the index and ``further`` conditions find."""
        conditions = [self.conditions[0], *further]
        whole = Query(self.table, self.key, conditions, self.bound, self.low, self.high)
        sql, bound = whole.statement("{key} AS key", at_least=at_least, below=below)
        parts = [f"{sql} AND {within(one)}" for one in some]
        return " UNION ALL ".join(parts) or f"{sql} AND false", bound

    def _within(self, at_least: int | None, below: int | None) -> list[Slice]:
        """The slices that may hold what is looked for, newest first."""
        low, high = self._range(at_least, below)
        return [
            (start, end)
            for start, end in self.slices
            if (high is None or start < high) and (low is None or end is None or end > low)
        ]


def _growing(slices: Sequence[Slice]) -> Iterator[Sequence[Slice]]:
    """One slice, two, four: what is common is found in the first, what is rare in few questions."""
    at, count = 0, 1
    while at < len(slices):
        yield slices[at : at + count]
        at, count = at + count, count * 2
