"""Join the pieces of tiles to regions, one row of tiles after the other.

A region is complete when none of its pieces goes on below the current row of tiles; then it leaves. What is held are the
borders of the regions that go on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.vectorize import cycles
from engine.vectorize.rings import Rings, joined, ragged
from engine.vectorize.seam import Chains


@dataclass(frozen=True)
class Measures:
    """What is summed up over the pixels of each piece.

    Attributes:
        classes: (N,) class.
        confidence: (N,) sum of the confidence in percent.
        judged: (N,) number of pixels with a confidence.
    """

    classes: NDArray[np.uint8]
    confidence: NDArray[np.float64]
    judged: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)

    def chosen(self, which: NDArray) -> Measures:
        """Return those of some pieces."""
        return Measures(self.classes[which], self.confidence[which], self.judged[which])

    def grouped(self, groups: NDArray[np.integer], count: int) -> Measures:
        """Return the sums by group."""
        classes = np.zeros(count, np.uint8)
        classes[groups] = self.classes
        judged = np.bincount(groups, self.judged, count).astype(np.int64)
        return Measures(classes, np.bincount(groups, self.confidence, count).astype(float), judged)


@dataclass(frozen=True)
class OpenPieces:
    """The pieces of a tile that go on beyond its frame.

    Attributes:
        measures: of the pieces.
        rings: rings that lie whole in the tile, in pixels of the raster.
        chains: the rest of their borders.
        sides: for top, bottom, left and right, the piece that goes on beyond each pixel, -1 for none.
    """

    measures: Measures
    rings: Rings
    chains: Chains
    sides: tuple[NDArray[np.int32], ...]


class Stitcher:
    """Takes rows of tiles from top to bottom and gives back the regions that are complete."""

    def __init__(self, width: int) -> None:
        self._measures = Measures(np.zeros(0, np.uint8), np.zeros(0), np.zeros(0, np.int64))
        self._rings = joined([])
        self._chains = _no_chains()
        self._below = np.full(width, -1)

    def add(self, row: list[OpenPieces]) -> tuple[Rings, Measures]:
        """Take a row of tiles from left to right; return the regions that end with it, as rings by region."""
        measures, rings, chains = [self._measures], [self._rings], [self._chains]
        links, below, col, count = [], [], 0, len(self._measures)
        right = np.empty(0, np.int64)
        for tile in row:
            top, bottom, left, _ = (np.where(side >= 0, side + count, -1) for side in tile.sides)
            links.append(_pairs(self._below[col : col + len(top)], top))
            if len(right):
                links.append(_pairs(right, left))
            right = np.where(tile.sides[3] >= 0, tile.sides[3] + count, -1)
            below.append(bottom)
            measures.append(tile.measures)
            rings.append(_owned_from(tile.rings, count))
            chains.append(_chains_from(tile.chains, count))
            col += len(top)
            count += len(tile.measures)
        above, under = np.concatenate(links, axis=1)
        graph = coo_array((np.ones(len(above), np.int8), (above, under)), shape=(count, count))
        regions, region = connected_components(graph, directed=False)
        bottom = np.concatenate(below)
        goes_on = np.zeros(regions, bool)
        goes_on[region[bottom[bottom >= 0]]] = True
        number = np.where(goes_on, np.cumsum(goes_on), np.cumsum(~goes_on)) - 1
        summed = _measures(measures).grouped(region, regions)
        all_rings, all_chains = joined(rings), _joined_chains(chains)
        ring_goes_on, chain_goes_on = goes_on[region[all_rings.owners]], goes_on[region[all_chains.owners]]
        numbers = np.append(number[region], -1)  # the last one answers to -1, no piece
        self._measures = summed.chosen(goes_on)
        self._rings = all_rings.chosen(ring_goes_on, numbers)
        self._chains = _chosen_chains(all_chains, np.flatnonzero(chain_goes_on), numbers)
        self._below = numbers[bottom]
        whole = all_rings.chosen(~ring_goes_on, numbers)
        closed = close(_chosen_chains(all_chains, np.flatnonzero(~chain_goes_on), numbers))
        return joined([whole, closed]), summed.chosen(~goes_on)


def close(chains: Chains) -> Rings:
    """Return the rings that the chains of whole regions make, without the points that only the seam put there."""
    if not len(chains.owners):
        return joined([])
    heads = chains.xy[chains.offsets[:-1]]
    by_head = np.lexsort((heads[:, 0], heads[:, 1], chains.owners))
    by_end = np.lexsort((chains.ends[:, 0], chains.ends[:, 1], chains.owners))
    assert (heads[by_head] == chains.ends[by_end]).all(), "a chain ends where none begins"
    following = np.empty(len(heads), np.intp)
    following[by_end] = by_head
    members, starts = cycles.order(following)
    ordered = _chosen_chains(chains, members, None)
    offsets = ordered.offsets[starts]
    rings = Rings(ordered.xy, offsets, ordered.owners[starts[:-1]])
    removable = np.zeros(len(rings.xy), bool)
    removable[ordered.offsets[:-1]] = ordered.passing
    return _split(_without(rings, removable & _is_straight(rings)))


def _is_straight(rings: Rings) -> NDArray[np.bool_]:
    after = rings.successors
    leave = rings.xy[after] - rings.xy
    arrive = np.empty_like(leave)
    arrive[after] = leave
    return arrive[:, 0] * leave[:, 1] == arrive[:, 1] * leave[:, 0]


def _without(rings: Rings, dropped: NDArray[np.bool_]) -> Rings:
    lengths = rings.by_ring((~dropped).astype(np.intp))
    return Rings(rings.xy[~dropped], np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp), rings.owners)


def _split(rings: Rings) -> Rings:
    """Return rings of which none meets itself: one that does is two that touch, an outline and a hole or two holes."""
    ring = rings.by_point(np.arange(len(rings)))
    order = np.lexsort((rings.xy[:, 0], rings.xy[:, 1], ring))
    xy, of = rings.xy[order], ring[order]
    again = (of[1:] == of[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
    touching = np.unique(of[1:][again])
    if not len(touching):
        return rings
    parts = [rings.chosen(np.setdiff1d(np.arange(len(rings)), touching))]
    for number in touching.tolist():
        points = rings.xy[rings.offsets[number] : rings.offsets[number + 1]]
        loops = [points[loop] for loop in _loops([tuple(p) for p in points.tolist()])]
        offsets = np.cumsum([0, *(len(loop) for loop in loops)])
        parts.append(Rings(np.concatenate(loops), offsets, np.full(len(loops), rings.owners[number])))
    return joined(parts)


def _loops(points: list[tuple[float, float]]) -> list[list[int]]:
    """Return the positions of the points of each loop of a closed line that passes some points several times."""
    loops: list[list[int]] = []
    path: list[int] = []
    place: dict[tuple[float, float], int] = {}
    for position, point in enumerate(points):
        if point in place:
            start = place[point]
            loops.append(path[start:])
            for left in path[start:]:
                del place[points[left]]
            del path[start:]
        place[point] = len(path)
        path.append(position)
    return [*loops, path]


def _pairs(one: NDArray, other: NDArray) -> NDArray[np.int64]:
    """Return the different pairs of pieces that touch along a seam, (2, n)."""
    touching = (one >= 0) & (other >= 0)
    assert (touching == (one >= 0)).all() and (touching == (other >= 0)).all(), "the sides of a seam differ"
    pairs = np.stack([one[touching], other[touching]])
    if pairs.shape[1] < 2:
        return pairs
    return pairs[:, np.append(True, (pairs[:, 1:] != pairs[:, :-1]).any(axis=0))]


def _measures(parts: list[Measures]) -> Measures:
    return Measures(
        np.concatenate([p.classes for p in parts]),
        np.concatenate([p.confidence for p in parts]),
        np.concatenate([p.judged for p in parts]),
    )


def _owned_from(rings: Rings, first: int) -> Rings:
    return Rings(rings.xy, rings.offsets, rings.owners + first)


def _chains_from(chains: Chains, first: int) -> Chains:
    return Chains(chains.xy, chains.offsets, chains.owners + first, chains.ends, chains.passing)


def _no_chains() -> Chains:
    nothing = np.empty((0, 2), np.int64)
    return Chains(nothing, np.zeros(1, np.intp), np.zeros(0, np.int64), nothing, np.zeros(0, bool))


def _joined_chains(parts: list[Chains]) -> Chains:
    sizes = np.cumsum([0, *(len(p.xy) for p in parts)])
    offsets = [p.offsets[:-1] + size for p, size in zip(parts, sizes, strict=False)]
    return Chains(
        np.concatenate([p.xy for p in parts]),
        np.concatenate([*offsets, sizes[-1:]]),
        np.concatenate([p.owners for p in parts]),
        np.concatenate([p.ends for p in parts]),
        np.concatenate([p.passing for p in parts]),
    )


def _chosen_chains(chains: Chains, which: NDArray[np.intp], owners: NDArray | None) -> Chains:
    points, offsets = ragged(chains.offsets[:-1][which], np.diff(chains.offsets)[which])
    kept = chains.owners[which]
    return Chains(
        chains.xy[points], offsets, kept if owners is None else owners[kept], chains.ends[which], chains.passing[which]
    )
