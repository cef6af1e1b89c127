"""Who appears together: directory entries named in the same articles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.models import Item, Mention

if TYPE_CHECKING:
    from storage.database.handle import Database

# Articles that are looked through, the newest; entries in one of them that are joined.
_ARTICLES = 500
_NAMES = 40
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry, and in how many articles it stands beside the one asked about."""

    id: int
    name: str
    articles: int


@dataclass(frozen=True, slots=True)
class Circle:
    """The entries around one; ``pairs`` are two of them and in how many articles both stand."""

    neighbours: tuple[Neighbour, ...]
    pairs: tuple[tuple[int, int, int], ...]
    articles: int


def around(database: Database, entry_id: int, limit: int = 20) -> Circle:
    """The ``limit`` entries most often named beside one, over its newest articles."""
    with database.reading() as session:
        ids = list(session.scalars(
            select(Mention.item_id).where(Mention.entry_id == entry_id).distinct()
            .order_by(Mention.item_id.desc()).limit(_ARTICLES)
        ))  # fmt: skip
        named: dict[int, set[int]] = {}
        for at in range(0, len(ids), _CHUNK):
            rows = session.execute(
                select(Mention.item_id, Mention.entry_id).where(
                    Mention.item_id.in_(ids[at : at + _CHUNK]), Mention.entry_id.is_not(None),
                    Mention.entry_id != entry_id,
                )
            )  # fmt: skip
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
    return Circle(
        tuple(Neighbour(i, names.get(i) or f"item {i}", counts[i]) for i in top),
        tuple((a, b, n) for (a, b), n in pairs.most_common(200)),
        len(ids),
    )
