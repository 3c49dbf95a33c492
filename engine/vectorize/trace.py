"""Trace the rings of all pieces of a tile at once, from what the four pixels around each grid point say.

A ring turns left as early as it can, so that pieces which touch at a corner stay apart; only where both pixels at a corner
are of one piece it turns right, so that no ring touches itself. Rings keep a point where they turn and where three or
more pieces meet: neighbours have the same points on a shared border, which makes the polygons a coverage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vectorize import cycles
from engine.vectorize.rings import Rings

_EAST, _WEST, _NORTH, _SOUTH = range(4)


def trace(ids: NDArray[np.uint8], labels: NDArray[np.int32]) -> Rings:
    """Return the rings of the pieces of a tile, cut off at its frame.

    Args:
        ids: (h + 2, w + 2) classes of the tile and of the pixels around it.
        labels: (h, w) number of the piece of each pixel; -1 where no ring is wanted.

    Returns:
        rings in whole pixels of the tile. On the frame they also have points where the pixels beyond change.
    """
    width = ids.shape[1] - 1  # of the grid of points
    upright, level = ids[:, :-1] != ids[:, 1:], ids[:-1] != ids[1:]
    upright[1:-1, 0] = upright[1:-1, -1] = level[0, 1:-1] = level[-1, 1:-1] = True
    points = np.flatnonzero((upright[:-1] | upright[1:]) & (level[:, :-1] | level[:, 1:]))
    row, col = np.divmod(points, width)
    north, south = upright.ravel()[points], upright.ravel()[points + width]
    at = row * (width + 1) + col
    west, east = level.ravel()[at], level.ravel()[at + 1]
    around = np.full((labels.shape[0] + 2, labels.shape[1] + 2), -1, np.int32)
    around[1:-1, 1:-1] = labels
    flat = around.ravel()
    nw, ne, sw, se = flat[at], flat[at + 1], flat[at + width + 1], flat[at + width + 2]
    crossing = north & south & west & east
    falling, rising = crossing & (nw == se), crossing & (ne == sw)  # one piece on both sides of a corner
    arrive = (
        _arrive(west & (nw >= 0), north & ~falling, east & ~falling, _NORTH, _EAST, _SOUTH),
        _arrive(east & (se >= 0), south & ~falling, west & ~falling, _SOUTH, _WEST, _NORTH),
        _arrive(south & (sw >= 0), west & ~rising, north & ~rising, _WEST, _NORTH, _EAST),
        _arrive(north & (ne >= 0), east & ~rising, south & ~rising, _EAST, _SOUTH, _WEST),
    )
    point = np.concatenate([a[0] for a in arrive])
    leave = np.concatenate([a[1] for a in arrive])
    owner = np.concatenate([side[a[0]] for side, a in zip((nw, se, sw, ne), arrive, strict=True)])
    by_column = np.argsort(col.astype(np.uint16) if width < 2**16 else col, kind="stable")
    following = np.empty(len(point), np.int32)
    first = 0
    for heading, (entered, _) in enumerate(arrive):
        left = np.full(len(points), -1, np.int32)
        out = np.flatnonzero(leave == heading)
        left[point[out]] = out
        into = np.arange(first, first + len(entered), dtype=np.int32)
        first += len(entered)
        if heading in (_NORTH, _SOUTH):  # along a border the next point is the next one in the order of the scan
            left = left[by_column]
            entry = np.full(len(points), -1, np.int32)
            entry[entered] = into
            entry = entry[by_column]
            into = entry[entry >= 0]
        following[left[left >= 0]] = into
    members, offsets = cycles.order(following)
    corner = point[members]
    return Rings(np.stack([col[corner], row[corner]], axis=1), offsets, owner[members[offsets[:-1]]])


def _arrive(
    arrives: NDArray[np.bool_], turns_left: NDArray[np.bool_], goes_on: NDArray[np.bool_], left: int, on: int, right: int
) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
    """Return the points where rings arrive with one heading, and with which heading they leave."""
    at = np.flatnonzero(arrives)
    leave = np.where(turns_left[at], left, np.where(goes_on[at], on, right)).astype(np.int8)
    return at, leave
