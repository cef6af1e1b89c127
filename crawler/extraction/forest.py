"""Forests of oblivious trees, trained elsewhere, run here with NumPy alone.

An oblivious tree asks the same question at every node of a level, so a tree of depth ``d`` is
``d`` comparisons and a table of ``2**d`` leaves, and all trees over all blocks are one gather.
``benchmarks/train_extraction.py`` makes the weights with CatBoost; the file is JSON.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from crawler.extraction.compiled import part

WEIGHTS = Path(__file__).with_name("weights")


@dataclass(frozen=True, slots=True)
class Forest:
    """A boosted sum of oblivious trees. Shapes: ``features`` and ``borders`` (trees, depth),
    ``leaves`` (trees, 2**depth)."""

    names: tuple[str, ...]
    features: np.ndarray
    borders: np.ndarray
    leaves: np.ndarray
    bias: float

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Forest:
        """Read the weights' file."""
        return cls(
            names=tuple(data["features"]),
            features=np.array(data["split_features"], dtype=np.int32),
            borders=np.array(data["split_borders"], dtype=np.float32),
            leaves=np.array(data["leaves"], dtype=np.float32),
            bias=float(data["bias"]),
        )

    def probability(self, rows: np.ndarray) -> np.ndarray:
        """The probability of each row: ``rows`` is (n, features), the answer (n,)."""
        # Columns lie together, so that gathering them is copying.
        columns = np.ascontiguousarray(rows.T, dtype=np.float32)
        if compiled is not None:
            summed = compiled.summed(columns, self.features, self.borders, self.leaves)
        else:
            summed = self._summed(columns)
        return np.asarray(1.0 / (1.0 + np.exp(-(summed + self.bias))))

    def _summed(self, columns: np.ndarray) -> np.ndarray:
        """What all trees give each row: ``columns`` is (features, n), the answer (n,)."""
        trees, depth = self.features.shape
        leaf = np.zeros((trees, columns.shape[1]), dtype=np.uint8)
        # The answers of a tree's levels are the bits of its leaf's number.
        for level in range(depth):
            answers = columns[self.features[:, level]] > self.borders[:, level, None]
            leaf |= answers.view(np.uint8) << level
        at = leaf + (np.arange(trees) * self.leaves.shape[1])[:, None]
        return np.asarray(self.leaves.ravel()[at].sum(axis=0))


@lru_cache(maxsize=8)
def load(name: str) -> tuple[Forest, ...]:
    """The forests of a weights' file, once a process."""
    raw = gzip.decompress((WEIGHTS / f"{name}.json.gz").read_bytes())
    return tuple(Forest.from_json(part) for part in json.loads(raw)["forests"])


# It moves with every change to the sums above.
VERSION = 1
compiled = part("crawler.extraction._forest", VERSION)
