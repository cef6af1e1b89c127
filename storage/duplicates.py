"""Near-duplicates: agency copy in many sources, an article published again with small edits.

A text becomes a MinHash signature over the sequences of three words in it (Broder 1997, "On the
resemblance and containment of documents"), the signature becomes bands, and texts that share a
band are compared word by word. Bands lie in SQL under an index, so that finding takes one query
and no memory grows with the archive. Alike articles form a cluster, which one of them leads.

The hashing is our own and fixed, since a signature must mean the same in ten years; a test holds
it to known values.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, delete, insert, select, text, update

from storage.database import chunked
from storage.models import Article, Signature, SignatureBand
from storage.search.analysis import tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    Words = NDArray[np.uint64]

# Words in a sequence. At a tenth of the words edited two texts share 0.57 of their sequences of
# three; articles on one topic share under 0.1, and with sequences of two far more.
SHINGLE = 3
# Texts that share s of their sequences meet in a band with probability 1 - (1 - s^ROWS)^BANDS:
# 0.993 at 0.57, 0.02 at 0.1, three in a million at 0.005, as unrelated texts have.
ROWS, BANDS = 3, 24
PERMUTATIONS = ROWS * BANDS
# Articles that share at least so much of their sequences are duplicates (benchmarks/duplicates.py).
ALIKE = 0.45
# Of the values of two signatures at least so many are equal where that is so: the share estimates
# the texts' own with a standard deviation of 0.06, so one in 200 that are just alike is missed.
_MAY_BE_ALIKE = 0.3
# A chain of copies of copies ends where it would leave its leading article behind.
_ALIKE_THE_LEADING = 0.25
# Shorter texts are alike by chance.
FEWEST_WORDS = 20
# Of a text that is longer, the beginning speaks for it.
_MOST_WORDS = 20_000
# Bands stand in three generations, since each is asked for every band of a new page: the newest,
# on few pages; the recent; and all others. Each time an id passes a multiple of ``_STEP``, the
# newest become recent, and of the recent those of one of ``_PARTS`` spans of bands, in turn, become
# old. So all is written in the order of the bands: the recent are at most 262,144 signatures'
# (75 MB), and of the old one part of the pages is written.
_NEWEST, _RECENT, _OLD = _GENERATIONS = -1, -2, 0
_STEP, _PARTS = 4_096, 64
_LEAST_BAND, _MOST_BAND = -(1 << 63), (1 << 63) - 1
# Candidates that are compared word by word, those with most bands in common first.
_MOST_COMPARED = 16
# A cluster of more is compared with a new leading article no more.
_MOST_MEMBERS = 50

# Odd 64-bit multipliers and offsets from a linear congruential generator with Knuth's MMIX
# constants, seeded by the word's first letters: a hash family for multiply-shift (Dietzfelbinger).
_MASK = (1 << 64) - 1


def _constants(count: int, seed: int) -> Words:
    values = []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) & _MASK
        values.append(seed ^ (seed >> 29))
    return np.array(values, dtype=np.uint64)


_PLACES = _constants(SHINGLE, 0xDA7E) | np.uint64(1)
_FACTORS = _constants(PERMUTATIONS, 0xDA7E11AE) | np.uint64(1)
_OFFSETS = _constants(PERMUTATIONS, 0x11AE)
_BAND_FACTORS = _constants(ROWS, 0xBA4D) | np.uint64(1)
_BAND_SEEDS = _constants(BANDS, 0x5EED)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


def _mixed(values: Words) -> Words:
    """Every bit of ``values`` spread over all (the finaliser of MurmurHash3, Appleby)."""
    values = values ^ (values >> np.uint64(33))
    values = values * _MIX
    return values ^ (values >> np.uint64(33))


def shingles(words: Sequence[str]) -> Words:
    """The distinct hashes of the sequences of words (search tokens); none where they are few."""
    words = words[:_MOST_WORDS]
    if len(words) < FEWEST_WORDS:
        return np.empty(0, dtype=np.uint64)
    hashes = np.fromiter((zlib.crc32(w.encode()) for w in words), np.uint64, len(words))
    hashes = _mixed(hashes + np.uint64(0x9E3779B97F4A7C15))
    count = len(words) - SHINGLE + 1
    joined = np.zeros(count, dtype=np.uint64)
    for place in range(SHINGLE):
        joined = joined + hashes[place : place + count] * _PLACES[place]
    return np.unique(_mixed(joined))


def signature_of(hashes: Words) -> Words:
    """The MinHash signature of shingles: ``PERMUTATIONS`` values below 2^32."""
    least = np.full(PERMUTATIONS, _MASK, dtype=np.uint64)
    # In pieces, so that a long text takes no more memory than a short one.
    for start in range(0, len(hashes), 1024):
        piece = hashes[start : start + 1024, None] * _FACTORS + _OFFSETS
        least = np.minimum(least, (piece >> np.uint64(32)).min(axis=0))
    return least


def bands_of(signature: Words) -> list[int]:
    """The bands of a signature as signed 64-bit integers, each of its own place."""
    rows = signature.reshape(BANDS, ROWS)
    joined = _BAND_SEEDS.copy()
    for row in range(ROWS):
        joined = _mixed((joined + rows[:, row]) * _BAND_FACTORS[row])
    return [int(band) for band in joined.view(np.int64)]


def likeness(one: Words, other: Words) -> float:
    """The share of sequences that two texts have in common (Jaccard, 0 to 1)."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - common
    return common / union if union else 0.0


