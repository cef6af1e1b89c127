"""The parts that are compiled where Dateline was installed with a C compiler at hand.

Each has a twin in Python that gives the same answers and takes over where it is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def part(name: str, version: int) -> Any:
    """Return the compiled module of this full name, or ``None``.

    One that was compiled of another version of its twin is none: it stays behind where a checkout
    moved on and was not installed again.
    """
    try:
        module = import_module(name)
    except (ImportError, AttributeError):
        # An older one asks its twin for names that are gone, before it can be asked its version.
        return None
    return module if version == module.VERSION else None
