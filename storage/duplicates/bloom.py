"""Filters of the bands of near-duplicates: which bands may be stored, and which are not.

Bloom 1970, "Space/time trade-offs in hash coding with allowable errors"; a band is a hash already,
and all that a filter needs are made of its two halves (Kirsch and Mitzenmacher 2006, "Less hashing,
same performance"). Kept in the database with what they are of, and in the memory of the process
that writes: 16 MB, and a byte or two for each old band.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import delete, insert, select

from storage.models import BandFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection
    from sqlalchemy.pool import Pool

# Spans of bands, each with a filter of its old bands; as many as there are slots.
PARTS = 64
OLD, FIRST_SLOT = 0, -2
LEAST_BAND, MOST_BAND = -(1 << 63), (1 << 63) - 1
# A slot's filter has twenty bits for each band, so that of 2,500 that it does not hold one is asked
# for: there are 64 of them. That of a span of the old ones has eight or more (one in 50), until it
# has a megabyte (64 in all, from 2.8 million signatures on).
_HASHES = 5
SLOT_BITS = 1 << 21
_BITS_A_BAND = 8
_LEAST_BITS, _MOST_BITS = 1 << 12, 1 << 23
# In place of a filter: whatever is looked for may be there.
ASK = b"\xff"
_NONE_YET = np.frombuffer(ASK, np.uint8)


def span(part: int) -> tuple[int, int]:
    """The first and the last band of a part."""
    width = (1 << 64) // PARTS
    low = LEAST_BAND + part * width
    return low, low + width - 1


def parts_of(bands: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The span that each band is in."""
    return (bands.view(np.uint64) ^ np.uint64(1 << 63)) // np.uint64((1 << 64) // PARTS)


def bits_of(bands: NDArray[np.int64], bits: int | NDArray[np.uint64]) -> NDArray[np.int64]:
    """The bits of each band in a filter of so many (a power of two), ``_HASHES`` rows of them."""
    whole = bands.view(np.uint64)
    begin, end = whole >> np.uint64(32), whole & np.uint64(0xFFFFFFFF) | np.uint64(1)
    steps = np.arange(_HASHES, dtype=np.uint64)[:, None]
    return ((begin + steps * end) & (np.uint64(bits) - np.uint64(1))).astype(np.int64)


def with_bands(stored: bytes, bands: NDArray[np.int64]) -> bytes:
    """A filter with ``bands`` in it as well."""
    bits = np.unpackbits(np.frombuffer(stored, np.uint8))
    bits[bits_of(bands, len(bits))] = 1
    return np.packbits(bits).tobytes()