@dataclass(frozen=True, slots=True)
class _Member:
    """An article with what its cluster is decided by."""

    item_id: int
    cluster_id: int | None
    access: str
    sort_at: datetime
    word_count: int
    shingles: Words

    @property
    def rank(self) -> tuple[bool, datetime, int, int]:
        """The least leads: whole before teasers, then the earliest, the fullest, the first met."""
        return self.access != "full", self.sort_at, -self.word_count, self.item_id


def place(
    connection: Connection, texts: Iterable[tuple[int, Sequence[str]]], *, fresh: bool = False
) -> None:
    """Sign articles (item id, search tokens of the text); join each to the cluster it belongs to.

    ``fresh`` says that none was signed before.
    """
    signed: dict[int, tuple[Words, list[int]]] = {}
    rows: list[dict[str, Any]] = []
    ids = []
    for item_id, words in texts:
        ids.append(item_id)
        hashes = shingles(words)
        if len(hashes):
            signature = signature_of(hashes)
            signed[item_id] = (hashes, bands_of(signature))
            rows.append({"item_id": item_id, "signature": signature.astype("<u4").tobytes()})
    if ids and not fresh:
        forget(connection, ids)
    if not rows:
        return
    statement: Any = insert(Signature).returning(Signature.item_id, Signature.id)
    numbers = {i: number for i, number in connection.execute(statement, rows)}  # noqa: C416
    first, last = min(numbers.values()), max(numbers.values())
    if (first - 1) // _STEP != last // _STEP:
        settle(connection, last)
    connection.execute(
        insert(SignatureBand),
        [
            {"generation": _NEWEST, "band": band, "signature_id": numbers[i]}
            for i, (_, values) in signed.items()
            for band in dict.fromkeys(values)
        ],
    )
    bands = {i: values for i, (_, values) in signed.items()}
    meetings = meet(connection, bands)
    signatures = {row["item_id"]: row["signature"] for row in rows}
    for item_id, others in _likely(connection, signatures, meetings).items():
        _join(connection, item_id, signed[item_id][0], others)


def settle(connection: Connection, last: int) -> None:
    """Make the newest bands recent, and a part of the recent old. ``last`` is the newest id."""
    _move(connection, _NEWEST, _RECENT, _LEAST_BAND, _MOST_BAND)
    width = (1 << 64) // _PARTS
    low = _LEAST_BAND + last // _STEP % _PARTS * width
    _move(connection, _RECENT, _OLD, low, low + width - 1)


def _move(connection: Connection, source: int, target: int, low: int, high: int) -> None:
    span = {"source": source, "target": target, "low": low, "high": high}
    if connection.dialect.name == "sqlite":
        connection.execute(_COPY, span)
        connection.execute(_REMOVE, span)
    else:
        # In one statement: between two of them another writer may add to what the second deletes.
        connection.execute(_MOVE_AT_ONCE, span)


_SPAN = "FROM signature_bands WHERE generation = :source AND band BETWEEN :low AND :high"
_INTO = (
    "INSERT INTO signature_bands (generation, band, signature_id)"
    " SELECT CAST(:target AS integer), band, signature_id"
)
_COPY = text(f"{_INTO} {_SPAN} ORDER BY band, signature_id")
_REMOVE = text(f"DELETE {_SPAN}")
_MOVE_AT_ONCE = text(
    f"WITH moved AS (DELETE {_SPAN} RETURNING band, signature_id)"
    f" {_INTO} FROM moved ORDER BY band, signature_id"
)


