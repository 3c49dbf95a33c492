"""The outline of a unit's pixels as a polygon, exact to the pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


def polygon(mask: NDArray[np.bool_], row: int, col: int, to_world: tuple[float, ...]) -> Any:
    """Return a multipolygon along the pixel borders of `mask`.

    Args:
        mask: (h, w) the pixels.
        row: the raster's row of the first pixel of `mask`.
        col: its column.
        to_world: the first six numbers of the affine transform from (col, row) to (x, y).
    """
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    down, left = np.nonzero(steps == 1)
    right = np.nonzero(steps == -1)[1]  # both in reading order: runs of pixels
    boxes = shapely.box(left + col, down + row, right + col, down + 1 + row)
    # The union keeps a vertex wherever two runs meet; simplifying by nothing drops those on straight lines.
    shape = shapely.simplify(shapely.union_all(boxes), 0.0)
    a, b, c, d, e, f = to_world[:6]

    def world(points: NDArray) -> NDArray:
        x, y = points[:, 0], points[:, 1]
        return np.stack([a * x + b * y + c, d * x + e * y + f], axis=1)

    moved = shapely.transform(shape, world)
    return shapely.multipolygons([moved] if moved.geom_type == "Polygon" else list(moved.geoms))
