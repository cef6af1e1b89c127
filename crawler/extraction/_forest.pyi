"""What ``_forest.pyx`` offers."""

import numpy as np

VERSION: int

def summed(
    columns: np.ndarray, asked: np.ndarray, borders: np.ndarray, leaves: np.ndarray
) -> np.ndarray: ...
