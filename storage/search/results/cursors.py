"""Cursors: where an answer goes on, so that a page neither repeats nor leaves out an article.

A cursor holds places in an order, not a number of rows: what a crawl writes meanwhile moves
nothing. For the best answers it also holds what their scores were made with. Pure.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import astuple, dataclass
from typing import Any, TypeAlias

from storage.errors import BadCursor

_MOST_TERMS = 100
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class AfterKey:
    """Newest first: articles with a lower search key."""

    key: int


@dataclass(frozen=True, slots=True)
class AfterScore:
    """Best first: of the articles weighed, those that are behind this score and key."""

    floor: int
    title_floor: int
    weights: tuple[float, ...]
    score: float
    key: int


@dataclass(frozen=True, slots=True)
class AfterBest:
    """All that were weighed are shown: the older ones below this key, newest first."""

    floor: int
    title_floor: int
    key: int


Cursor: TypeAlias = AfterKey | AfterScore | AfterBest
_KINDS: dict[str, type[Any]] = {"n": AfterKey, "b": AfterScore, "o": AfterBest}


def write(cursor: Cursor) -> str:
    """A cursor as letters that a URL takes."""
    kind = next(name for name, one in _KINDS.items() if isinstance(cursor, one))
    text = json.dumps([kind, *astuple(cursor)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str) -> Cursor:
    """What :func:`write` wrote.

    Raises:
        BadCursor: it is something else.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        kind, *values = json.loads(base64.urlsafe_b64decode(padded))
        cursor: Cursor = _KINDS[kind](*values)
        if isinstance(cursor, AfterScore):
            weights = tuple(float(one) for one in cursor.weights)
            cursor = AfterScore(cursor.floor, cursor.title_floor, weights, float(cursor.score),
                                cursor.key)  # fmt: skip
            if len(weights) > _MOST_TERMS:
                raise ValueError("too many terms")
        numbers = [v for v in astuple(cursor) if not isinstance(v, (tuple, float))]
        if not all(type(v) is int and abs(v) < _LARGEST for v in numbers):
            raise ValueError("no number")
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError,
            binascii.Error) as error:  # fmt: skip
        raise BadCursor(
            "the cursor is none that a search gave", "begin again without it"
        ) from error
    return cursor
