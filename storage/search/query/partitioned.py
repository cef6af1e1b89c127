"""A compiled query of PostgreSQL that reads the partitions of the index, newest first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from storage.search.index.partitions import partition_condition
from storage.search.query.compiled import CompiledQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from storage.search.index.partitions import Partition

# Partitions of the sample for common words, and the matches that make the sample large enough.
_SAMPLED = 4
_ENOUGH = 400


@dataclass
class PartitionedQuery(CompiledQuery):
    """A query whose first condition the index answers."""

    # The remaining conditions where the first one holds: those on the key alone,
    # which PostgreSQL joins with all rows of the index, and those on rows, whose texts must
    # be unpacked.
    key_conditions: list[str] = field(default_factory=list)
    row_conditions: list[str] = field(default_factory=list)
    # The ranges of keys with an index each, newest first.
    partitions: Sequence[Partition] = ()
    # Estimated number of articles in each, by its first key.
    sizes: Mapping[int, float] = field(default_factory=dict)

    def statement(
        self,
        columns: str,
        *,
        at_least: int | None = None,
        below: int | None = None,
        among: Sequence[int] | None = None,
        tail: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Build SQL as :meth:`CompiledQuery.statement`, over all partitions together."""
        if among is not None:
            return super().statement(
                columns, at_least=at_least, below=below, among=among, tail=tail
            )
        sql, bound = self._joined(
            self._partitions_between(at_least, below), at_least, below, self.row_conditions
        )
        sql = f"SELECT {columns} FROM ({sql}) AS found WHERE {self._key_conditions} {tail}"  # noqa: S608
        return sql.replace("{key}", "found.key"), bound

    def estimate(self, connection: Connection, most: int) -> int:
        """Estimate as :meth:`CompiledQuery.estimate`: count common words in a sample of partitions.

        Counting up to ``most`` matches of a word takes longer than the rest of a search; an error
        of a twentieth changes the weight of the word by a hundredth.
        """
        held = self._partitions_between(None, None)
        some = held[:: -(-len(held) // _SAMPLED)] if held else []
        whole, part = (sum(self.sizes.get(start, 0) for start, _ in of) for of in (held, some))
        if 0 < part < whole:
            # More matches than these in the sample mean more than ``most`` in total.
            enough = math.ceil(most * part / whole)
            found = replace(self, partitions=some).count(connection, enough)
            if found >= min(_ENOUGH, enough):
                return min(most, round(found * whole / part))
        return self.count(connection, most)

    @property
    def _key_conditions(self) -> str:
        return " AND ".join(self.key_conditions) or "true"

    def _newest(
        self,
        connection: Connection,
        limit: int,
        at_least: int | None,
        below: int | None,
        among: Sequence[int] | None,
    ) -> list[int]:
        if among is not None:
            return super()._newest(connection, limit, at_least, below, among)
        found: list[int] = []
        for some in _growing(self._partitions_between(at_least, below)):
            sql, bound = self._newest_sql(some, at_least, below)
            rows = connection.execute(text(sql), {**bound, "most": limit - len(found)})
            found += [key for (key,) in rows.all()]
            if len(found) >= limit:
                break
        return found

    def _newest_sql(
        self, some: Sequence[Partition], at_least: int | None, below: int | None
    ) -> tuple[str, dict[str, Any]]:
        """Build SQL that makes PostgreSQL read its index first, then the texts, newest first.

        Left to itself, PostgreSQL reads the newest rows one by one until enough of them match, or
        reads the texts of all matches.
        """
        sql, bound = self._joined(some, at_least, below)
        found = f"WITH found AS MATERIALIZED ({sql}) SELECT found.key FROM "  # noqa: S608
        newest = " ORDER BY found.key DESC LIMIT :most"
        if not self.row_conditions:
            sql = f"{found}found WHERE {self._key_conditions}{newest}"
        else:
            looked_at = f"SELECT 1 FROM {self.table} WHERE {self.key} = found.key"  # noqa: S608
            looked_at = " AND ".join([looked_at, *self.row_conditions])
            inner = f"SELECT found.key FROM found WHERE {self._key_conditions}"  # noqa: S608
            inner += " ORDER BY found.key DESC"
            sql = f"{found}({inner}) AS found, LATERAL ({looked_at} OFFSET 0) AS held{newest}"
        return sql.replace("{key}", "found.key"), bound

    def _joined(
        self,
        some: Sequence[Partition],
        at_least: int | None,
        below: int | None,
        further: Sequence[str] = (),
    ) -> tuple[str, dict[str, Any]]:
        """Build SQL of the keys in these partitions that the index and ``further`` find."""
        conditions = [self.conditions[0], *further]
        whole = CompiledQuery(self.table, self.key, conditions, self.bound, self.low, self.high)
        sql, bound = whole.statement("{key} AS key", at_least=at_least, below=below)
        parts = [f"{sql} AND {partition_condition(one)}" for one in some]
        return " UNION ALL ".join(parts) or f"{sql} AND false", bound

    def _partitions_between(self, at_least: int | None, below: int | None) -> list[Partition]:
        """Return the partitions that may hold matches, newest first."""
        low, high = self._range(at_least, below)
        return [
            (start, end)
            for start, end in self.partitions
            if (high is None or start < high) and (low is None or end is None or end > low)
        ]


def _growing(partitions: Sequence[Partition]) -> Iterator[Sequence[Partition]]:
    """Yield groups of 1, 2, 4 … partitions: few queries find both common and rare words."""
    at, count = 0, 1
    while at < len(partitions):
        yield partitions[at : at + count]
        at, count = at + count, count * 2
