# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The sums of ``forest.py``, compiled, to the same bits.

``test_compiled.py`` holds them to the answers of their twin.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memset

import numpy as np

# That of forest.py at which this was written.
VERSION = 1


def summed(const float[:, ::1] columns not None, const int[:, ::1] asked not None,
           const float[:, ::1] borders not None, const float[:, ::1] leaves not None):
    """What all trees give each row, float32 of shape (rows,), as ``forest.Forest`` sums it.

    ``columns`` is (features, rows), so that the rows of a question lie together.
    """
    cdef Py_ssize_t row, tree, level, rows = columns.shape[1]
    cdef const float* column
    cdef float border
    answers = np.zeros(rows, dtype=np.float32)
    cdef float[::1] out = answers
    cdef unsigned char* leaf = <unsigned char*> malloc(max(rows, 1))
    if leaf == NULL:
        raise MemoryError
    for tree in range(asked.shape[0]):
        memset(leaf, 0, rows)
        for level in range(asked.shape[1]):
            column = &columns[asked[tree, level], 0]
            border = borders[tree, level]
            for row in range(rows):
                leaf[row] |= <unsigned char> ((column[row] > border) << level)
        for row in range(rows):
            out[row] += leaves[tree, leaf[row]]
    free(leaf)
    return answers