def meet(connection: Connection, bands: dict[int, list[int]]) -> dict[int, list[int]]:
    """The items that share bands with each item, most bands first; one query for all of them."""
    owners: dict[int, list[int]] = {}
    for item_id, values in bands.items():
        for band in values:
            owners.setdefault(band, []).append(item_id)
    found: dict[int, dict[int, int]] = {}
    for band, other in connection.execute(_MEETING, {"bands": list(owners)}):
        for item_id in owners[band]:
            if other != item_id:
                counts = found.setdefault(item_id, {})
                counts[other] = counts.get(other, 0) + 1
    return {
        item_id: [i for i, _ in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
        for item_id, counts in found.items()
    }


_MEETING = (
    select(SignatureBand.band, Signature.item_id)
    .join(Signature, Signature.id == SignatureBand.signature_id)
    .where(
        SignatureBand.generation.in_(_GENERATIONS),
        SignatureBand.band.in_(bindparam("bands", expanding=True)),
    )
)


def _likely(
    connection: Connection, signatures: dict[int, bytes], meetings: dict[int, list[int]]
) -> dict[int, list[int]]:
    """Of those that share a band, those whose signatures say that they may be alike.

    Most texts that meet only share a common turn of phrase; their signatures are compared before
    any text is read.
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


def _members(connection: Connection, ids: Collection[int]) -> list[_Member]:
    rows = connection.execute(
        select(Article.item_id, Article.cluster_id, Article.access, Article.sort_at,
               Article.word_count, Article.text)
        .where(Article.item_id.in_(list(ids)))
    )  # fmt: skip
    return [_Member(*row[:5], shingles(list(tokens(row[5])))) for row in rows]


def _join(connection: Connection, item_id: int, hashes: Words, others: Sequence[int]) -> None:
    """Make one cluster of an article and those that are alike."""
    alike = [
        member
        for member in _members(connection, others[:_MOST_COMPARED])
        if likeness(hashes, member.shingles) >= ALIKE
    ]
    if not alike:
        return
    clusters = {member.cluster_id for member in alike if member.cluster_id is not None}
    leaders = {m.item_id: m for m in _members(connection, clusters)}
    near = {
        c for c in clusters
        if c in leaders and likeness(hashes, leaders[c].shingles) >= _ALIKE_THE_LEADING
    }  # fmt: skip
    lone = [member for member in alike if member.cluster_id is None]
    if not near and not lone:
        return
    (own,) = _members(connection, [item_id])
    joining = [own, *lone, *(leaders[c] for c in near)]
    leading = min(joining, key=lambda member: member.rank)
    for old in near - {leading.item_id}:
        _lead(connection, old, leading)
    for member in joining:
        connection.execute(
            _SET_CLUSTER,
            {"b_id": member.item_id, "b_cluster": leading.item_id,
             "b_similarity": round(likeness(member.shingles, leading.shingles), 4)},
        )  # fmt: skip


_SET_CLUSTER = (
    update(Article)
    .where(Article.item_id == bindparam("b_id"))
    .values(cluster_id=bindparam("b_cluster"), similarity=bindparam("b_similarity"))
)


def _lead(connection: Connection, old: int, leading: _Member) -> None:
    """Let ``leading`` lead the cluster that ``old`` led, and say how alike each member is to it."""
    members = list(connection.scalars(select(Article.item_id).where(Article.cluster_id == old)))
    connection.execute(
        update(Article).where(Article.cluster_id == old).values(cluster_id=leading.item_id)
    )
    if len(members) <= _MOST_MEMBERS:
        for member in _members(connection, members):
            connection.execute(
                _SET_CLUSTER,
                {"b_id": member.item_id, "b_cluster": leading.item_id,
                 "b_similarity": round(likeness(member.shingles, leading.shingles), 4)},
            )  # fmt: skip


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Take articles out of the index of signatures and out of their clusters."""
    rows = connection.execute(
        select(Signature.id, Signature.signature).where(Signature.item_id.in_(ids))
    ).all()
    for number, stored in rows:
        bands = bands_of(np.frombuffer(stored, "<u4").astype(np.uint64))
        connection.execute(
            delete(SignatureBand).where(
                SignatureBand.generation.in_(_GENERATIONS),
                SignatureBand.band.in_(bands),
                SignatureBand.signature_id == number,
            )
        )
    connection.execute(delete(Signature).where(Signature.item_id.in_(ids)))
    for item_id in ids:
        _leave(connection, item_id)


def _leave(connection: Connection, item_id: int) -> None:
    """Take an article out of its cluster; the rest of it gets a leading article of its own."""
    cluster = connection.scalar(select(Article.cluster_id).where(Article.item_id == item_id))
    if cluster is None:
        return
    connection.execute(_SET_CLUSTER, {"b_id": item_id, "b_cluster": None, "b_similarity": None})
    ids = list(
        connection.scalars(
            select(Article.item_id).where(Article.cluster_id == cluster).limit(_MOST_MEMBERS)
        )
    )
    if len(ids) == 1:
        connection.execute(_SET_CLUSTER, {"b_id": ids[0], "b_cluster": None, "b_similarity": None})
    elif ids and cluster == item_id:
        _lead(connection, cluster, min(_members(connection, ids), key=lambda m: m.rank))


def complete(connection: Connection, after: int = 0, count: int = 500) -> int | None:
    """Sign the articles without a signature among the next ``count`` after item ``after``.

    An archive made before signatures were kept gets them so. Returns the last item looked at;
    ``None`` where there is none.
    """
    rows = connection.execute(
        select(Article.item_id, Article.text)
        .outerjoin(Signature, Signature.item_id == Article.item_id)
        .where(Signature.id.is_(None), Article.item_id > after)
        .order_by(Article.item_id)
        .limit(count)
    ).all()
    place(connection, [(i, list(tokens(text))) for i, text in rows], fresh=True)
    return rows[-1][0] if rows else None
