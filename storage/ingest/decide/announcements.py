"""Adds the linked items of pages to the frontier. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.crawl import frontier
from storage.ingest.known import KnownCandidate
from storage.text.urls import url_key
from storage.types.content import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.ingest.change import CandidateRow
    from storage.ingest.decide.plan import Plan
    from storage.types.endpoints import Announcement


def offer(plan: Plan, announcements: Iterable[Announcement]) -> int:
    """Add announcements of a page; return how many are new."""
    by_key: dict[str, Announcement] = {}
    for announcement in announcements:
        by_key.setdefault(url_key(announcement.url), announcement)
    if plan.known.erased is not None:
        hints = {key: said.hints for key, said in by_key.items()}
        for key in plan.known.erased.announced(hints):
            del by_key[key]
    return sum(_offer(plan, key, said) for key, said in by_key.items())


def _offer(plan: Plan, key: str, said: Announcement) -> bool:
    candidate = plan.known.candidates.get(key)
    if candidate is not None:
        _wake(plan, candidate, said)
        return False
    item = plan.known.at.get(key)
    # A stub is known by name only; its page is still to be fetched.
    if item is not None and item.state != "stub":
        return False
    row: CandidateRow = {
        "source_id": plan.batch.source_id,
        "endpoint_id": None,
        "key": key,
        "url": said.url,
        "kind": said.kind,
        "depth": said.depth,
        "found_at": plan.now,
    }
    candidate = KnownCandidate(
        id=0,
        key=key,
        state="pending",
        attempts=0,
        cause=None,
        detail=None,
        settled_at=None,
        modified_at=said.modified or said.published,
        published_at=said.published,
        hints=to_json(said.hints) or None,
    )
    plan.known.candidates[key] = candidate
    plan.change.announced.append((row, candidate))
    return True


def _wake(plan: Plan, candidate: KnownCandidate, said: Announcement) -> None:
    """Make a candidate due if its announcement states a later modification."""
    woken = frontier.woken(candidate, said, plan.now)
    if woken is None:
        return
    for name, value in woken.values.items():
        setattr(candidate, name, value)
    if candidate.id:
        plan.change.woken[candidate.id] = candidate
    item = plan.known.at.get(candidate.key)
    if woken.is_changed and item is not None:
        plan.check_at(item, plan.now)
