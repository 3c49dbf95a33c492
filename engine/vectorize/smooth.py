"""Round the corners of a coverage: both sides of a border get the same new points."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.vectorize.rings import Rings, polygons

_ROUNDS = 2
_TRIES = 4


def smoothed(rings: Rings, count: int, height: int, width: int) -> Rings:
    """Return the rings with corners cut at a quarter of their sides, twice (Chaikin 1974).

    Points on the frame of the tile and those where three borders meet stay. Coordinates are whole numbers before and
    sixteenths after, so that both sides of a border are equal to the last bit. Where rounded borders would cross, the
    polygons concerned keep their corners; where that does not help, all do.

    https://doi.org/10.1016/0146-664X(74)90028-8
    """
    x, y = rings.xy[:, 0], rings.xy[:, 1]
    corner, degree = _degrees(rings)
    fixed = (degree[corner] != 2) | (x == 0) | (y == 0) | (x == width) | (y == height)
    for _ in range(_TRIES):
        found, still = rings, fixed
        for _ in range(_ROUNDS):
            found, still = _cut(found, still)
        made = polygons(found, count)
        broken = ~shapely.is_valid(made)
        if not broken.any():
            broken = ~shapely.is_empty(shapely.coverage_invalid_edges(made))
        if not broken.any():
            return found
        kept = np.zeros(len(degree), bool)
        kept[corner[broken[rings.by_point(rings.owners)]]] = True
        fixed = fixed | kept[corner]
    return rings


def _degrees(rings: Rings) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of each point, equal for equal ones, and how many different segments meet in each."""
    _, corner = np.unique(rings.xy[:, 0] + 1j * rings.xy[:, 1], return_inverse=True)
    other = corner[rings.successors]
    low, high = np.minimum(corner, other).astype(np.int64), np.maximum(corner, other)
    size = int(corner.max(initial=0)) + 1
    segments = np.unique(low * size + high)
    return corner, np.bincount(segments // size, minlength=size) + np.bincount(segments % size, minlength=size)


def _cut(rings: Rings, fixed: NDArray[np.bool_]) -> tuple[Rings, NDArray[np.bool_]]:
    """Return the rings with each corner that is not fixed cut once, and which of the new points are fixed."""
    after = rings.successors
    quarter = (rings.xy[after] - rings.xy) / 4
    first = np.where(fixed[:, None], rings.xy, rings.xy + quarter)
    second = rings.xy[after] - quarter
    has_second = ~fixed[after]
    xy = np.stack([first, second], axis=1).reshape(-1, 2)
    kept = np.stack([np.ones(len(fixed), bool), has_second], axis=1).ravel()
    lengths = rings.by_ring(1 + has_second.astype(np.intp))
    still = np.stack([fixed, np.zeros(len(fixed), bool)], axis=1).ravel()
    return Rings(xy[kept], np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp), rings.owners), still[kept]
