"""A compiled query: SQL for the matches, the newest of them, and their number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from storage.search.index.store import integer_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


@dataclass
class CompiledQuery:
    """A compiled expression: table, conditions and bound parameters."""

    table: str
    key: str
    conditions: list[str]
    bound: dict[str, Any] = field(default_factory=dict)
    # The range of keys that may match: the first, and the first after it.
    low: int | None = None
    high: int | None = None

    def statement(
        self,
        columns: str,
        *,
        at_least: int | None = None,
        below: int | None = None,
        among: Sequence[int] | None = None,
        tail: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Return SQL that selects ``columns`` (with ``{key}``) of the matches, and its parameters.

        ``at_least`` and ``below`` limit the range of keys; ``among`` lists them.
        """
        conditions = list(self.conditions)
        bound = dict(self.bound)
        low, high = self._range(at_least, below)
        if low is not None:
            conditions.append("{key} >= :key_low")
            bound["key_low"] = low
        if high is not None:
            conditions.append("{key} < :key_high")
            bound["key_high"] = high
        if among is not None:
            # PostgreSQL accepts no empty list.
            conditions.append(f"{{key}} IN ({integer_list(among)})" if among else "1 = 0")
        where = " AND ".join(conditions) or "1 = 1"
        sql = f"SELECT {columns} FROM {self.table} WHERE {where} {tail}"  # noqa: S608
        return sql.replace("{key}", self.key), bound

    def _range(self, at_least: int | None, below: int | None) -> tuple[int | None, int | None]:
        """Return the first key that may match, and the first key after the range."""
        lows = [one for one in (self.low, at_least) if one is not None]
        highs = [one for one in (self.high, below) if one is not None]
        return max(lows, default=None), min(highs, default=None)

    def keys(
        self,
        connection: Connection,
        limit: int,
        *,
        at_least: int | None = None,
        below: int | None = None,
        among: Sequence[int] | None = None,
    ) -> list[int]:
        """Return the newest ``limit`` keys that match."""
        if among is not None and not among:
            return []
        return self._newest(connection, limit, at_least, below, among)

    def _newest(
        self,
        connection: Connection,
        limit: int,
        at_least: int | None,
        below: int | None,
        among: Sequence[int] | None,
    ) -> list[int]:
        sql, bound = self.statement(
            "{key}",
            at_least=at_least,
            below=below,
            among=among,
            tail="ORDER BY {key} DESC LIMIT :most",
        )
        # One fetch of all rows: fetching row by row calls the driver once per row.
        return [key for (key,) in connection.execute(text(sql), {**bound, "most": limit}).all()]

    def count(self, connection: Connection, most: int | None = None) -> int:
        """Count the matches; stop at ``most``."""
        if most is None:
            sql, bound = self.statement("count(*)")
        else:
            inner, bound = self.statement("1", tail="LIMIT :most")
            sql = f"SELECT count(*) FROM ({inner}) AS matching"  # noqa: S608
            bound["most"] = most
        return int(connection.scalar(text(sql), bound) or 0)

    def estimate(self, connection: Connection, most: int) -> int:
        """Estimate the number of matches, at most ``most``, where that costs less than counting."""
        return self.count(connection, most)
