"""Cut ground into superpixels of about 32 x 32 px that follow the image: k-means of colour and place, cell by cell.

After SLIC (Achanta et al. 2012, https://doi.org/10.1109/TPAMI.2012.120); ours runs in every grid cell on its own, so that a
superpixel does not depend on the tile it was computed in, and at half resolution, because the exact line between two
pieces of the same ground does not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.regions import CELL_PX

_PER_SIDE = 2
PER_CELL = _PER_SIDE**2
"""Superpixels in a cell: 64 / 2 = 32 px on a side."""

_ROUNDS = 4
_PLACE_WEIGHT = 0.7  # one superpixel's side counts as this many standard deviations of colour


def cut(image: NDArray, valid: NDArray[np.bool_], band_scale: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return (h, w) the superpixel of each pixel inside its cell, 0-3.

    Args:
        image: (B, h, w); the first pixel is the corner of a cell, sides need not be multiples of a cell.
        valid: (h, w).
        band_scale: (B,) what each band is divided by, so that bands compare.
    """
    height, width = valid.shape
    down, across = -(-height // CELL_PX), -(-width // CELL_PX)
    half = CELL_PX // 2
    padding = ((0, down * CELL_PX - height), (0, across * CELL_PX - width))
    weight = _halved(np.pad(valid, padding).astype(np.float32))  # (rows / 2, cols / 2)
    place = (np.arange(half, dtype=np.float32) + 0.5) * (_PLACE_WEIGHT * _PER_SIDE / half)
    features = np.empty((len(image) + 2, down * across, half * half), np.float32)  # bands, row, column
    for k, (band, scale) in enumerate(zip(image, band_scale, strict=True)):
        plane = np.nan_to_num(np.where(valid, band, 0).astype(np.float32))
        features[k] = _by_cell(_halved(np.pad(plane, padding)) / (np.maximum(weight, 1) * scale), down, across)
    features[-2], features[-1] = np.repeat(place, half), np.tile(place, half)
    piece = _cluster(features, _by_cell(weight, down, across), half)
    piece = piece.reshape(down, across, half, half).transpose(0, 2, 1, 3).reshape(down * half, across * half)
    return np.repeat(np.repeat(piece, 2, axis=0), 2, axis=1)[:height, :width]


def _cluster(features: NDArray[np.float32], weight: NDArray[np.float32], half: int) -> NDArray[np.uint8]:
    """Return (cells, pixels) the nearest of each cell's centres after a few rounds of k-means.

    Elementwise operations and sums in reading order only: a matrix product may round differently in another batch.
    """
    count, bands = features.shape[1], len(features)
    quarter = half // (2 * _PER_SIDE)
    grid = np.arange(_PER_SIDE) * 2 * quarter + quarter
    centres = features[:, :, (grid[:, None] * half + grid).ravel()]  # (F, cells, 4)
    first = np.arange(count, dtype=np.int64)[:, None] * PER_CELL
    nearest = np.zeros(features.shape[1:], np.uint8)
    for turn in range(_ROUNDS):
        best = np.full(nearest.shape, np.inf, np.float32)
        for k in range(PER_CELL):
            distance = np.zeros_like(best)
            for f in range(bands):
                distance += (features[f] - centres[f, :, k, None]) ** 2
            nearest[distance < best] = k
            np.minimum(best, distance, out=best)
        if turn < _ROUNDS - 1:
            numbers = (nearest + first).ravel()
            filled = np.bincount(numbers, weights=weight.ravel(), minlength=count * PER_CELL)
            for f in range(bands):
                sums = np.bincount(numbers, weights=(features[f] * weight).ravel(), minlength=len(filled))
                means = (sums / np.maximum(filled, 1)).reshape(count, -1)
                centres[f] = np.where(filled.reshape(count, -1) > 0, means, centres[f])
    return nearest


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums of 2 x 2 pixels."""
    return plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]


def _by_cell(plane: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """Return (cells, pixels) from a plane of whole cells."""
    half = CELL_PX // 2
    return plane.reshape(down, half, across, half).transpose(0, 2, 1, 3).reshape(down * across, half * half)
