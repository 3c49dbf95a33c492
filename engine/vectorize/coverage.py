"""Simplify and smooth the borders of a tile together: shared borders stay shared, the frame of the tile stays as it is.

Neighbouring tiles meet on their frames only, and these do not move; so tiles may be finished on their own, and their
polygons together are a coverage without gap or overlap. A tile in which more pixels would change their class than
tolerated is finished with half the tolerance, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.vectorize.rings import Rings, of_polygons, polygons
from engine.vectorize.seam import Frame
from engine.vectorize.smooth import smoothed

_LEAST_PX = 0.7
"""The smallest corner, half of one pixel, has the root 0.71: below, simplification changes nothing."""


@dataclass(frozen=True)
class Finish:
    """How borders are finished.

    Attributes:
        tolerance_px: root of the area of the corners that are cut off, in pixels; 0 keeps all.
        smooth: whether corners are rounded afterwards.
        tolerated_share: largest share of the pixels of a tile that may get another class.
    """

    tolerance_px: float
    smooth: bool
    tolerated_share: float


def finished(rings: Rings, classes: NDArray[np.uint8], around: Frame, finish: Finish) -> tuple[Rings, int]:
    """Return the rings of a tile with finished borders, and how many pixels got another class.

    Args:
        rings: of all pieces of the tile, cut off at the frame, UNLABELLED ones too.
        classes: of the pieces.
        around: the frame.
        finish: how.

    Visvalingam & Whyatt 1993, https://doi.org/10.1179/000870493786962263, as `coverage_simplify` of GEOS does it.
    """
    raw = polygons(rings, len(classes))
    ids = around.ids[1:-1, 1:-1]
    tolerance, smooth = finish.tolerance_px, finish.smooth
    while tolerance >= _LEAST_PX or smooth:
        found = rings
        if tolerance >= _LEAST_PX:
            found = of_polygons(shapely.coverage_simplify(raw, tolerance, simplify_boundary=False))
        if smooth:
            found = smoothed(found, len(classes), around.height, around.width)
        changed = int((painted(found, classes, around.height, around.width) != ids).sum())
        if changed <= finish.tolerated_share * ids.size:
            return found, changed
        smooth = smooth and tolerance >= _LEAST_PX
        tolerance /= 2
    return rings, 0


def painted(rings: Rings, classes: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the class raster (height, width) that polygons without gap or overlap make, as GDAL rasterizes them.

    A pixel has the class around its centre. Each border adds the class to its right and takes away the one to its left in
    every row of centres that it crosses, at the first centre behind it; sums along the rows are the classes.
    """
    start, end = rings.xy.astype(float), rings.xy[rings.successors].astype(float)
    value = classes[rings.by_point(rings.owners)].astype(np.int64)
    down = end[:, 1] > start[:, 1]
    high, low = np.where(down[:, None], start, end), np.where(down[:, None], end, start)  # both owners compute alike
    first, last = (np.ceil(side[:, 1] - 0.5).astype(np.int64) for side in (high, low))
    crossed = last - first
    segment = np.repeat(np.arange(len(crossed)), crossed)
    row = np.arange(len(segment)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[segment]
    high, low = high[segment], low[segment]
    x = (row + 0.5 - high[:, 1]) * (low[:, 0] - high[:, 0]) / (low[:, 1] - high[:, 1]) + high[:, 0]
    col = np.clip(np.floor(x + 0.5).astype(np.int64), 0, width)
    change = np.where(down[segment], value[segment], -value[segment])  # heading down the owner is to the right on the map
    sums = np.bincount(row * (width + 1) + col, change, height * (width + 1)).reshape(height, width + 1)
    return np.cumsum(sums, axis=1)[:, :-1].astype(np.uint8)
