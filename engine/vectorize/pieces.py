"""Connected pieces of one class, from runs of equal pixels: several times faster than labelling pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Pieces:
    """Sets of pixels of one class that are connected by their sides, numbered in the order of their first pixels.

    Attributes:
        labels: (h, w) int32, number of the piece of each pixel.
        classes: (N,) uint8, class of each piece.
        pixels: (N,) number of pixels.
    """

    labels: NDArray[np.int32]
    classes: NDArray[np.uint8]
    pixels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)


def find(ids: NDArray[np.uint8]) -> Pieces:
    """Return the pieces of a class raster (h, w)."""
    height, width = ids.shape
    is_start = np.ones((height, width), bool)
    np.not_equal(ids[:, 1:], ids[:, :-1], out=is_start[:, 1:])
    starts = np.flatnonzero(is_start)
    lengths = np.diff(starts, append=height * width)
    runs = np.repeat(np.arange(len(starts), dtype=np.int32), lengths)  # (h * w,)
    flat = ids.ravel()
    # Of two runs that overlap in neighbouring rows, the one that begins later begins beside the other.
    lower, upper = starts[starts >= width], starts[starts < (height - 1) * width]
    lower, upper = lower[flat[lower] == flat[lower - width]], upper[flat[upper] == flat[upper + width]]
    above = np.concatenate([runs[lower - width], runs[upper]])
    below = np.concatenate([runs[lower], runs[upper + width]])
    links = coo_array((np.ones(len(above), np.int8), (above, below)), shape=(len(starts), len(starts)))
    count, piece_of_run = connected_components(links, directed=False)
    classes = np.empty(count, np.uint8)
    classes[piece_of_run] = flat[starts]
    pixels = np.bincount(piece_of_run, lengths, minlength=count).astype(np.int64)
    return Pieces(np.repeat(piece_of_run, lengths).reshape(height, width), classes, pixels)
