"""MinHash signatures of texts over sequences of words, and their LSH bands. Pure.

Broder 1997, "On the resemblance and containment of documents". The hash functions are our own and
fixed, since a signature must mean the same in ten years; a test compares them with known values.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

# Words in a sequence. At a tenth of the words edited two texts share 0.57 of their sequences of
# three; articles on one topic share under 0.1, and with sequences of two far more.
SHINGLE = 3
# Texts that share s of their sequences meet in a band with probability 1 - (1 - s^ROWS)^BANDS:
# 0.993 at 0.57, 0.02 at 0.1, three in a million at 0.005, as unrelated texts have.
ROWS, BANDS = 3, 24
PERMUTATIONS = ROWS * BANDS
# Shorter texts are alike by chance.
FEWEST_WORDS = 20
# Of a text that is longer, the beginning speaks for it.
_MOST_WORDS = 20_000

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
    """Mix the bits of ``values`` (the finaliser of MurmurHash3, Appleby)."""
    values = values ^ (values >> np.uint64(33))
    values = values * _MIX
    return values ^ (values >> np.uint64(33))


def shingles(words: Sequence[str]) -> Words:
    """Return the distinct hashes of word sequences (search tokens); none for short texts."""
    words = words[:_MOST_WORDS]
    if len(words) < FEWEST_WORDS:
        return np.empty(0, dtype=np.uint64)
    hashes = np.fromiter(map(zlib.crc32, map(str.encode, words)), np.uint64, len(words))
    hashes = _mixed(hashes + np.uint64(0x9E3779B97F4A7C15))
    count = len(words) - SHINGLE + 1
    joined = np.zeros(count, dtype=np.uint64)
    for place in range(SHINGLE):
        joined = joined + hashes[place : place + count] * _PLACES[place]
    return np.unique(_mixed(joined))


def signature_of(hashes: Words) -> Words:
    """Return the MinHash signature of shingles: ``PERMUTATIONS`` values below 2^32."""
    least = np.full(PERMUTATIONS, _MASK, dtype=np.uint64)
    # In pieces, so that a long text takes no more memory than a short one.
    for start in range(0, len(hashes), 1024):
        piece = hashes[start : start + 1024, None] * _FACTORS + _OFFSETS
        least = np.minimum(least, (piece >> np.uint64(32)).min(axis=0))
    return least


def bands_of(signature: Words) -> list[int]:
    """Return the bands of a signature as signed 64-bit integers."""
    rows = signature.reshape(BANDS, ROWS)
    joined = _BAND_SEEDS.copy()
    for row in range(ROWS):
        joined = _mixed((joined + rows[:, row]) * _BAND_FACTORS[row])
    return [int(band) for band in joined.view(np.int64)]


def bands_stored(signature: bytes) -> list[int]:
    """Return the bands of a stored signature."""
    return bands_of(np.frombuffer(signature, "<u4").astype(np.uint64))


def similarity(one: Words, other: Words) -> float:
    """Return the share of shingles that two texts have in common (Jaccard, 0 to 1)."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - common
    return common / union if union else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SignedText:
    """The shingle hashes of a text, their signature and its bands."""

    hashes: Words
    signature: bytes
    bands: list[int]


def sign(words: Sequence[str]) -> SignedText | None:
    """Sign a text by its search tokens; ``None`` for short texts."""
    hashes = shingles(words)
    if not len(hashes):
        return None
    signature = signature_of(hashes)
    return SignedText(hashes, signature.astype("<u4").tobytes(), bands_of(signature))
