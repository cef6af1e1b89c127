"""A question of a page that is asked of the database while the page asks others.

Databases answer outside of Python's lock, so two questions on two cores take the time of one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
# For all requests together; what is more waits its turn.
_POOL = ThreadPoolExecutor(8, thread_name_prefix="dateline-question")


class Background(Generic[T]):
    """A question asked at once in another thread."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._future = _POOL.submit(question)

    def result(self) -> T:
        """The answer, or the error that was raised."""
        return self._future.result()
