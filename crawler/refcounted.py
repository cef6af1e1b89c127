"""Share one resource among the crawls of a process: created by the first, closed by the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class RefCounted(Generic[T]):
    """A reference-counted resource."""

    def __init__(self, create: Callable[[], T]) -> None:
        self._create = create
        self._current: T | None = None
        self._users = 0

    @property
    def current(self) -> T | None:
        """Return the resource while it is in use."""
        return self._current

    @property
    def users(self) -> int:
        """Return how many use the resource now."""
        return self._users

    def acquire(self) -> T:
        """Return the resource; give it back with :meth:`release`."""
        if self._current is None:
            self._current = self._create()
        self._users += 1
        return self._current

    def release(self) -> T | None:
        """Give the resource back; the last user gets it, to close it."""
        self._users -= 1
        if self._users:
            return None
        current, self._current = self._current, None
        return current
