"""Minimum mapping unit: pieces below it go to the neighbours with which they share the longest border.

The raster is cut in tiles, the result is not: what a tile can decide alone it decides, and pieces that depend on what
lies beyond its frame are decided together afterwards, by the same rule. So memory holds those near the seams only.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Window
from engine.vectorize import pieces
from engine.vectorize.ground import Ground
from engine.vectorize.merge import CLASSES, Graph, LeastPx, merge, summed
from engine.vectorize.source import Scratch, Source
from engine.vectorize.stream import in_order

_LARGE_PX = 2**44


def sieve(source: Source, minimum_m2: float, ground: Ground, folder: Path, tile_px: int, report: Reporter) -> Scratch:
    """Return the class raster without pieces below an area; close it after use.

    Args:
        source: the class raster.
        minimum_m2: least area on the ground.
        ground: areas.
        folder: where the new raster lies while it is used, one byte a pixel.
        tile_px: side of the tiles; the result does not depend on it.
        report: hears of the progress.

    The area of a piece is its number of pixels times the area of its first one. A piece with unlabelled pixels around it
    only stays, and unlabelled pixels stay unlabelled.
    """

    def least_px(keys: NDArray[np.int64]) -> NDArray[np.int64]:
        row, col = np.divmod(np.maximum(keys, 0), source.geobox.width)
        e, f, g = ground.metric(row, col)
        return np.ceil(np.nan_to_num(minimum_m2 / np.sqrt(e * g - f * f), nan=minimum_m2)).astype(np.int64)

    survey = partial(_survey, source, least_px)
    known: dict[Window, NDArray[np.uint8]] = {}  # class of each piece
    waiting: list[_Waiting] = []
    seams = _Seams(source.geobox.width)
    count = CLASSES
    for row in in_order(source, tile_px, survey, report, "Finding small areas"):
        for window, found, left in row:
            known[window] = found
            seams.add(window, left, count)
            waiting.append(left)
            count += len(left.pieces)
    merged = merge(_whole_graph(waiting, seams), least_px)[CLASSES:]
    starts = np.cumsum([0, *(len(left.pieces) for left in waiting)])
    for (_, found), left, start in zip(known.items(), waiting, starts[:-1].tolist(), strict=True):
        found[left.pieces] = merged[start : start + len(left.pieces)]
    with contextlib.ExitStack() as on_error:
        target = on_error.enter_context(Scratch(source.geobox, folder))

        def paint(window: Window) -> None:
            target.write(window, known[window][pieces.find(source.read(window)).labels])

        for painted in in_order(source, tile_px, paint, report, "Removing small areas"):
            for _ in painted:
                pass
        on_error.pop_all()
    return target


@dataclass(frozen=True)
class _Waiting:
    """What a tile cannot decide alone: pieces by number, with their borders (nodes from 256 on are their positions)."""

    pieces: NDArray[np.intp]
    graph: Graph
    sides: tuple[NDArray[np.int64], ...]
    ids: tuple[NDArray[np.uint8], ...]


def _survey(source: Source, least_px: LeastPx, window: Window) -> tuple[Window, NDArray[np.uint8], _Waiting]:
    ids = source.read(window)
    found = pieces.find(ids)
    labels = found.labels
    first = np.full(len(found), -1)
    flat = labels.ravel()[::-1]
    first[flat] = np.arange(flat.size)[::-1]  # the last one written is the first pixel
    row, col = np.divmod(first, ids.shape[1])
    keys = (row + window.row).astype(np.int64) * source.geobox.width + col + window.col
    is_small = (found.pixels < least_px(keys)) & (found.classes != UNLABELLED)
    node = np.where(is_small, CLASSES - 1 + np.cumsum(is_small), found.classes).astype(np.int64)
    small = np.flatnonzero(is_small)
    graph = Graph(
        np.concatenate([np.arange(CLASSES, dtype=np.uint8), found.classes[small]]),
        np.concatenate([np.full(CLASSES, _LARGE_PX), found.pixels[small]]),
        np.concatenate([np.arange(CLASSES) - CLASSES, keys[small]]),
        *_borders(node[labels]),
    )
    edge = np.zeros(len(graph), bool)
    inner_frame = _inner_sides(window, source, labels)
    for side in inner_frame:
        edge[node[side]] = True
    edge[:CLASSES] = False
    among = graph.borders[:, (graph.borders >= CLASSES).all(axis=0)]
    links = coo_array((np.ones(among.shape[1], np.int8), (among[0], among[1])), shape=(len(graph), len(graph)))
    clusters, cluster = connected_components(links, directed=False)
    waits = np.zeros(clusters, bool)
    waits[cluster[edge]] = True
    waits = waits[cluster]
    waits[:CLASSES] = False
    classes = found.classes.copy()
    here, _ = _part(graph, ~waits)
    classes[small[~waits[CLASSES:]]] = merge(here, least_px)[CLASSES:]
    later, number = _part(graph, waits)
    outer = tuple(number[node[side]] for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    outer_ids = (ids[0], ids[-1], ids[:, 0], ids[:, -1])
    return window, classes, _Waiting(small[waits[CLASSES:]], later, outer, tuple(side.copy() for side in outer_ids))


def _inner_sides(window: Window, source: Source, labels: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Return the pieces along the sides of a tile that are no sides of the raster."""
    frame = source.geobox
    return [
        side
        for side, inner in (
            (labels[0], window.row > 0),
            (labels[-1], window.row + window.height < frame.height),
            (labels[:, 0], window.col > 0),
            (labels[:, -1], window.col + window.width < frame.width),
        )
        if inner
    ]


