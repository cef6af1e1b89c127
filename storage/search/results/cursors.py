"""Cursors: the position from which the next page continues. Pure.

A cursor holds a position in the order, not a number of rows, so pages neither repeat nor miss
articles while a crawl writes. For "best first" it also holds the weights of the scores.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import astuple, dataclass
from typing import Any, TypeAlias

from storage.errors import BadCursor

_MAX_TERMS = 100
_MAX_NUMBER = 2**62


@dataclass(frozen=True, slots=True)
class AfterKey:
    """Newest first: continue with lower search keys."""

    key: int


@dataclass(frozen=True, slots=True)
class AfterScore:
    """Best first: continue behind this score and key among the scored articles."""

    floor: int
    title_floor: int
    weights: tuple[float, ...]
    score: float
    key: int


@dataclass(frozen=True, slots=True)
class AfterBest:
    """Best first, all scored articles shown: continue below this key, newest first."""

    floor: int
    title_floor: int
    key: int


Cursor: TypeAlias = AfterKey | AfterScore | AfterBest
_KINDS: dict[str, type[Any]] = {"n": AfterKey, "b": AfterScore, "o": AfterBest}


def encode(cursor: Cursor) -> str:
    """Encode a cursor as URL-safe text."""
    kind = next(name for name, one in _KINDS.items() if isinstance(cursor, one))
    text = json.dumps([kind, *astuple(cursor)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """Decode what :func:`encode` wrote.

    Raises:
        BadCursor: the text is not a cursor.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        kind, *values = json.loads(base64.urlsafe_b64decode(padded))
        cursor: Cursor = _KINDS[kind](*values)
        if isinstance(cursor, AfterScore):
            weights = tuple(float(one) for one in cursor.weights)
            cursor = AfterScore(
                cursor.floor, cursor.title_floor, weights, float(cursor.score), cursor.key
            )
            if len(weights) > _MAX_TERMS:
                raise ValueError("too many terms")
        numbers = [v for v in astuple(cursor) if not isinstance(v, (tuple, float))]
        if not all(type(v) is int and abs(v) < _MAX_NUMBER for v in numbers):
            raise ValueError("no number")
    except (
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
        OverflowError,
        binascii.Error,
    ) as error:
        raise BadCursor("invalid cursor", "start the search again without a cursor") from error
    return cursor
