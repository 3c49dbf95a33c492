"""Into how many pieces a map breaks each class, compared with the reference; any raster size in bounded memory.

A piece is a set of pixels of one class that touch by a side or a corner. Tiles are labelled one by one; labels that touch
across a tile border are joined, and pieces that can no longer grow are counted and forgotten after each row of tiles.
So memory follows the pieces in one row of tiles, not those of the raster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label

from engine.contract.legend import UNLABELLED

LEAST_PX = 16
"""Pieces smaller than this are counted apart: they are noise more often than objects."""


class PieceCounter:
    """Counts the pieces of each class while tiles arrive in row-major order.

    Args:
        classes: number of classes; ids are positions 0 to classes - 1.
        width: width of the raster.
    """

    def __init__(self, classes: int, width: int) -> None:
        self.pieces = np.zeros(classes, np.int64)
        self.specks = np.zeros(classes, np.int64)
        self._width = width
        self._above = np.full(width + 2, -1, np.int64)  # node of each pixel of the row above; one more on each side
        self._below = self._above.copy()
        self._left = np.empty(0, np.int64)
        self._sizes: list[NDArray] = [np.empty(0, np.int64)]
        self._classes: list[NDArray] = [np.empty(0, np.uint8)]
        self._edges: list[NDArray] = []
        self._nodes = 0

    def add(self, row: int, col: int, ids: NDArray) -> None:
        """Add the tile whose first pixel is (row, col): (h, w) class positions with UNLABELLED."""
        if col == 0 and row > 0:
            self._end_row()
        local = label(ids, background=UNLABELLED, connectivity=2)  # (h, w), 0 where unlabelled
        count = int(local.max(initial=0))
        of_class = np.zeros(count + 1, np.uint8)
        of_class[local.ravel()] = ids.ravel()
        self._sizes.append(np.bincount(local.ravel(), minlength=count + 1)[1:])
        self._classes.append(of_class[1:])
        nodes = np.where(local > 0, local.astype(np.int64) - 1 + self._nodes, -1)
        self._nodes += count
        height, width = ids.shape
        for shift in (0, 1, 2):  # up-left, up, up-right
            self._join(self._above[col + shift : col + shift + width], nodes[0])
        if col > 0:
            for shift in (-1, 0, 1):
                mine = nodes[max(shift, 0) : height + min(shift, 0), 0]
                self._join(self._left[max(-shift, 0) : height - max(shift, 0)], mine)
        self._below[col + 1 : col + 1 + width] = nodes[-1]
        self._left = nodes[:, -1].copy()

    def finish(self) -> None:
        """Count what is still open; call once, after the last tile."""
        self._below[:] = -1
        self._end_row()

    def _join(self, other: NDArray, mine: NDArray) -> None:
        touching = (other >= 0) & (mine >= 0)
        if touching.any():
            self._edges.append(np.unique(np.stack([other[touching], mine[touching]]), axis=1))

    def _end_row(self) -> None:
        """Join, count the pieces that no longer touch the open row, keep the others."""
        sizes, of_class = np.concatenate(self._sizes), np.concatenate(self._classes)
        first, second = np.concatenate([np.empty((2, 0), np.int64), *self._edges], axis=1)
        same = of_class[first] == of_class[second]
        first, second = first[same], second[same]
        graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(sizes), len(sizes)))
        count, roots = connected_components(graph, directed=False) if len(sizes) else (0, np.empty(0, np.int64))
        total = np.bincount(roots, weights=sizes, minlength=count).astype(np.int64)
        root_class = np.zeros(count, np.uint8)
        root_class[roots] = of_class
        still_open = np.zeros(count, bool)
        frontier = self._below >= 0
        still_open[roots[self._below[frontier]]] = True
        closed, large = ~still_open, total >= LEAST_PX
        self.pieces += np.bincount(root_class[closed & large], minlength=len(self.pieces))
        self.specks += np.bincount(root_class[closed & ~large], minlength=len(self.specks))
        renamed = np.cumsum(still_open) - 1
        self._above[:] = -1
        self._above[frontier] = renamed[roots[self._below[frontier]]]
        self._below[:] = -1
        self._sizes, self._classes, self._edges = [total[still_open]], [root_class[still_open]], []
        self._nodes = int(still_open.sum())
