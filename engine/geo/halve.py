"""Half the resolution, pixels without data left out: what overviews are made of.

Own arithmetic and not GDAL's: its mode takes as long as the lightest networks (measured 2026-11: 12 ns a pixel on a core
against 2), and made while rows are at hand it needs no second pass over the raster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Resampling = Literal["mode", "average", "nearest"]


def halve(pixels: NDArray, nodata: float, resampling: Resampling) -> NDArray:
    """Return every 2 x 2 pixels as one; where none of them has data, nodata.

    Args:
        pixels: (B, h, w); at odd sizes the last row or column stands for two.
        nodata: value of pixels without data; may be NaN.
        resampling: mode: the value that most pixels have, of equals the first in reading order; average: their mean,
            rounded for integers; nearest: the first.

    Returns:
        (B, ceil(h / 2), ceil(w / 2)) of the same type.
    """
    if resampling == "nearest":
        return np.ascontiguousarray(pixels[:, ::2, ::2])
    count, height, width = pixels.shape
    half = np.empty((count, -(-height // 2), -(-width // 2)), pixels.dtype)
    rows = max(2, _CHUNK // (count * width) // 2 * 2)
    for row in range(0, height, rows):
        part = pixels[:, row : row + rows]
        if part.shape[1] % 2 or width % 2:
            part = np.pad(part, ((0, 0), (0, part.shape[1] % 2), (0, width % 2)), constant_values=nodata)
        quads = [np.ascontiguousarray(part[:, down::2, right::2]) for down in (0, 1) for right in (0, 1)]
        half[:, row // 2 : (row + rows) // 2] = _REDUCE[resampling](quads, nodata)
    return half


def _mode(quads: list[NDArray], nodata: float) -> NDArray:
    """A pair of equals is the mode of four, unless another pair comes first."""
    a, b, c, d = quads
    has_data = [_has_data(q, nodata) for q in quads]
    mode = d
    for quad, has in zip(quads[2::-1], has_data[2::-1], strict=True):
        mode = _choose(has, quad, mode)
    mode = _choose(has_data[2] & (c == d), c, mode)
    mode = _choose(has_data[1] & ((b == c) | (b == d)), b, mode)
    return _choose(has_data[0] & ((a == b) | (a == c) | (a == d)), a, mode)


def _average(quads: list[NDArray], nodata: float) -> NDArray:
    dtype = quads[0].dtype
    total, count = np.zeros(quads[0].shape, np.float32), np.zeros(quads[0].shape, np.uint8)
    for quad in quads:
        has = _has_data(quad, nodata)
        total += _choose(has, quad, np.zeros_like(quad))
        count += has
    mean = total * _SHARE[count]
    if np.issubdtype(dtype, np.integer):
        np.rint(mean, out=mean)
    return _choose(np.greater(count, 0), mean.astype(dtype), np.full_like(quads[0], nodata))


def _choose(mask: NDArray[np.bool_], yes: NDArray, no: NDArray) -> NDArray:
    """`np.where`, of bytes by bits: 10 times as fast on real maps (measured 2026-11)."""
    if yes.dtype != np.uint8:
        return np.where(mask, yes, no)
    bits = np.negative(mask.view(np.uint8))  # 0 or 255
    chosen: NDArray = no ^ ((yes ^ no) & bits)
    return chosen


def _has_data(quad: NDArray, nodata: float) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ~np.isnan(quad) if np.isnan(nodata) else quad != quad.dtype.type(nodata)
    return found


_CHUNK = 2**18
"""Numbers reduced at once; what is made on the way stays in the cache."""
_SHARE = np.array([0, 1, 1 / 2, 1 / 3, 1 / 4], np.float32)
_REDUCE: dict[str, Callable[[list[NDArray], float], NDArray]] = {"mode": _mode, "average": _average}