def contains(bits: NDArray[np.uint8], bands: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of ``bands`` a filter (its bytes) has."""
    at = bits_of(bands, len(bits) * 8)
    return _all_set(bits, at >> 3, at)


def _all_set(
    stored: NDArray[np.uint8], byte: NDArray[np.int64], bit: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Where all bits of a column are set in these bytes, each of which begins with its highest."""
    held = stored[byte] >> (7 - (bit & 7)).astype(np.uint8) & 1
    found: NDArray[np.bool_] = np.bitwise_and.reduce(held).astype(bool)
    return found


def slot_filter(bands: NDArray[np.int64]) -> tuple[int, bytes]:
    """How many bands there are, and the filter of a slot that has these."""
    return len(bands), with_bands(bytes(SLOT_BITS // 8), bands)


def add_old(connection: Connection, part: int, moving: NDArray[np.int64]) -> None:
    """Put bands that become old into the filter of their span; replace a full one."""
    row = connection.execute(
        select(BandFilter.bands, BandFilter.bits).where(BandFilter.part == part)
    ).first()
    stored = b"" if row is None else row.bits
    held = len(moving) if row is None else row.bands + len(moving)
    if row is None or len(stored) < min(held * _BITS_A_BAND, _MOST_BITS) // 8:
        # The first one of this span, or one that is full: made of all that the span holds.
        moving = np.concatenate([bands_in(connection, OLD, *span(part)), moving])
        held = len(moving)
        bits = _LEAST_BITS
        while bits < held * _BITS_A_BAND and bits < _MOST_BITS:
            bits *= 2
        stored = bytes(bits // 8)
    store_filter(connection, part, held, with_bands(stored, moving))


def store_filter(connection: Connection, part: int, held: int, bits: bytes) -> None:
    """Keep the filter of a part, or of a slot (below 0), in place of the last one."""
    connection.execute(delete(BandFilter).where(BandFilter.part == part))
    # A number that never comes again: a transaction that is undone leaves none that looks current.
    values = {"part": part, "version": secrets.randbits(62), "bands": held, "bits": bits}
    connection.execute(insert(BandFilter), values)


def bands_in(
    connection: Connection, generation: int, low: int = LEAST_BAND, high: int = MOST_BAND
) -> NDArray[np.int64]:
    """The bands of a generation between two of them, in order."""
    found = connection.exec_driver_sql(
        "SELECT band FROM signature_bands"  # noqa: S608
        f" WHERE generation = {generation} AND band BETWEEN {low} AND {high}"
    )
    return np.fromiter((band for (band,) in found.all()), np.int64)


@dataclass
class Filters:
    """The filters as one process has read them last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    versions: dict[int, int] = field(default_factory=dict)
    state: tuple[int, ...] = ()
    # Of the old generation, by span; all are pieces of ``joined``, beginning at ``starts``.
    old: list[NDArray[np.uint8]] = field(default_factory=lambda: [_NONE_YET] * PARTS)
    joined: NDArray[np.uint8] | None = None
    starts: NDArray[np.int64] | None = None
    # Slots that are to be asked whatever is looked for.
    asked: set[int] = field(default_factory=set)
    # Of all other slots: for each bit of a filter, the slots that have it, as bits of a number. So
    # a band's slots are found at once.
    slots: NDArray[np.uint64] | None = None

    def places(
        self, connection: Connection, bands: list[int]
    ) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
        """Where ``bands`` (in order) may be held: generations with bands of each, and pairs."""
        with self.lock:
            self._refresh(connection)
            looked_for = np.array(bands, np.int64)
            places = dict.fromkeys(self.asked, bands)
            places[OLD] = looked_for[self._may_be_old(looked_for)].tolist()
            pairs: list[tuple[int, int]] = []
            if self.slots is not None:
                found = np.bitwise_and.reduce(self.slots[bits_of(looked_for, SLOT_BITS)])
                for i in np.flatnonzero(found).tolist():
                    slots = int(found[i])
                    pairs += [
                        (FIRST_SLOT - n, bands[i])
                        for n in range(slots.bit_length())
                        if slots >> n & 1
                    ]
            return places, pairs

    def _may_be_old(self, bands: NDArray[np.int64]) -> NDArray[np.bool_]:
        """All spans at once: the bands of a text are in as many of them."""
        if self.joined is None or self.starts is None:
            sizes = [len(bits) for bits in self.old]
            self.starts = np.concatenate([[0], np.cumsum(sizes)])
            self.joined = np.concatenate(self.old)
            self.old = np.split(self.joined, self.starts[1:-1])
        part = parts_of(bands)
        start = self.starts[part]
        size = (self.starts[part + np.uint64(1)] - start).astype(np.uint64)
        at = bits_of(bands, size * np.uint64(8))
        return _all_set(self.joined, start + (at >> 3), at)

    def _refresh(self, connection: Connection) -> None:
        # Versions are random numbers, and so is what is left of their sum.
        state = tuple(connection.exec_driver_sql(_STATE).one())
        if state == self.state:
            return
        rows = connection.execute(select(BandFilter.part, BandFilter.version))
        now = {row.part: row.version for row in rows}
        changed = [part for part, version in now.items() if self.versions.get(part) != version]
        gone = self.versions.keys() - now.keys()
        # Should this end half-way, all is read again.
        self.versions, self.state = {}, ()
        for part in gone:
            self._set(part, None)
        held = select(BandFilter.part, BandFilter.bits).where(BandFilter.part.in_(changed))
        for part, stored in connection.execute(held):
            self._set(part, stored)
        self.versions, self.state = now, state

    def _set(self, part: int, stored: bytes | None) -> None:
        if part >= 0:
            self.old[part] = _NONE_YET if stored is None else np.frombuffer(stored, np.uint8)
            self.joined = None
            return
        self.asked.discard(part)
        own = np.uint64(1 << (FIRST_SLOT - part))
        if self.slots is not None:
            self.slots &= ~own
        if stored == ASK:
            self.asked.add(part)
        elif stored is not None:
            if self.slots is None:
                self.slots = np.zeros(SLOT_BITS, np.uint64)
            self.slots[np.flatnonzero(np.unpackbits(np.frombuffer(stored, np.uint8)))] |= own


_STATE = "SELECT count(*), sum(version >> 24) FROM band_filters"

_held: WeakKeyDictionary[Pool, Filters] = WeakKeyDictionary()


def filters_of(connection: Connection) -> Filters:
    """One for a database in a process: its connections share a pool."""
    return _held.setdefault(connection.engine.pool, Filters())
