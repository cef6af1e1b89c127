# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The columns of ``second_pass.py``, compiled, to the same bits.

``test_compiled.py`` holds them to the answers of their twin.
"""

from libc.math cimport log1p
from libc.stdlib cimport free, malloc

import numpy as np

from crawler.extraction.body import second_pass

# That of second_pass.py at which this was written.
VERSION = 3

cdef Py_ssize_t WIDTH = len(second_pass.NAMES)
cdef tuple SHIFTS = second_pass._SHIFTS
cdef tuple WINDOWS = second_pass._WINDOWS
cdef double FAR = second_pass._FAR
cdef float SURE = second_pass._SURE
cdef double LONG = second_pass._LONG
cdef double MOST = second_pass._MOST


cdef int by_group(float[:, ::1] out, Py_ssize_t column, const float[::1] probability,
                  const double[::1] words, const long long[::1] group, double total) except -1:
    """What the first look thinks of each block's group: on average, at best, and its share."""
    cdef Py_ssize_t i, at, n = probability.shape[0], most = 0
    for i in range(n):
        most = max(most, <Py_ssize_t> group[i])
    sums = np.zeros((4, most + 1))
    cdef double[:, ::1] sum = sums
    for i in range(n):
        at = group[i]
        sum[0, at] += words[i] + 1
        sum[1, at] += probability[i] * (words[i] + 1)
        sum[2, at] += probability[i] * words[i]
        sum[3, at] = max(sum[3, at], <double> probability[i])
    for i in range(n):
        at = group[i]
        out[i, column] = <float> (sum[1, at] / sum[0, at])
        out[i, column + 1] = <float> sum[3, at]
        out[i, column + 2] = <float> (sum[2, at] / (total + 1))
    return 0


cdef int box(float[:, ::1] out, Py_ssize_t column, const float[::1] probability,
             const double[::1] words, const long long[::1] places,
             const long long[::1] parents, double total) except -1:
    """Where each block stands to the innermost place that holds most of the text."""
    cdef Py_ssize_t i, steps, place, branch, inner = 0
    cdef Py_ssize_t n = probability.shape[0], count = parents.shape[0]
    sums = np.zeros((2, count))
    cdef double[:, ::1] sum = sums
    around_it = np.zeros(count, dtype=np.uint8)
    cdef unsigned char[::1] around = around_it
    for i in range(n):
        sum[0, places[i]] += probability[i] * words[i]
        sum[1, places[i]] += words[i]
    for i in range(count - 1, 0, -1):
        sum[0, parents[i]] += sum[0, i]
        sum[1, parents[i]] += sum[1, i]
    for i in range(count):
        if sum[0, i] >= MOST * total and (i == 0 or parents[i] == inner):
            inner = i
    place = inner
    while place >= 0:
        around[place] = 1
        place = parents[place]
    for i in range(n):
        place = branch = places[i]
        steps = 0
        while not around[place]:
            branch = place
            steps += 1
            place = parents[place]
        out[i, column] = place == inner
        out[i, column + 1] = <float> steps
        out[i, column + 2] = <float> (sum[0, branch] / (sum[1, branch] + 1))
        out[i, column + 3] = <float> (sum[0, branch] / (total + 1))
        out[i, column + 4] = <float> log1p(sum[1, branch])
    return 0


def matrix(const float[::1] probability not None, const double[::1] words not None,
           const long long[:, ::1] groups not None, const long long[::1] headings not None,
           const long long[::1] places not None, const long long[::1] parents not None):
    """As ``second_pass.matrix``, for at least one block."""
    cdef Py_ssize_t i, j, k, low, high, column = 1, n = probability.shape[0]
    cdef Py_ssize_t first = -1, last = -1, final = -1
    rows = np.zeros((n, WIDTH), dtype=np.float32)
    cdef float[:, ::1] out = rows
    cdef double total = 0.0, so_far = 0.0, length = 0.0
    # Sums up to each block of its weight, and of that times its probability.
    running = np.zeros((2, n + 1))
    cdef double[:, ::1] sums = running
    for i in range(n):
        total += probability[i] * words[i]
        length += words[i]
        sums[0, i + 1] = sums[0, i] + (words[i] + 1)
        sums[1, i + 1] = sums[1, i] + probability[i] * (words[i] + 1)
        out[i, 0] = probability[i]
    for shift in SHIFTS:
        k = shift
        for i in range(n):
            out[i, column] = probability[i - k] if i >= k else <float> -0.1
            out[i, column + 1] = probability[i + k] if i + k < n else <float> -0.1
        column += 2
    for j in range(groups.shape[0]):
        by_group(out, column, probability, words, groups[j], total)
        column += 3
    for i in range(n):
        so_far += probability[i] * words[i]
        out[i, column] = <float> log1p(total)
        out[i, column + 1] = <float> (so_far / (total + 1))
        out[i, column + 2] = probability[i] > <float> 0.5
        out[i, column + 3] = <float> (min(<double> (i - last), FAR) if last >= 0 else FAR)
        if probability[i] > SURE and words[i] > LONG:
            last = i
            if first < 0:
                first = i
    final, last = last, -1
    for i in range(n - 1, -1, -1):
        out[i, column + 4] = <float> (min(<double> (last - i), FAR) if last >= 0 else FAR)
        if probability[i] > SURE and words[i] > LONG:
            last = i
    column += 5
    for width in WINDOWS:
        k = width
        for i in range(n):
            low, high = max(i - k, 0), min(i + k + 1, n)
            out[i, column] = <float> ((sums[1, high] - sums[1, low]) / (sums[0, high] - sums[0, low]))
        column += 1
    for i in range(n):
        out[i, column] = probability[headings[i]] if headings[i] >= 0 else <float> -0.1
        out[i, column + 6] = <float> (total / (length + 1))
        out[i, column + 7] = first < 0 or i < first
        out[i, column + 8] = first < 0 or i > final
    box(out, column + 1, probability, words, places, parents, total)
    return rows
