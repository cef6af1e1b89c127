"""What ``_model.pyx`` offers."""

import numpy as np

VERSION: int

def matrix(
    probability: np.ndarray, words: np.ndarray, parents: np.ndarray, grandparents: np.ndarray
) -> np.ndarray: ...
def summed(
    columns: np.ndarray, asked: np.ndarray, borders: np.ndarray, leaves: np.ndarray
) -> np.ndarray: ...
