"""Co-occurrence: directory entries that the same articles mention."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.models import Item, Mention

if TYPE_CHECKING:
    from storage.database.handle import Database

# The newest articles to examine; the maximum number of entries per article to pair.
_ARTICLES = 500
_NAMES = 40
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class NetworkNode:
    """A directory entry, and the number of articles that mention it with the central one."""

    id: int
    name: str
    articles: int


@dataclass(frozen=True, slots=True)
class Network:
    """The entries around a central one; ``pairs`` are two entries and their common articles."""

    neighbours: tuple[NetworkNode, ...]
    pairs: tuple[tuple[int, int, int], ...]
    articles: int


def network(database: Database, entry_id: int, limit: int = 20) -> Network:
    """Return the ``limit`` entries most often mentioned with one, over its newest articles."""
    with database.reading() as session:
        ids = list(
            session.scalars(
                select(Mention.item_id)
                .where(Mention.entry_id == entry_id)
                .distinct()
                .order_by(Mention.item_id.desc())
                .limit(_ARTICLES)
            )
        )
        named: dict[int, set[int]] = {}
        for at in range(0, len(ids), _CHUNK):
            rows = session.execute(
                select(Mention.item_id, Mention.entry_id).where(
                    Mention.item_id.in_(ids[at : at + _CHUNK]),
                    Mention.entry_id.is_not(None),
                    Mention.entry_id != entry_id,
                )
            )
            for item_id, other in rows:
                if other is not None:
                    named.setdefault(item_id, set()).add(other)
        counts = Counter(other for others in named.values() for other in others)
        top = [other for other, _ in sorted(counts.items(), key=lambda o: (-o[1], o[0]))[:limit]]
        names = dict(session.execute(select(Item.id, Item.title).where(Item.id.in_(top))).all())
    pairs: Counter[tuple[int, int]] = Counter()
    for others in named.values():
        kept = sorted(others & set(top))[:_NAMES]
        pairs.update(combinations(kept, 2))
    return Network(
        tuple(NetworkNode(i, names.get(i) or f"item {i}", counts[i]) for i in top),
        tuple((a, b, n) for (a, b), n in pairs.most_common(200)),
        len(ids),
    )
