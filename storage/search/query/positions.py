"""Patterns for positions of tokens: NEAR for PostgreSQL, with the semantics of FTS5. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.search.index.documents import END

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A token, and whether it is a prefix.
_Slot = tuple[str, bool]
_REST = "[^ ]*"


def aligned(
    first: Sequence[str],
    second: Sequence[str],
    prefixes: tuple[bool, bool],
    words: int,
    *,
    across_values: bool = False,
) -> str:
    """Return a regular expression for two phrases at most ``words`` tokens apart, in any order.

    As in FTS5's NEAR, the phrases may overlap: ``a b`` is near ``b c`` in ``a b c``. Tokens are
    letters and digits, so nothing in them needs escaping. The marks between values count as tokens
    only with ``across_values``.
    """
    one, two = _slots(first, prefix=prefixes[0]), _slots(second, prefix=prefixes[1])
    between = f"(?: [^ {'' if across_values else END}]+){{0,{words}}} "
    patterns = [
        _pattern(one) + between + _pattern(two),
        _pattern(two) + between + _pattern(one),
        *(_pattern(both) for both in _overlaid(one, two)),
    ]
    return "(?:^| )(?:" + "|".join(patterns) + ")(?: |$)"


def _slots(tokens: Sequence[str], *, prefix: bool) -> list[_Slot]:
    return [(token, prefix and i == len(tokens) - 1) for i, token in enumerate(tokens)]


def _pattern(slots: Sequence[_Slot]) -> str:
    return " ".join(token + (_REST if prefix else "") for token, prefix in slots)


def _overlaid(one: Sequence[_Slot], two: Sequence[_Slot]) -> Iterator[list[_Slot]]:
    """Yield the ways in which two phrases can share tokens."""
    for shift in range(-len(two) + 1, len(one)):
        found: list[_Slot] = []
        for at in range(min(0, shift), max(len(one), shift + len(two))):
            here = one[at] if 0 <= at < len(one) else None
            there = two[at - shift] if 0 <= at - shift < len(two) else None
            slot = _common(here, there)
            if slot is None:
                break
            found.append(slot)
        else:
            yield found


def _common(one: _Slot | None, two: _Slot | None) -> _Slot | None:
    """Return the slot that fits both slots; ``None`` where none does."""
    if one is None or two is None:
        return one or two
    longer, shorter = (one, two) if len(one[0]) >= len(two[0]) else (two, one)
    if longer[0] == shorter[0]:
        return (longer[0], longer[1] and shorter[1])
    return longer if shorter[1] and longer[0].startswith(shorter[0]) else None
