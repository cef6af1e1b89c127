"""Decides whether a page is a new revision of its item, and which fields differ. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.ingest.known import KnownRevision
from storage.text import json_delta

if TYPE_CHECKING:
    from storage.ingest.change import RevisionRow
    from storage.ingest.decide.plan import Plan
    from storage.ingest.known import KnownItem
    from storage.ingest.page import ExtractedPage
    from storage.text.json_delta import Content
    from storage.types.pages import Origin

# A change in these makes a revision. ``modified`` is not among them: many publishers move it at
# every build of their site; what it announces shows in the others.
REVISED_BY = ("headline", "standfirst", "text", "byline", "published", "access")
_ENTRY_REVISED_BY = ("name", "kind", "expansion", "aliases", "text")
# A newer extractor may find more in the same page; how it found it is no news.
_REEXTRACTED_BY = (
    *REVISED_BY, "modified", "dateline_place", "number", "kind", "section", "tags", "language",
    "notices", "doubtful", "blocks", "mentions", "links", "media",
)  # fmt: skip
_ENTRY_REEXTRACTED_BY = (*_ENTRY_REVISED_BY, "number", "published", "blocks", "links", "media")
# What readers see; a change of these that the page does not date is silent.
_SHOWN = frozenset({"headline", "standfirst", "text"})


def changed_fields(old: Content, new: Content, origin: Origin = "crawl") -> list[str]:
    """Return the fields in which two contents (JSON form) differ, except in white space."""
    if old == new:
        return []
    again = origin == "reextraction"
    names: tuple[str, ...]
    if "name" in new:
        names = _ENTRY_REEXTRACTED_BY if again else _ENTRY_REVISED_BY
    else:
        names = _REEXTRACTED_BY if again else REVISED_BY
    return [name for name in names if _comparable(old, name) != _comparable(new, name)]


def _comparable(content: Content, name: str) -> Any:
    if name == "text":
        blocks = content.get("blocks", [])
        return [" ".join(b["text"].split()) for b in blocks if b["kind"] != "figure"]
    if name == "access":
        return content.get("access", "full")
    if name == "doubtful":
        return content.get("doubtful", False)
    value = content.get(name)
    return " ".join(value.split()) if isinstance(value, str) else value


def changes_nothing(item: KnownItem, page: ExtractedPage) -> bool:
    """Return whether a page has the content of the newest revision."""
    last = item.history.last()
    return last is not None and not changed_fields(last[1], page.derived.json, page.origin)


def add_revision(
    plan: Plan, item: KnownItem, capture_id: int, page: ExtractedPage
) -> tuple[list[str], int]:
    """Add a revision if ``page`` differs from the last; return (changed fields, number)."""
    content = page.derived.json
    row: RevisionRow = {
        "item_id": item.id,
        "number": 1,
        "capture_id": capture_id,
        "seen_at": page.fetched_at or plan.now,
        "extractor": page.extractor,
        "digest": page.derived.digest,
        "content": content,
        "delta": None,
        "changed": [],
        "origin": page.origin,
        "silent": False,
    }
    last = item.history.last()
    if last is None:
        _put(plan, item, row, content)
        return ["new"], 1
    number, before = last
    changed = changed_fields(before, content, page.origin)
    row["number"] = number + 1
    if not changed:
        return [], number + 1
    row["changed"], row["content"] = changed, None
    row["delta"] = json_delta.make_delta(before, content)
    row["silent"] = page.origin == "crawl" and is_silent(before, content, changed)
    _put(plan, item, row, content)
    return changed, number + 1


def _put(plan: Plan, item: KnownItem, row: RevisionRow, content: Content) -> None:
    plan.change.revisions.append(row)
    item.history.add(
        KnownRevision(
            row["number"],
            row["content"],
            row["delta"],
            row["seen_at"],
            row["capture_id"],
            row["extractor"],
            row["origin"],  # type: ignore[arg-type]
        ),
        content,
    )


def is_silent(old: Content, new: Content, changed: list[str]) -> bool:
    """Return whether a text changed and the page's own modification timestamp did not.

    A page that states no such timestamp has no silent edits.
    """
    modified = new.get("modified")
    return bool(
        _SHOWN.intersection(changed) and modified is not None and modified == old.get("modified")
    )
