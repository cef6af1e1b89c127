"""The bands of signatures in the database: written in order, asked with few reads, bounded.

Signatures that share a band may be of like texts (:mod:`storage.duplicates.clusters`). A new page
asks for
each of its bands, most of which nothing holds; and bands are hashes, so each would be read and
written somewhere else. Three things keep that cheap however large the archive is:

- Bands stand in generations, each on pages of its own: one for each few thousand signatures, and
  the old ones. What becomes old does so by spans of bands, in their order.
- Filters say where a band may be held (:mod:`storage.duplicates.bloom`). The old generation is
asked for few bands that it does not hold, and so are the younger ones.
- What a band leads to is held for so many signatures and no more. A text that stands in the
  archive ten thousand times is found by its first copies.

PostgreSQL lets several writers move bands at once, so that what one has read of a filter may be
past when it reads the bands: there are no filters, and three generations (newest, recent, old).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import bindparam, delete, func, insert, select, text

from storage.duplicates import bloom as filters
from storage.models import BandFilter, Signature, SignatureBand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

# Bands are of the ``_STEP`` signatures' whose slot is open, until the next one is. With each new
# slot those of one of ``filters.PARTS`` spans of bands, in turn, become old in all slots: so all is
# written in the order of the bands, and there are as many slots as spans.
# PostgreSQL's recent ones are where SQLite's first slot is: backups go from one to the other.
_NEWEST, _RECENT = -1, filters.FIRST_SLOT
_STEP = 4_096
# Signatures that a band is held for: twice as many as are compared word by word.
MOST_HOLDERS = 32


def generation_for(connection: Connection, first: int, last: int) -> int:
    """Return the generation for the bands of new signatures, whose ids are ``first`` to ``last``.

    It moves older bands to the old generation when due.
    """
    number = last // _STEP
    if connection.dialect.name != "sqlite":
        if (first - 1) // _STEP != number:
            _move(connection, _NEWEST, _RECENT, filters.LEAST_BAND, filters.MOST_BAND)
            _move(connection, _RECENT, filters.OLD, *filters.span(number % filters.PARTS))
        return _NEWEST
    slot = filters.FIRST_SLOT - number % filters.PARTS
    held = connection.execute(_SMALL_FILTERS).all()
    if (slot, filters.ASK) in held:
        return slot
    for other, bits in held:
        if other < 0 and bits == filters.ASK:
            filters.store_filter(
                connection, other, *filters.slot_filter(filters.bands_in(connection, other))
            )
    # What was here before is old by now, unless signatures' ids made a leap.
    if len(filters.bands_in(connection, slot)):
        for part in range(filters.PARTS):
            _age(connection, part, [slot])
    filters.store_filter(connection, slot, 0, filters.ASK)
    _age(connection, number % filters.PARTS, [filters.FIRST_SLOT - n for n in range(filters.PARTS)])
    return slot


_SMALL_FILTERS = select(BandFilter.part, BandFilter.bits).where(func.length(BandFilter.bits) == 1)


def _age(connection: Connection, part: int, slots: Sequence[int]) -> None:
    """Make the bands of a span old that stand in ``slots``."""
    low, high = filters.span(part)
    moving = np.concatenate([filters.bands_in(connection, slot, low, high) for slot in slots])
    if not len(moving):
        return
    filters.add_old(connection, part, moving)
    bound = {"low": low, "high": high, "target": filters.OLD}
    where = f"generation IN ({', '.join(map(str, slots))}) AND band BETWEEN :low AND :high"
    connection.execute(
        text(f"{_INTO} FROM signature_bands WHERE {where} ORDER BY band, signature_id"), bound
    )
    connection.execute(text(f"DELETE FROM signature_bands WHERE {where}"), bound)  # noqa: S608


def _move(connection: Connection, source: int, target: int, low: int, high: int) -> None:
    # In one statement: between two of them another writer may add to what the second deletes.
    span = {"source": source, "target": target, "low": low, "high": high}
    connection.execute(_MOVE_AT_ONCE, span)


_INTO = (
    "INSERT INTO signature_bands (generation, band, signature_id)"
    " SELECT CAST(:target AS integer), band, signature_id"
)
_MOVE_AT_ONCE = text(
    "WITH moved AS (DELETE FROM signature_bands"  # noqa: S608
    " WHERE generation = :source AND band BETWEEN :low AND :high RETURNING band, signature_id)"
    f" {_INTO} FROM moved ORDER BY band, signature_id"
)


def portable_generation(generation: int) -> int:
    """Map a generation to a database of the other kind: old, or always searched."""
    return filters.OLD if generation == filters.OLD else filters.FIRST_SLOT


def holders(connection: Connection, bands: Collection[int]) -> dict[int, list[int]]:
    """Return the items whose signatures hold each of ``bands``, in one query."""
    found: dict[int, list[int]] = {}
    sql = (
        f"SELECT held.band, signatures.item_id FROM ({_asked(connection, bands)}) AS held"  # noqa: S608
        " JOIN signatures ON signatures.id = held.signature_id"
    )
    for band, item_id in connection.exec_driver_sql(sql):
        found.setdefault(band, []).append(item_id)
    return found


def _asked(connection: Connection, bands: Collection[int]) -> str:
    """SQL of the rows of ``bands`` (numbers of ours), wherever they may be held."""
    places: dict[int, list[int]] = {}
    pairs: list[tuple[int, int]] = []
    if connection.dialect.name == "sqlite":
        places, pairs = filters.filters_of(connection).places(connection, sorted(bands))
    else:
        places = dict.fromkeys((_NEWEST, _RECENT, filters.OLD), sorted(bands))
    parts = [
        "SELECT generation, band, signature_id FROM signature_bands"  # noqa: S608
        f" WHERE generation = {generation} AND band IN ({', '.join(map(str, some))})"
        for generation, some in places.items()
        if some
    ]
    if pairs:
        values = ", ".join(f"({generation}, {band})" for generation, band in pairs)
        # A row of two IN a list has SQLite read the whole table.
        parts.append(
            f"SELECT b.generation, b.band, b.signature_id FROM (VALUES {values}) AS pair"  # noqa: S608
            " CROSS JOIN signature_bands AS b"
            " ON b.generation = pair.column1 AND b.band = pair.column2"
        )
    nowhere = "SELECT generation, band, signature_id FROM signature_bands WHERE false"
    return " UNION ALL ".join(parts) or nowhere


def add_bands(
    connection: Connection,
    generation: int,
    signed: Iterable[tuple[int, list[int]]],
    held: Mapping[int, int],
) -> None:
    """Store the bands of new signatures (id, bands) where fewer signatures hold them than allowed.

    ``held`` is their current number, ``generation`` the result of :func:`generation_for`.
    """
    counts = Counter(held)
    rows = []
    for number, bands in signed:
        for band in dict.fromkeys(bands):
            if counts[band] < MOST_HOLDERS:
                counts[band] += 1
                rows.append({"generation": generation, "band": band, "signature_id": number})
    if rows:
        connection.execute(insert(SignatureBand), rows)


def remove_bands(connection: Connection, number: int, bands: list[int]) -> bool:
    """Remove the bands of a signature; return whether one of them was full."""
    rows = connection.exec_driver_sql(_asked(connection, bands)).all()
    counts = Counter(row.band for row in rows)
    own = [row for row in rows if row.signature_id == number]
    for generation in {row.generation for row in own}:
        connection.execute(
            _REMOVE,
            {
                "generation": generation,
                "number": number,
                "bands": [row.band for row in own if row.generation == generation],
            },
        )
    return any(counts[row.band] >= MOST_HOLDERS for row in own)


_REMOVE = delete(SignatureBand).where(
    SignatureBand.generation == bindparam("generation"),
    SignatureBand.band.in_(bindparam("bands", expanding=True)),
    SignatureBand.signature_id == bindparam("number"),
)


def refill(connection: Connection, signed: Mapping[int, list[int]]) -> None:
    """Store missing bands of signatures (id to bands) where there is room."""
    bands = {band for some in signed.values() for band in some}
    held: dict[int, set[int]] = {}
    for row in connection.exec_driver_sql(_asked(connection, bands)):
        held.setdefault(row.band, set()).add(row.signature_id)
    missing = [
        (number, [band for band in some if number not in held.get(band, ())])
        for number, some in signed.items()
    ]
    last = connection.scalar(select(func.max(Signature.id))) or 0
    generation = generation_for(connection, last + 1, last)
    add_bands(connection, generation, missing, {band: len(some) for band, some in held.items()})


def all_held(connection: Connection, bands: list[int]) -> bool:
    """Return whether each of ``bands`` is stored for some signature."""
    rows = connection.exec_driver_sql(_asked(connection, bands))
    return {row.band for row in rows} >= set(bands)


def band_faults(connection: Connection) -> Iterator[str]:
    """Describe the bands that are stored but would not be found."""
    if connection.dialect.name != "sqlite":
        return
    held_filters = {row.part: row.bits for row in connection.execute(select(BandFilter))}
    generations = connection.exec_driver_sql("SELECT DISTINCT generation FROM signature_bands")
    for (generation,) in generations.all():
        if generation != filters.OLD and generation not in held_filters:
            yield f"nothing says that there are bands in generation {generation}"
    for part, stored in held_filters.items():
        if stored == filters.ASK:
            continue
        where = (filters.OLD, *filters.span(part)) if part >= 0 else (part,)
        held = filters.bands_in(connection, *where)
        wrong = held[~filters.contains(np.frombuffer(stored, np.uint8), held)]
        for band in wrong.tolist():
            yield f"the filter of bands does not know of band {band}"
