"""An image with larger or smaller pixels, resampled while it is read; a pixel does not depend on the window it is read in.

Shrinking averages the ground that a pixel covers, so nothing aliases; enlarging interpolates between the nearest pixels.
Both only take what is valid, and the grid keeps its corner, its CRS and its direction.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterator

import numpy as np
from affine import Affine
from scipy import sparse

from engine.geo.geobox import GeoBox
from engine.geo.image import Image, read_around
from engine.geo.tiles import Window

PIECE_PX = 1 << 21
"""Pixels of the image that are resampled at once."""

_WHOLE_PX = 1e-6
_LEAST_SHARE = 0.2
"""Of the ground of one input pixel, how much makes a shrunk pixel valid: a quarter lies in it if the centre does."""


class Resampled:
    """An image on a working grid: its own with pixels `factor` times as large.

    Args:
        image: the image; it is read under a lock, so that `read` and `valid_at` may be called from two threads.
        factor: side of a working pixel in pixels of the image, above 0.
    """

    def __init__(self, image: Image, factor: float) -> None:
        self._image = image
        self._lock = threading.Lock()
        self.factor = factor
        grid = image.geobox
        height, width = (max(1, math.ceil(n / factor - _WHOLE_PX)) for n in (grid.height, grid.width))
        self.geobox = GeoBox(grid.crs_wkt, grid.transform @ Affine.scale(factor), height, width)
        self.path = image.path
        self.bands = image.bands
        self.count = image.count
        self.dtype = image.dtype
        rows, cols = image.block_shape
        self.block_shape = (max(1, int(rows / factor)), max(1, int(cols / factor)))
        self._is_striped = cols >= grid.width

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return data (B, h, w), 0 where invalid, and valid (h, w): where any pixel of the image there is valid."""
        return read_around(self, window, self.count, self._read_inside)

    def valid_at(self, window: Window) -> np.ndarray:
        """Return where the image itself is valid, (h, w) bool, for a window inside its own grid."""
        valid = np.empty((window.height, window.width), bool)
        for piece in self._pieces(window, 1.0):
            with self._lock:
                valid[piece.within(window).slices] = self._image.read(piece)[1]
        return valid

    def rows_at(self) -> np.ndarray:
        """Return the working row in which the centre of each row of the image lies, (H,)."""
        return _nearest(self._image.geobox.height, self.factor, self.geobox.height)

    def cols_at(self) -> np.ndarray:
        """Return the working column in which the centre of each column of the image lies, (W,)."""
        return _nearest(self._image.geobox.width, self.factor, self.geobox.width)

    def piece_bytes(self) -> int:
        """Return the memory that reading takes beyond what it returns."""
        return PIECE_PX * self.count * (self.dtype.itemsize + 3 * np.result_type(self.dtype, np.float32).itemsize)

    def fingerprint(self) -> str:
        """Return a digest that changes when the image or the factor does."""
        return hashlib.sha256(f"{self._image.fingerprint()} {self.factor!r}".encode()).hexdigest()

    def close(self) -> None:
        """Close the image."""
        self._image.close()

    def _read_inside(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        data = np.empty((self.count, window.height, window.width), self.dtype)
        valid = np.empty((window.height, window.width), bool)
        for piece in self._pieces(window, max(self.factor, 1.0)):
            place = piece.within(window).slices
            data[(slice(None), *place)], valid[place] = self._resample(piece)
        return data, valid

    def _pieces(self, window: Window, factor: float) -> Iterator[Window]:
        """Yield the parts of a window of pixels `factor` wide that are read at once: rows of a striped image, else columns."""
        allowed = max(1, int(PIECE_PX / factor**2))
        rows = max(1, allowed // window.width) if self._is_striped else window.height
        cols = max(1, allowed // min(rows, window.height))
        for row in range(window.row, window.row + window.height, rows):
            for col in range(window.col, window.col + window.width, cols):
                yield Window(row, col, rows, cols).clip(window)

    def _resample(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return data and validity of a window inside the working grid."""
        frame = self._image.geobox.frame
        down, top = _weights(window.row, window.height, self.factor, frame.height)
        across, left = _weights(window.col, window.width, self.factor, frame.width)
        with self._lock:
            data, valid = self._image.read(Window(top, left, down.shape[1], across.shape[1]))
        number = np.result_type(self.dtype, np.float32)
        down, across = down.astype(number), across.astype(number)
        weight = _both(down, valid.astype(number), across)  # (h, w)
        if self.factor > 1:
            is_valid = weight > _LEAST_SHARE / self.factor**2
        else:
            rows = _nearest(window.row + window.height, 1 / self.factor, frame.height)[window.row :] - top
            cols = _nearest(window.col + window.width, 1 / self.factor, frame.width)[window.col :] - left
            is_valid = valid[np.ix_(rows, cols)]
        weight[~is_valid] = 1
        values = np.stack([_both(down, band.astype(number), across) for band in data]) / weight  # (B, h, w)
        values[:, ~is_valid] = 0
        if np.issubdtype(self.dtype, np.integer):
            limits = np.iinfo(self.dtype)
            values = np.rint(values).clip(limits.min, limits.max)
        return values.astype(self.dtype), is_valid


def _weights(first: int, count: int, factor: float, length: int) -> tuple[sparse.csr_array, int]:
    """Return how much each pixel along an axis of the image counts in each working pixel, and the first pixel that does.

    Args:
        first: the first working pixel.
        count: how many there are.
        factor: side of a working pixel.
        length: pixels along the axis of the image.

    Returns:
        (count, n) weights of the n pixels from the second value on; a row sums to 1, less where the image ends in it.
    """
    index = np.arange(first, first + count, dtype=np.float64)
    if factor > 1:
        low, high = index * factor, (index + 1) * factor
        pixels = np.floor(low)[:, None] + np.arange(math.ceil(factor) + 1)
        weights = (np.minimum(pixels + 1, high[:, None]) - np.maximum(pixels, low[:, None])).clip(0) / factor
        weights[(pixels >= length) | (weights < _WHOLE_PX / factor)] = 0
    else:
        centre = (index + 0.5) * factor - 0.5
        before = np.floor(centre)
        pixels = before[:, None] + np.arange(2)
        weights = np.stack((before + 1 - centre, centre - before), axis=1)
    pixels = pixels.clip(0, length - 1).astype(np.int64)
    used = weights > 0
    start, stop = int(pixels[used].min()), int(pixels[used].max()) + 1
    rows = np.broadcast_to(np.arange(count)[:, None], pixels.shape)
    return sparse.csr_array((weights[used], (rows[used], pixels[used] - start)), shape=(count, stop - start)), start


def _both(down: sparse.csr_array, band: np.ndarray, across: sparse.csr_array) -> np.ndarray:
    """Return a band (H, W) weighted along both axes, (h, w)."""
    lower: np.ndarray = down @ band
    result: np.ndarray = (across @ np.ascontiguousarray(lower.T)).T
    return result


def _nearest(count: int, factor: float, length: int) -> np.ndarray:
    """Return the pixel of side `factor` in which the centre of each of `count` pixels lies, at most the last one."""
    return np.minimum(((np.arange(count) + 0.5) / factor).astype(np.int64), length - 1)
