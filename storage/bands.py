"""The bands of signatures in the database: written in order, asked with few reads, bounded.

Signatures that share a band may be of like texts (:mod:`storage.duplicates`). A new page asks for
each of its bands, most of which nothing holds; and bands are hashes, so each would be read and
written somewhere else. Three things keep that cheap however large the archive is:

- Bands stand in three generations, the newest on few pages, and are moved on in their order.
- Of the old ones, a bit for each beginning of a band says which may be held (a Bloom filter of one
  hash, Bloom 1970, since a band is a hash already): of those that are not, nine in ten are never
  asked of the table.
- What a band leads to is held for so many signatures and no more. A text that stands in the
  archive ten thousand times is found by its first copies.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, text

from storage.models import BandFilter, Signature, SignatureBand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray
    from sqlalchemy import Connection
    from sqlalchemy.pool import Pool

# Each time a signature's id passes a multiple of ``_STEP``, the newest bands become recent, and of
# the recent those of one of ``_PARTS`` spans of bands, in turn, become old. So all is written in
# the order of the bands: the recent are at most 262,144 signatures' (75 MB), and of the old one
# part of the pages is written.
NEWEST, RECENT, OLD = GENERATIONS = -1, -2, 0
_STEP, _PARTS = 4_096, 64
_LEAST_BAND, _MOST_BAND = -(1 << 63), (1 << 63) - 1
# Signatures that a band is held for: twice as many as are compared word by word.
MOST_HOLDERS = 32
# A part's filter has at least so many bits for each band (so it says one time in eight that what
# nothing holds may be held, before it is made anew with twice as many), up to a megabyte a part:
# 64 in all, from 2.8 million signatures on.
_BITS_A_BAND = 8
_LEAST_BITS, _MOST_BITS = 1 << 12, 1 << 23


def settle_before(connection: Connection, first: int, last: int) -> None:
    """Move bands on where the ids of new signatures, ``first`` to ``last``, pass a multiple."""
    if (first - 1) // _STEP != last // _STEP:
        settle(connection, last)


def settle(connection: Connection, last: int) -> None:
    """Make the newest bands recent, and a part of the recent old. ``last`` is the newest id."""
    part = last // _STEP % _PARTS
    low, high = _span(part)
    _move(connection, NEWEST, RECENT, _LEAST_BAND, _MOST_BAND)
    if connection.dialect.name == "sqlite":
        _add_to_filter(connection, part)
    _move(connection, RECENT, OLD, low, high)


def _span(part: int) -> tuple[int, int]:
    width = (1 << 64) // _PARTS
    low = _LEAST_BAND + part * width
    return low, low + width - 1


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


def holders(connection: Connection, bands: Collection[int]) -> dict[int, list[int]]:
    """The items whose signatures hold each of ``bands``; one query for all of them."""
    wanted = sorted(bands)
    old = wanted
    if connection.dialect.name == "sqlite":
        # PostgreSQL lets two writers move bands at once, so that what was read of a filter may
        # be past when the bands are read; and it keeps pages itself.
        old = _filters(connection).maybe(connection, wanted)
    found: dict[int, list[int]] = {}
    for band, item_id in connection.execute(_HOLDING, {"bands": wanted, "old": old}):
        found.setdefault(band, []).append(item_id)
    return found


_HOLDING = (
    select(SignatureBand.band, Signature.item_id)
    .join(Signature, Signature.id == SignatureBand.signature_id)
    .where(
        or_(
            and_(
                SignatureBand.generation.in_((NEWEST, RECENT)),
                SignatureBand.band.in_(bindparam("bands", expanding=True)),
            ),
            and_(
                SignatureBand.generation == OLD,
                SignatureBand.band.in_(bindparam("old", expanding=True)),
            ),
        )
    )
)


def add(
    connection: Connection, signed: Iterable[tuple[int, list[int]]], held: Mapping[int, int]
) -> None:
    """Hold the bands of new signatures (id, bands), where not enough signatures hold them.

    ``held`` says how many do so far.
    """
    counts = Counter(held)
    rows = []
    for number, bands in signed:
        for band in dict.fromkeys(bands):
            if counts[band] < MOST_HOLDERS:
                counts[band] += 1
                rows.append({"generation": NEWEST, "band": band, "signature_id": number})
    if rows:
        connection.execute(insert(SignatureBand), rows)


def remove(connection: Connection, number: int, bands: list[int]) -> bool:
    """Take away the bands of a signature; whether one of them was held by as many as may."""
    counts = connection.execute(_COUNTS, {"bands": bands}).all()
    connection.execute(_REMOVE_ONE, {"bands": bands, "number": number})
    return any(count >= MOST_HOLDERS for _, count in counts)


_COUNTS = (
    select(SignatureBand.band, func.count())
    .where(
        SignatureBand.generation.in_(GENERATIONS),
        SignatureBand.band.in_(bindparam("bands", expanding=True)),
    )
    .group_by(SignatureBand.band)
)
_REMOVE_ONE = delete(SignatureBand).where(
    SignatureBand.generation.in_(GENERATIONS),
    SignatureBand.band.in_(bindparam("bands", expanding=True)),
    SignatureBand.signature_id == bindparam("number"),
)


def refill(connection: Connection, signed: Mapping[int, list[int]]) -> None:
    """Hold bands of signatures (id to bands) that are not held for them, where there is room."""
    bands = sorted({band for some in signed.values() for band in some})
    held: dict[int, set[int]] = {}
    for band, number in connection.execute(_NUMBERS, {"bands": bands}):
        held.setdefault(band, set()).add(number)
    missing = [
        (number, [band for band in some if number not in held.get(band, ())])
        for number, some in signed.items()
    ]
    add(connection, missing, {band: len(some) for band, some in held.items()})


_NUMBERS = select(SignatureBand.band, SignatureBand.signature_id).where(
    SignatureBand.generation.in_(GENERATIONS),
    SignatureBand.band.in_(bindparam("bands", expanding=True)),
)


# --- the filter of the old bands ---


def _places(bands: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """The bit of each band of one part in a filter of so many bits (a power of two)."""
    inside = (bands.view(np.uint64) ^ np.uint64(1 << 63)) << np.uint64(_PARTS.bit_length() - 1)
    return (inside >> np.uint64(64 - (bits.bit_length() - 1))).astype(np.int64)


def _set(stored: bytes, bands: NDArray[np.int64]) -> bytes:
    bits = np.unpackbits(np.frombuffer(stored, np.uint8))
    bits[_places(bands, len(bits))] = 1
    return np.packbits(bits).tobytes()


def _add_to_filter(connection: Connection, part: int) -> None:
    """Put a part's recent bands, which become old, into its filter; make a full one anew."""
    low, high = _span(part)
    row = connection.execute(
        select(BandFilter.bands, BandFilter.bits).where(BandFilter.part == part)
    ).first()
    moving = _bands_in(connection, RECENT, low, high)
    if row is not None and (
        row.bands + len(moving) <= len(row.bits) * 8 // _BITS_A_BAND
        or len(row.bits) * 8 >= _MOST_BITS
    ):
        values = {"bands": row.bands + len(moving), "bits": _set(row.bits, moving)}
    else:
        # The first one of this part, or one that has grown: made of all that the part holds.
        held = np.concatenate([_bands_in(connection, OLD, low, high), moving])
        bits = _LEAST_BITS
        while bits < len(held) * _BITS_A_BAND * 2 and bits < _MOST_BITS:
            bits *= 2
        values = {"bands": len(held), "bits": _set(bytes(bits // 8), held)}
    connection.execute(delete(BandFilter).where(BandFilter.part == part))
    # A number that never comes again: a transaction that is undone leaves none that looks current.
    values |= {"part": part, "version": secrets.randbits(62)}
    connection.execute(insert(BandFilter), values)


def _bands_in(connection: Connection, generation: int, low: int, high: int) -> NDArray[np.int64]:
    found = connection.execute(
        select(SignatureBand.band)
        .where(SignatureBand.generation == generation, SignatureBand.band.between(low, high))
        .distinct()
    )
    return np.fromiter((band for (band,) in found), np.int64)


@dataclass
class _Filters:
    """The filters as one process has read them last, by part."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    versions: dict[int, int] = field(default_factory=dict)
    bits: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    def maybe(self, connection: Connection, bands: list[int]) -> list[int]:
        """Those of ``bands`` (in order) that the old generation may hold."""
        with self.lock:
            self._refresh(connection)
            held = np.array(bands, np.int64)
            starts = np.searchsorted(held, [_span(part)[0] for part in range(_PARTS)])
            ends = [*starts[1:], len(held)]
            kept = np.ones(len(held), bool)
            for part, stored in self.bits.items():
                some = slice(starts[part], ends[part])
                places = _places(held[some], len(stored) * 8)
                kept[some] = stored[places >> 3] >> (7 - (places & 7)).astype(np.uint8) & 1
            return [band for band, may in zip(bands, kept, strict=True) if may]

    def _refresh(self, connection: Connection) -> None:
        rows = connection.execute(select(BandFilter.part, BandFilter.version))
        now = {row.part: row.version for row in rows}
        changed = [part for part, version in now.items() if self.versions.get(part) != version]
        for part in self.versions.keys() - now.keys():
            del self.bits[part]
        if changed:
            bits = select(BandFilter.part, BandFilter.bits).where(BandFilter.part.in_(changed))
            for part, stored in connection.execute(bits):
                self.bits[part] = np.frombuffer(stored, np.uint8)
        self.versions = now


_held: WeakKeyDictionary[Pool, _Filters] = WeakKeyDictionary()


def _filters(connection: Connection) -> _Filters:
    """One for a database in a process: its connections share a pool."""
    return _held.setdefault(connection.engine.pool, _Filters())


def unheld(connection: Connection) -> list[int]:
    """Old bands that their part's filter does not know of: none, or the filter is wrong."""
    wrong: list[int] = []
    for part, stored in connection.execute(select(BandFilter.part, BandFilter.bits)).all():
        held = _bands_in(connection, OLD, *_span(part))
        bits = np.unpackbits(np.frombuffer(stored, np.uint8))
        wrong += held[bits[_places(held, len(bits))] == 0].tolist()
    return wrong


def all_held(connection: Connection, bands: list[int]) -> bool:
    """Whether each of ``bands`` is held for some signature."""
    return len(connection.execute(_COUNTS, {"bands": bands}).all()) == len(set(bands))