def _borders(nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of touching nodes of which one is small, and the lengths of their borders, from an array (h, w)."""
    pairs = []
    for one, other in ((nodes[:, :-1], nodes[:, 1:]), (nodes[:-1], nodes[1:])):
        touch = (one != other) & ((one >= CLASSES) | (other >= CLASSES)) & (one != UNLABELLED) & (other != UNLABELLED)
        pairs.append(np.stack([one[touch], other[touch]]))
    together = np.sort(np.concatenate(pairs, axis=1), axis=0)
    return summed(together, np.ones(together.shape[1], np.int64), int(nodes.max(initial=0)) + 1)


def _part(graph: Graph, chosen: NDArray[np.bool_]) -> tuple[Graph, NDArray[np.int64]]:
    """Return the graph of some small nodes and all large ones, and the new number of each old node."""
    chosen = chosen.copy()
    chosen[:CLASSES] = True
    number = np.where(chosen, np.cumsum(chosen) - 1, -1)
    kept = chosen[graph.borders].all(axis=0)
    return Graph(
        graph.classes[chosen], graph.pixels[chosen], graph.keys[chosen], number[graph.borders[:, kept]], graph.lengths[kept]
    ), number


class _Seams:
    """The borders across the seams between tiles."""

    def __init__(self, width: int) -> None:
        self.borders: list[NDArray[np.int64]] = []
        self._below = (np.full(width, UNLABELLED, np.int64), np.full(width, UNLABELLED, np.uint8))
        self._right: tuple[NDArray[np.int64], NDArray[np.uint8]] | None = None

    def add(self, window: Window, left: _Waiting, count: int) -> None:
        """Take the next tile, whose small nodes are numbered from `count` on."""
        top, bottom, west, east = (np.where(side >= CLASSES, side - CLASSES + count, side) for side in left.sides)
        columns = slice(window.col, window.col + window.width)
        self._touch(self._below[0][columns], top)
        if self._right is not None and window.col:
            self._touch(self._right[0], west)
        self._below[0][columns] = bottom
        self._right = (east, left.ids[3])

    def _touch(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        touch = ((one >= CLASSES) | (other >= CLASSES)) & (one != UNLABELLED) & (other != UNLABELLED)
        self.borders.append(np.stack([one[touch], other[touch]]))


def _whole_graph(waiting: list[_Waiting], seams: _Seams) -> Graph:
    """Return the graph of everything that the tiles could not decide."""
    classes, pixels, keys = (
        [getattr(waiting[0].graph, name)[:CLASSES]] + [getattr(left.graph, name)[CLASSES:] for left in waiting]
        for name in ("classes", "pixels", "keys")
    )
    borders, lengths, count = list(seams.borders), [np.ones(b.shape[1], np.int64) for b in seams.borders], CLASSES
    for left in waiting:
        inside = left.graph.borders
        borders.append(np.where(inside >= CLASSES, inside - CLASSES + count, inside))
        lengths.append(left.graph.lengths)
        count += len(left.pieces)
    pairs = np.sort(np.concatenate(borders, axis=1), axis=0)
    touching = summed(pairs, np.concatenate(lengths), count)
    return Graph(np.concatenate(classes), np.concatenate(pixels), np.concatenate(keys), *touching)
