"""What ``_features.pyx`` offers."""

from collections.abc import Sequence

import numpy as np

from crawler.extraction.blocks import RawBlock
from crawler.extraction.features import Context

VERSION: int

def matrix(blocks: Sequence[RawBlock], context: Context) -> np.ndarray: ...
