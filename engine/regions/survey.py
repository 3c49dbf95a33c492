"""Find every unit of an orthophoto of any size, tile by tile, from a stream of probabilities that the model gives once.

Held in memory: the rows of one tile row with its margin (classes as bytes, and the orthophoto), one row of pieces as
they come, and for the whole raster the table of units and their pixels, compressed.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.geo.tiles import Window
from engine.regions import CELL_PX, MARGIN_PX, edges, units
from engine.regions.units import RIM_PX, Settings, Units

TILE_PX = 512
_SAMPLES = 8  # windows along each side for measuring the image
_SAMPLE_PX = 128

Read = Callable[[Window], tuple[NDArray, NDArray[np.bool_]]]
"""Reads (B, h, w) data and (h, w) validity of a window that may reach beyond the raster."""

Piece = tuple[Window, NDArray, NDArray, NDArray[np.bool_]]
"""A window, its (C, h, w) or (K, C, h, w) probabilities as float in [0, 1] or uint8 in 0-255, (B, h, w) image, validity."""


@dataclass(frozen=True)
class Strip:
    """Full-width rows with a margin left and right: probabilities as bytes (K, C, h, W), image (B, h, W), validity (h, W)."""

    row: int
    probs: NDArray[np.uint8]
    image: NDArray
    valid: NDArray[np.bool_]

    @property
    def end(self) -> int:
        """Return the row after the last one."""
        return self.row + len(self.valid)


@dataclass(frozen=True)
class Survey:
    """The units of a raster.

    Args:
        units: the table, in order of the anchors.
        mean_probs: (C,) mean probability of each class over the valid pixels.
        valid_px: number of valid pixels.
        pixels: labels and predicted classes of each tile, compressed.
        corners: row and column of each tile's core.
    """

    units: Units
    mean_probs: NDArray[np.float64]
    valid_px: int
    pixels: tuple[bytes, ...]
    corners: tuple[tuple[int, int], ...]

    def unpacked(self, tile: int) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Return the labels and the predicted classes of one tile, which reach `RIM_PX` beyond its core."""
        whole = np.frombuffer(zlib.decompress(self.pixels[tile]), np.uint8)
        size = len(whole) // 3
        side = TILE_PX + 2 * RIM_PX
        return whole[: 2 * size].view(np.uint16).reshape(side, side), whole[2 * size :].reshape(side, side)

    def cut_out(self, unit: int) -> tuple[Window, NDArray[np.bool_], NDArray[np.uint8]]:
        """Return one unit: a window of the raster, which of its pixels belong to the unit, and their predicted classes."""
        tile = int(self.units.tile[unit])
        labels, classes = self.unpacked(tile)
        side = len(labels)
        top, left = self.corners[tile][0] - RIM_PX, self.corners[tile][1] - RIM_PX
        rows = _around(int(self.units.row[unit]), top, side)
        cols = _around(int(self.units.col[unit]), left, side)
        mask = labels[rows, cols] == self.units.label[unit]
        down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        inside = (slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1))
        window = Window(
            top + rows.start + int(down[0]), left + cols.start + int(across[0]),
            int(down[-1] - down[0]) + 1, int(across[-1] - across[0]) + 1,
        )  # fmt: skip
        return window, mask[inside], classes[rows, cols][inside]


def run(pieces: Iterable[Piece], height: int, width: int, settings: Settings, workers: int = 0) -> Survey:
    """Return all units of a raster.

    Args:
        pieces: windows that partition the raster, in row-major order, those of one row of the same height.
        height: rows of the raster.
        width: columns of the raster.
        settings: shared by all tiles, see `measure`.
        workers: threads; 0 takes one for each core. The result does not depend on it.
    """
    tables: list[Units] = []
    pixels: list[bytes] = []
    corners: list[tuple[int, int]] = []
    sums: NDArray[np.float64] | float = 0.0
    valid_px = 0
    starts = range(0, width, TILE_PX)
    at_work: list[Future[tuple[bytes, Units | None]]] = []  # one row of tiles, while the model looks at the next one

    def collect() -> None:
        for future in at_work:
            packed, table = future.result()
            pixels.append(packed)
            if table is not None:
                tables.append(table)

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for strip in _tile_rows(_strips(pieces, width), height):
            collect()
            at_work[:] = [pool.submit(_find, strip, settings, col, len(corners) + k) for k, col in enumerate(starts)]
            corners += [(strip.row, col) for col in starts]
            core = slice(MARGIN_PX, MARGIN_PX + TILE_PX)
            valid = strip.valid[core]
            valid_px += int(valid.sum())
            sums = sums + np.array([[p[core][valid].sum(dtype=np.int64) for p in view] for view in strip.probs]).mean(axis=0)
        collect()
    mean = np.asarray(sums) / max(255.0 * valid_px, 1.0)
    return Survey(Units.join(tables), mean, valid_px, tuple(pixels), tuple(corners))


