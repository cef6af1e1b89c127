"""Writes an item's content: its revision, its current row, and what is derived from both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from storage.ingest import history
from storage.models import Revision
from storage.text import json_delta
from storage.types.content import to_json

if TYPE_CHECKING:
    from datetime import datetime

    from storage.ingest.batch import Made, Writing
    from storage.types.pages import Origin

# A change in these makes a revision. ``modified`` is not among them: many publishers move it at
# every build of their site; what it announces shows in the others.
REVISED_BY = ("headline", "standfirst", "text", "byline", "published", "access")
_ENTRY_REVISED_BY = ("name", "kind", "expansion", "aliases", "text")
# A newer extractor may find more in the same page; how it found it is no news.
_REEXTRACTED_BY = (
    *REVISED_BY, "modified", "dateline_place", "number", "kind", "section", "tags", "language",
    "notices", "blocks", "mentions", "links", "media",
)  # fmt: skip
_ENTRY_REEXTRACTED_BY = (*_ENTRY_REVISED_BY, "number", "published", "blocks", "links", "media")


def changed_fields(old: dict[str, Any], new: dict[str, Any], origin: Origin = "crawl") -> list[str]:
    """Names of the fields in which two contents (JSON form) differ, white space apart."""
    again = origin == "reextraction"
    names: tuple[str, ...]
    if "name" in new:
        names = _ENTRY_REEXTRACTED_BY if again else _ENTRY_REVISED_BY
    else:
        names = _REEXTRACTED_BY if again else REVISED_BY
    return [name for name in names if _comparable(old, name) != _comparable(new, name)]


def _comparable(content: dict[str, Any], name: str) -> Any:
    if name == "text":
        blocks = content.get("blocks", [])
        return [" ".join(b["text"].split()) for b in blocks if b["kind"] != "figure"]
    if name == "access":
        return content.get("access", "full")
    value = content.get(name)
    return " ".join(value.split()) if isinstance(value, str) else value


def first_revision(made: Made, item_id: int, capture_id: int, now: datetime) -> dict[str, Any]:
    """The row of an item's first revision."""
    return {
        "item_id": item_id, "number": 1, "capture_id": capture_id,
        "seen_at": made.fetched_at or now, "extractor": made.extractor,
        "digest": made.derived.digest,
        "content": to_json(made.content),
        "delta": None, "changed": [], "origin": made.origin, "silent": False,
    }  # fmt: skip


def add_revision(
    writing: Writing, item_id: int, capture_id: int, made: Made, *, known: bool
) -> tuple[list[str], int]:
    """Keep a revision where ``made`` differs from the last; returns what changed, its number.

    ``known`` says that there may be a last one.
    """
    row = first_revision(made, item_id, capture_id, writing.now)
    changed = ["new"]
    last = history.last_content(writing.connection, item_id) if known else None
    if last is not None:
        number, content = last
        changed = changed_fields(content, row["content"], made.origin)
        row |= {
            "number": number + 1, "changed": changed, "content": None,
            "delta": json_delta.make_delta(content, row["content"]),
            "silent": made.origin == "crawl"
            and history.is_silent(content, row["content"], changed),
        }  # fmt: skip
    if changed:
        writing.connection.execute(insert(Revision.__table__), row)  # type: ignore[arg-type]
    return changed, row["number"]
