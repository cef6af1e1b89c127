"""Small deltas between two contents in JSON form. Pure.

A delta is ``{"set": {field: value}, "unset": [field], "lists": {field: [operation]}}``. A list is
described by ranges of the old one, ``[from, to]``, and new values, ``{"new": [values]}``, in order;
so a changed paragraph costs one paragraph.
"""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Content = dict[str, Any]
# Comparing costs at worst the product of both lengths; beyond this, all values count as new.
_MOST_COMPARED = 1_000_000


def make_delta(old: Content, new: Content) -> Content:
    """Return the delta from ``old`` to ``new``; empty where they are equal."""
    made: Content = {}
    for name, value in new.items():
        if name in old and old[name] == value:
            continue
        before = old.get(name)
        if isinstance(value, list) and isinstance(before, list) and before:
            made.setdefault("lists", {})[name] = _list_delta(before, value)
        else:
            made.setdefault("set", {})[name] = value
    gone = [name for name in old if name not in new]
    if gone:
        made["unset"] = gone
    return made


def apply_delta(old: Content, change: Content) -> Content:
    """Return ``old`` with a delta applied; ``old`` stays unchanged."""
    dropped = set(change.get("unset", ()))
    new = {name: value for name, value in old.items() if name not in dropped}
    new.update(change.get("set", {}))
    for name, operations in change.get("lists", {}).items():
        new[name] = _list_apply(old[name], operations)
    return new


def replay_deltas(rows: Iterable[tuple[Content | None, Content | None]]) -> Content:
    """Return the last content of a history of (content, delta) rows in order; {} for none."""
    found: Content = {}
    for content, change in rows:
        found = content if content is not None else apply_delta(found, change or {})
    return found


def _list_delta(old: list[Any], new: list[Any]) -> list[Any]:
    before, after = (
        [json.dumps(v, sort_keys=True, ensure_ascii=False) for v in side] for side in (old, new)
    )
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    tail = next(
        (i for i in range(shorter - head) if before[-1 - i] != after[-1 - i]), shorter - head
    )
    operations: list[Any] = [[0, head]] if head else []
    middle, fresh = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(middle) * len(fresh) > _MOST_COMPARED:
        operations.append({"new": new[head : len(new) - tail]})
    else:
        matcher = SequenceMatcher(None, middle, fresh, autojunk=False)
        for tag, start, end, new_start, new_end in matcher.get_opcodes():
            if tag == "equal":
                operations.append([head + start, head + end])
            elif new_start < new_end:
                operations.append({"new": new[head + new_start : head + new_end]})
    if tail:
        operations.append([len(old) - tail, len(old)])
    return operations


def _list_apply(old: list[Any], operations: list[Any]) -> list[Any]:
    new: list[Any] = []
    for operation in operations:
        if isinstance(operation, dict):
            new += operation["new"]
        else:
            start, end = operation
            new += old[start:end]
    return new
