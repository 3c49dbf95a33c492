"""Pixels drawn at random from each stratum of a raster of any size: two readings, memory of one block.

The first reading counts each stratum; ranks are then drawn without replacement among its pixels in reading order, and the
second reading finds the pixels with these ranks. Every pixel of a stratum has the same chance: simple random sampling.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED


def ranks(sizes: NDArray, points: NDArray, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return for each stratum the sorted ranks of the pixels to take, 0 to size - 1, none twice."""
    return [
        np.sort(rng.choice(int(size), size=int(n), replace=False, shuffle=False)) for size, n in zip(sizes, points, strict=True)
    ]


def find(blocks: Iterable[tuple[int, NDArray]], chosen: list[NDArray]) -> NDArray[np.int64]:
    """Return the pixels with the chosen ranks, (N, 3): stratum, row, col.

    Args:
        blocks: (first row, (h, W) strata with UNLABELLED) from top to bottom, as in the first reading.
        chosen: sorted ranks of each stratum, from `ranks`.
    """
    seen = np.zeros(len(chosen), np.int64)
    found: list[NDArray] = [np.empty((0, 3), np.int64)]
    for first_row, ids in blocks:
        counts = np.bincount(ids[ids != UNLABELLED], minlength=len(chosen))
        for stratum in np.flatnonzero(counts):
            low, high = np.searchsorted(chosen[stratum], (seen[stratum], seen[stratum] + counts[stratum]))
            if high > low:
                flat = np.flatnonzero(ids == stratum)[chosen[stratum][low:high] - seen[stratum]]
                row, col = np.divmod(flat, ids.shape[1])
                found.append(np.stack([np.full(len(flat), stratum), row + first_row, col], axis=1))
        seen += counts
    return np.concatenate(found)
