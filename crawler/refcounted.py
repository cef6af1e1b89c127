"""What the crawls of a process share: made when the first asks for it, ended by the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Shared(Generic[T]):
    """One thing for all its users."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._held: T | None = None
        self._users = 0

    @property
    def held(self) -> T | None:
        """The thing, where somebody uses it."""
        return self._held

    def acquire(self) -> T:
        """The thing; give it back with :meth:`release`."""
        if self._held is None:
            self._held = self._make()
        self._users += 1
        return self._held

    def release(self) -> T | None:
        """Give it back; the last user gets it, to end it."""
        self._users -= 1
        if self._users:
            return None
        held, self._held = self._held, None
        return held
