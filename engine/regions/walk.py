"""The order in which a batch is visited: a serpentine, so that the eye does not jump across the map."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def serpentine(row: NDArray, col: NDArray) -> NDArray[np.int64]:
    """Return the indices of the points along strips, alternately to the right and to the left.

    Strips of height sqrt(3 A / n) give a walk of 0.92 sqrt(n A) for 2 000 evenly spread points, where the shortest one is
    about 0.71 sqrt(n A) (measured 2026-11-20).

    Args:
        row: (n,) rows of the centres.
        col: (n,) their columns.
    """
    if len(row) == 0:
        return np.zeros(0, np.int64)
    height, width = float(np.ptp(row)) + 1.0, float(np.ptp(col)) + 1.0
    strip = ((row - row.min()) // math.sqrt(3.0 * height * width / len(row))).astype(np.int64)
    along = np.where(strip % 2 == 0, col, -col)
    return np.lexsort((row, along, strip))
