"""Decide to which class each small piece goes, from the pieces and their borders alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CLASSES = 256
LeastPx = Callable[[NDArray[np.int64]], NDArray[np.int64]]


@dataclass(frozen=True)
class Graph:
    """Pieces that may be too small, and their borders. Nodes 0-255 are the large pieces of each class, taken as one.

    Attributes:
        classes: (N,) class of each node.
        pixels: (N,) size; more than any raster has for the large ones.
        keys: (N,) number of the first pixel of each piece in the raster; decides between equals.
        borders: (2, E) pairs of nodes that touch; of one class only across a seam, where they are one piece.
        lengths: (E,) length of each border in pixels.
    """

    classes: NDArray[np.uint8]
    pixels: NDArray[np.int64]
    keys: NDArray[np.int64]
    borders: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)


def merge(graph: Graph, least_px: LeastPx) -> NDArray[np.uint8]:
    """Return the class of each node when no piece is left that is too small and has a neighbour.

    Args:
        graph: the pieces.
        least_px: gives the least number of pixels of pieces with the given keys.

    In rounds: touching pieces of one class become one; then each piece that is too small joins the class with which it
    shares the longest border, of several equal ones that of the lower id, and where small pieces choose one another, the
    largest of them gives the class. The outcome for a piece depends on the small pieces connected with it alone.
    """
    group = np.arange(len(graph))
    classes, pixels, keys = graph.classes, graph.pixels, graph.keys
    borders, lengths = graph.borders, graph.lengths
    while True:
        same = classes[borders[0]] == classes[borders[1]]
        joined = borders[:, same]
        if not joined.shape[1]:
            joined = _choices(classes, pixels, keys, borders, lengths, pixels < least_px(keys))
        if not joined.shape[1]:
            return classes[group]
        count = len(classes)
        links = coo_array((np.ones(joined.shape[1], np.int8), (joined[0], joined[1])), shape=(count, count))
        new, of = connected_components(links, directed=False)
        group = of[group]
        order = np.lexsort((keys, -pixels, of))
        first = order[np.searchsorted(of[order], np.arange(new))]  # the largest of each gives class and key
        classes, keys = classes[first], np.minimum.reduceat(keys[order], np.searchsorted(of[order], np.arange(new)))
        pixels = np.bincount(of, pixels, new).astype(np.int64)
        borders = np.sort(of[borders], axis=0)
        borders, lengths = summed(borders[:, borders[0] != borders[1]], lengths[borders[0] != borders[1]], new)


def _choices(
    classes: NDArray, pixels: NDArray, keys: NDArray, borders: NDArray, lengths: NDArray, is_small: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return which group joins which, (2, n): each small one the class with the longest border."""
    one, other = np.concatenate([borders, borders[::-1]], axis=1)
    length = np.concatenate([lengths, lengths])
    asks = is_small[one]
    one, other, length = one[asks], other[asks], length[asks]
    if not len(one):
        return np.empty((2, 0), np.int64)
    towards = one * CLASSES + classes[other]
    _, which = np.unique(towards, return_inverse=True)
    total = np.bincount(which, length)[which]
    order = np.lexsort((keys[other], -pixels[other], classes[other], -total, one))
    best = order[np.append(True, one[order][1:] != one[order][:-1])]
    return np.stack([one[best], other[best]])


def summed(borders: NDArray, lengths: NDArray, count: int) -> tuple[NDArray, NDArray]:
    """Return each pair of nodes once, with the sum of its lengths."""
    packed, which = np.unique(borders[0].astype(np.int64) * count + borders[1], return_inverse=True)
    return np.stack(np.divmod(packed, count)), np.bincount(which, lengths, len(packed)).astype(np.int64)
