"""Near-duplicates: agency copy in many sources, an article published again with small edits.

A text becomes a MinHash signature over the sequences of three words in it (Broder 1997, "On the
resemblance and containment of documents"), the signature becomes bands, and texts that share a
band are compared word by word (:mod:`storage.duplicates.minhash`). Bands lie in SQL under an
index, so that
finding takes one query and no memory grows with the archive. Alike articles form a cluster, which
one of them leads.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, delete, insert, select, update

from storage.database.engine import chunked
from storage.duplicates import lsh
from storage.duplicates.minhash import bands_stored, shingles, sign, similarity
from storage.models import Article, Signature
from storage.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.duplicates.minhash import SignedText, Words

# Articles that share at least so much of their sequences are duplicates (benchmarks/duplicates.py).
MIN_SIMILARITY = 0.45
# Of the values of two signatures at least so many are equal where that is so: the share estimates
# the texts' own with a standard deviation of 0.06, so one in 200 that are just alike is missed.
_MAY_BE_ALIKE = 0.3
# A chain of copies of copies ends where it would leave its leading article behind.
_ALIKE_THE_LEADING = 0.25
# Candidates that are compared word by word, those with most bands in common first.
_MOST_COMPARED = 16
# Texts whose sequences are kept at hand while a batch is placed (some 4 kB each).
_MOST_TEXTS = 512
# A cluster of more is compared with a new leading article no more.
_MOST_MEMBERS = 50


@dataclass(frozen=True, slots=True)
class _Member:
    """An article with the values that decide its rank in a cluster."""

    item_id: int
    cluster_id: int | None
    access: str
    sort_at: datetime
    word_count: int

    @property
    def rank(self) -> tuple[bool, datetime, int, int]:
        """Sort key of leadership: full text before teasers, then earliest, longest, first."""
        return self.access != "full", self.sort_at, -self.word_count, self.item_id


def update_clusters(
    connection: Connection, texts: Sequence[tuple[int, SignedText | None]], *, fresh: bool = False
) -> None:
    """Store the signatures of articles, and join each article to the cluster of its duplicates.

    ``texts`` are (item id, signed text); ``fresh`` says that none was signed before.
    """
    signed = {item_id: one for item_id, one in texts if one is not None}
    if texts and not fresh:
        remove_items(connection, [item_id for item_id, _ in texts])
    if not signed:
        return
    rows = [{"item_id": i, "signature": one.signature} for i, one in signed.items()]
    statement: Any = insert(Signature).returning(Signature.item_id, Signature.id)
    numbers = {i: number for i, number in connection.execute(statement, rows)}  # noqa: C416
    generation = lsh.generation_for(connection, min(numbers.values()), max(numbers.values()))
    values = {i: one.bands for i, one in signed.items()}
    held = lsh.holders(connection, {band for some in values.values() for band in some})
    lsh.add_bands(
        connection,
        generation,
        [(numbers[i], some) for i, some in values.items()],
        {band: len(some) for band, some in held.items()},
    )
    signatures = {i: one.signature for i, one in signed.items()}
    read = _Texts(connection, {i: one.hashes for i, one in signed.items()})
    for item_id, others in _likely(connection, signatures, find_candidates(values, held)).items():
        _join(read, item_id, others)


def find_candidates(
    signed: dict[int, list[int]], held: dict[int, list[int]]
) -> dict[int, list[int]]:
    """Return the items that share bands with each item of a batch, most bands first.

    ``signed`` are the bands of the batch's items, ``held`` the earlier items of each band.
    """
    owners: dict[int, list[int]] = {band: list(items) for band, items in held.items()}
    for item_id, some in signed.items():
        for band in dict.fromkeys(some):
            owners.setdefault(band, []).append(item_id)
    met: dict[int, list[int]] = {}
    for item_id, some in signed.items():
        counts = Counter(other for band in dict.fromkeys(some) for other in owners[band])
        del counts[item_id]
        if counts:
            met[item_id] = [i for i, _ in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
    return met


def _likely(
    connection: Connection, signatures: dict[int, bytes], meetings: dict[int, list[int]]
) -> dict[int, list[int]]:
    """Keep the candidates whose signatures say that the texts may be duplicates.

    Most texts with a common band only share a phrase; comparing signatures avoids reading texts.
    """
    held = {i: np.frombuffer(stored, "<u4") for i, stored in signatures.items()}
    wanted = sorted({other for some in meetings.values() for other in some} - held.keys())
    for part in chunked(wanted):
        found = connection.execute(
            select(Signature.item_id, Signature.signature).where(Signature.item_id.in_(part))
        )
        held.update((i, np.frombuffer(stored, "<u4")) for i, stored in found)
    likely: dict[int, list[int]] = {}
    for item_id, others in meetings.items():
        table = np.stack([held[other] for other in others])
        shares = (table == held[item_id]).mean(axis=1)
        near = [
            other for other, share in zip(others, shares, strict=True) if share >= _MAY_BE_ALIKE
        ]
        if near:
            likely[item_id] = near
    return likely


class _Texts:
    """The shingles of articles while a batch is clustered: each text is read once."""

    def __init__(self, connection: Connection, known: dict[int, Words] | None = None) -> None:
        self.connection = connection
        self._known = known or {}
        self._read: OrderedDict[int, Words] = OrderedDict()

    def of(self, item_id: int) -> Words:
        """Return the shingles of an article; none where it does not exist."""
        found = self._known.get(item_id)
        if found is None:
            found = self._read.pop(item_id, None)
            if found is None:
                body = self.connection.scalar(_TEXT, {"item": item_id})
                found = shingles(list(tokenize(body or "")))
            self._read[item_id] = found
            if len(self._read) > _MOST_TEXTS:
                self._read.popitem(last=False)
        return found

    def alike(self, one: int, other: int) -> float:
        """Return the share of shingles that two articles have in common."""
        return similarity(self.of(one), self.of(other))


_TEXT = select(Article.text).where(Article.item_id == bindparam("item"))


def _members(connection: Connection, ids: Collection[int]) -> list[_Member]:
    return [_Member(*row) for row in connection.execute(_MEMBERS, {"ids": list(ids)})]


_MEMBERS = select(
    Article.item_id, Article.cluster_id, Article.access, Article.sort_at, Article.word_count
).where(Article.item_id.in_(bindparam("ids", expanding=True)))


def _join(texts: _Texts, item_id: int, others: Sequence[int]) -> None:
    """Make one cluster of an article and its duplicates.

    One similar member per cluster is enough. The article may already be in a cluster, or lead one,
    because another article of its batch found it.
    """
    connection = texts.connection
    compared = others[:_MOST_COMPARED]
    held = {m.item_id: m for m in _members(connection, [item_id, *compared])}
    lone: list[_Member] = []
    own = held[item_id].cluster_id
    clusters = set() if own is None else {own}
    for other in compared:
        member = held.get(other)
        if (
            member is None
            or member.cluster_id in clusters
            or texts.alike(item_id, other) < MIN_SIMILARITY
        ):
            continue
        if member.cluster_id is None:
            lone.append(member)
        else:
            clusters.add(member.cluster_id)
    if not lone and clusters <= {own}:
        return
    near = {
        leader.item_id: leader
        for leader in _members(connection, clusters)
        if texts.alike(item_id, leader.item_id) >= _ALIKE_THE_LEADING
    }
    if not near and not lone:
        return
    if own is not None and own not in near:
        _leave(connection, item_id)
    joining = [held[item_id], *lone, *near.values()]
    leading = min(joining, key=lambda member: member.rank)
    for old in near.keys() - {leading.item_id}:
        _lead(texts, old, leading.item_id)
    _tie(texts, [member.item_id for member in joining], leading.item_id)


def _tie(texts: _Texts, ids: Iterable[int], leading: int) -> None:
    """Add articles to the cluster of ``leading``, with their similarity to it."""
    for item_id in ids:
        texts.connection.execute(
            _SET_CLUSTER,
            {
                "b_id": item_id,
                "b_cluster": leading,
                "b_similarity": round(texts.alike(item_id, leading), 4),
            },
        )


_SET_CLUSTER = (
    update(Article)
    .where(Article.item_id == bindparam("b_id"))
    .values(cluster_id=bindparam("b_cluster"), similarity=bindparam("b_similarity"))
)


def _lead(texts: _Texts, old: int, leading: int) -> None:
    """Make ``leading`` the leading article of the cluster of ``old``; update similarities."""
    connection = texts.connection
    members = list(connection.scalars(select(Article.item_id).where(Article.cluster_id == old)))
    connection.execute(update(Article).where(Article.cluster_id == old).values(cluster_id=leading))
    if len(members) <= _MOST_MEMBERS:
        _tie(texts, members, leading)


def remove_items(connection: Connection, ids: Sequence[int]) -> None:
    """Remove articles from the index of signatures and from their clusters."""
    rows = connection.execute(
        select(Signature.id, Signature.item_id, Signature.signature).where(
            Signature.item_id.in_(ids)
        )
    ).all()
    full = {
        row.item_id
        for row in rows
        if lsh.remove_bands(connection, row.id, bands_stored(row.signature))
    }
    connection.execute(delete(Signature).where(Signature.item_id.in_(ids)))
    for item_id in ids:
        left = _leave(connection, item_id)
        if left and item_id in full:
            others = connection.execute(
                select(Signature.id, Signature.signature).where(Signature.item_id.in_(left))
            )
            lsh.refill(connection, {row.id: bands_stored(row.signature) for row in others})


def _leave(connection: Connection, item_id: int) -> list[int]:
    """Remove an article from its cluster; the rest gets a new leading article.

    Returns the last remaining members, at most ``_MOST_MEMBERS``.
    """
    cluster = connection.scalar(select(Article.cluster_id).where(Article.item_id == item_id))
    if cluster is None:
        return []
    connection.execute(_SET_CLUSTER, {"b_id": item_id, "b_cluster": None, "b_similarity": None})
    ids = list(
        connection.scalars(
            select(Article.item_id)
            .where(Article.cluster_id == cluster)
            .order_by(Article.item_id.desc())
            .limit(_MOST_MEMBERS)
        )
    )
    if len(ids) == 1:
        connection.execute(_SET_CLUSTER, {"b_id": ids[0], "b_cluster": None, "b_similarity": None})
    elif ids and cluster == item_id:
        leading = min(_members(connection, ids), key=lambda m: m.rank)
        _lead(_Texts(connection), cluster, leading.item_id)
    return ids


def sign_missing(connection: Connection, after: int = 0, count: int = 500) -> int | None:
    """Sign the articles without a signature among the next ``count`` after item ``after``.

    Archives older than signatures get them this way. Returns the last item examined, ``None`` where
    there is none.
    """
    rows = connection.execute(
        select(Article.item_id, Article.text)
        .outerjoin(Signature, Signature.item_id == Article.item_id)
        .where(Signature.id.is_(None), Article.item_id > after)
        .order_by(Article.item_id)
        .limit(count)
    ).all()
    update_clusters(connection, [(i, sign(tokenize(text))) for i, text in rows], fresh=True)
    return rows[-1][0] if rows else None
