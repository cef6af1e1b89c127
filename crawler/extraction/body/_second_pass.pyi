"""What ``_second_pass.pyx`` offers."""

import numpy as np

VERSION: int

def matrix(
    probability: np.ndarray, words: np.ndarray, parents: np.ndarray, grandparents: np.ndarray
) -> np.ndarray: ...