def measure(read: Read, height: int, width: int) -> tuple[NDArray[np.float32], float]:
    """Return the standard deviation of each band and the 99th percentile of the gradient, from 64 windows at most.

    They make edges and superpixels of one raster comparable from tile to tile.
    """
    samples = []
    for row in _spread(height):
        for col in _spread(width):
            samples.append(read(Window(row, col, min(_SAMPLE_PX, height), min(_SAMPLE_PX, width))))
    known = np.concatenate([data[:, valid] for data, valid in samples], axis=1).astype(np.float64)
    known = known[:, np.isfinite(known).all(axis=0)]
    scale = known.std(axis=1).astype(np.float32) if known.shape[1] else np.ones(len(known), np.float32)
    scale[~(scale > 0)] = 1.0
    steps = [np.sqrt(edges.squared_length(edges.gradient(data, valid, scale)))[valid] for data, valid in samples]
    largest = np.concatenate(steps)
    return scale, float(np.percentile(largest, 99)) if len(largest) else 1.0


def _find(strip: Strip, settings: Settings, col: int, number: int) -> tuple[bytes, Units | None]:
    """Return the compressed labels and the units of one tile of a tile row; nothing where its core has no data.

    The first tile always has a table, so that there is one with all columns.
    """
    cols = slice(col, col + TILE_PX + 2 * MARGIN_PX)
    if number and not strip.valid[MARGIN_PX:-MARGIN_PX, cols][:, MARGIN_PX:-MARGIN_PX].any():
        return b"", None
    found = units.find(
        strip.probs[..., cols], strip.image[:, :, cols], strip.valid[:, cols], (strip.row, col), settings, number
    )
    return zlib.compress(found.labels.tobytes() + found.classes.tobytes(), 1), found.units


def _strips(pieces: Iterable[Piece], width: int) -> Iterator[Strip]:
    """Yield full-width rows, put together from pieces."""
    strip: Strip | None = None
    for window, probs, image, valid in pieces:
        views = probs if probs.ndim == 4 else probs[None]
        if strip is None:
            shape = (window.height, -(-width // TILE_PX) * TILE_PX + 2 * MARGIN_PX)
            strip = Strip(
                window.row, np.zeros((*views.shape[:2], *shape), np.uint8), np.zeros((len(image), *shape), image.dtype),
                np.zeros(shape, bool),
            )  # fmt: skip
        cols = slice(MARGIN_PX + window.col, MARGIN_PX + window.col + window.width)
        strip.probs[..., cols], strip.image[..., cols], strip.valid[..., cols] = _as_bytes(views), image, valid
        if window.col + window.width == width:
            yield strip
            strip = None


def _tile_rows(strips: Iterable[Strip], height: int) -> Iterator[Strip]:
    """Yield each tile row with the margin above and below, `row` that of its core; what lies outside the raster is invalid."""
    held: list[Strip] = []
    core_row = 0
    for strip in strips:
        held.append(strip)
        while core_row < height and strip.end >= min(core_row + TILE_PX + MARGIN_PX, height):
            top = core_row - MARGIN_PX
            places = [(s.row, s.end) for s in held]
            yield Strip(
                core_row,
                _rows([s.probs for s in held], places, top),
                _rows([s.image for s in held], places, top),
                _rows([s.valid for s in held], places, top),
            )
            core_row += TILE_PX
            held = [s for s in held if s.end > core_row - MARGIN_PX]


def _rows(arrays: list[NDArray], places: list[tuple[int, int]], top: int) -> NDArray:
    """Return the rows of a tile with its margin, from row `top` on, out of arrays that lie at `places`."""
    height = TILE_PX + 2 * MARGIN_PX
    rows = np.zeros((*arrays[0].shape[:-2], height, arrays[0].shape[-1]), arrays[0].dtype)
    for array, (start, end) in zip(arrays, places, strict=True):
        first, last = max(start, top), min(end, top + height)
        if first < last:
            rows[..., first - top : last - top, :] = array[..., first - start : last - start, :]
    return rows


def _as_bytes(probs: NDArray) -> NDArray[np.uint8]:
    return probs if probs.dtype == np.uint8 else np.rint(np.asarray(probs, np.float32) * 255).astype(np.uint8)


def _spread(length: int) -> list[int]:
    """Return the first pixel of each sample along one side, on multiples of the sample's side."""
    last = max(length - _SAMPLE_PX, 0)
    return sorted({int(last * k / max(_SAMPLES - 1, 1)) // _SAMPLE_PX * _SAMPLE_PX for k in range(_SAMPLES)})


def _around(position: int, start: int, length: int) -> slice:
    """Return where a unit anchored at `position` can lie in a tile's labels."""
    reach = CELL_PX + 2 * RIM_PX
    return slice(max(position - reach - start, 0), min(position + reach - start, length))
