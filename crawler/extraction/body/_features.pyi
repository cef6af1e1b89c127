"""What ``_features.pyx`` offers."""

from collections.abc import Sequence

import numpy as np

from crawler.extraction.blocks.block import RawBlock
from crawler.extraction.body.features import Context

VERSION: int

def matrix(blocks: Sequence[RawBlock], context: Context) -> np.ndarray: ...
