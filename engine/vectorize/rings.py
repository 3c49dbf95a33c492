"""Closed lines in one array, and what is computed of them all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rings:
    """Closed lines, ragged; seen on the raster the owner lies to the left: outlines against the clock, holes with it.

    Attributes:
        xy: (P, 2) points as column and row, ring after ring, the first one not repeated.
        offsets: (R + 1,) where each ring begins.
        owners: (R,) number of the piece or polygon of each ring.
    """

    xy: NDArray
    offsets: NDArray[np.intp]
    owners: NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.owners)

    @property
    def lengths(self) -> NDArray[np.intp]:
        """Return the number of points of each ring."""
        return np.diff(self.offsets)

    @property
    def successors(self) -> NDArray[np.intp]:
        """Return for each point the position of the next one in its ring."""
        after = np.arange(1, self.offsets[-1] + 1)
        after[self.offsets[1:] - 1] = self.offsets[:-1]
        return after

    @property
    def cross_products(self) -> NDArray:
        """Return x y' - x' y for each segment; their sum is twice the area, below 0 for outlines."""
        x, y = self.xy[:, 0], self.xy[:, 1]
        after = self.successors
        return x * y[after] - x[after] * y

    def by_point(self, values: NDArray) -> NDArray:
        """Return a value of each ring, or its number, repeated for its points."""
        return np.repeat(values, self.lengths)

    def by_ring(self, values: NDArray) -> NDArray:
        """Return the sum of a value of each point for each ring."""
        return np.add.reduceat(values, self.offsets[:-1]) if len(self) else values[:0]

    def moved(self, col: int, row: int) -> Rings:
        """Return the rings shifted by whole pixels."""
        return Rings(self.xy + np.array([col, row]), self.offsets, self.owners)

    def chosen(self, rings: NDArray, owners: NDArray | None = None) -> Rings:
        """Return some rings, in the given order; `owners` renumbers the pieces."""
        rings = np.flatnonzero(rings) if rings.dtype == bool else rings
        lengths = self.lengths[rings]
        points, offsets = ragged(self.offsets[:-1][rings], lengths)
        kept = self.owners[rings]
        return Rings(self.xy[points], offsets, kept if owners is None else owners[kept])


def ragged(starts: NDArray, lengths: NDArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of consecutive stretches one behind the other, and where each stretch begins there."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
    return np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1]), offsets


def joined(parts: list[Rings]) -> Rings:
    """Return all rings of a list, in order."""
    if not parts:
        return Rings(np.empty((0, 2), np.int64), np.zeros(1, np.intp), np.empty(0, np.int64))
    sizes = np.cumsum([0, *(len(p.xy) for p in parts)])
    offsets = [p.offsets[:-1] + size for p, size in zip(parts, sizes, strict=False)]
    return Rings(
        np.concatenate([p.xy for p in parts]), np.concatenate([*offsets, sizes[-1:]]), np.concatenate([p.owners for p in parts])
    )


def polygons(rings: Rings, count: int) -> NDArray[np.object_]:
    """Return the polygons of owners 0 to count - 1, each with one outline and its holes; none is left out."""
    points, offsets, owned = _arranged(rings, count)
    return np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, rings.xy[points].astype(float), (offsets, owned)))


def well_known_binary(rings: Rings, xy: NDArray[np.float64], count: int) -> NDArray[np.object_]:
    """Return what `polygons` returns as WKB, with other coordinates for the points; four times faster than objects.

    All numbers of the format are multiples of four bytes but the first byte of each polygon, so it is put before last.
    """
    points, offsets, owned = _arranged(rings, count)
    sizes = np.diff(offsets)
    # words: for each polygon its type and number of rings, for each ring its number of points, then four for each point
    heads = 2 * (np.repeat(np.arange(count), np.diff(owned)) + 1) + np.arange(len(sizes)) + 4 * offsets[:-1]
    words = np.empty(2 * count + len(sizes) + 4 * len(points), "<u4")
    words[heads] = sizes
    begins = heads[owned[:-1]] - 2
    words[begins] = shapely.GeometryType.POLYGON.value
    words[begins + 1] = np.diff(owned)
    place = np.repeat(heads + 1 - 4 * offsets[:-1], sizes) + 4 * np.arange(len(points))
    halves = np.ascontiguousarray(xy, "<f8").view("<u4").reshape(-1, 4)[points]
    for position in range(4):
        words[place + position] = halves[:, position]
    data = words.tobytes()
    ends = (4 * np.append(begins, len(words))).tolist()
    found = np.empty(count, object)
    found[:] = [b"\x01" + data[ends[i] : ends[i + 1]] for i in range(count)]
    return found


def _arranged(rings: Rings, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the points of closed rings by owner, outlines first; where each ring begins there; each owner's first ring."""
    is_hole = rings.by_ring(rings.cross_products) > 0
    order = np.argsort(rings.owners.astype(np.int64) * 2 + is_hole, kind="stable")
    points, offsets = ragged(rings.offsets[:-1][order], rings.lengths[order] + 1)
    points[offsets[1:] - 1] = rings.offsets[:-1][order]  # the first point again
    return points, offsets, np.searchsorted(rings.owners[order], np.arange(count + 1))


def of_polygons(found: NDArray[np.object_]) -> Rings:
    """Return the rings of polygons, with the owner to the left; the polygons' positions are the owners."""
    if not len(found):
        return joined([])
    _, xy, (ring_offsets, owned) = shapely.to_ragged_array(shapely.orient_polygons(found, exterior_cw=True))
    lengths = np.diff(ring_offsets) - 1
    points, offsets = ragged(ring_offsets[:-1], lengths)
    return Rings(xy[points], offsets, np.repeat(np.arange(len(found)), np.diff(owned)))
