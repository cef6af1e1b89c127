"""Runs a database query of a page in another thread, in parallel with the page's other queries.

Databases run outside of Python's lock, so two queries on two cores take the time of one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
# Shared by all requests; further queries wait.
_POOL = ThreadPoolExecutor(8, thread_name_prefix="dateline-query")


class Background(Generic[T]):
    """A query that runs in another thread."""

    def __init__(self, query: Callable[[], T]) -> None:
        self._future = _POOL.submit(query)

    def result(self) -> T:
        """Return the result, or raise the query's error."""
        return self._future.result()
