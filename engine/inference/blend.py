"""Tiles whose predictions are blended where they overlap: for networks whose tiles no halo makes exact.

Probabilities are averaged, never logits or labels, under a squared sine over the whole tile, the Hann window sampled at
pixel centres: it is smooth where tiles begin and end and zero at no pixel, so every pixel that a tile covers has a value.
The window is the product of one for the rows and one for the columns; both are divided by their known sums, so no map of
weights is kept. Tiles lie where the raster alone puts them and are added in one order, so a share of the rows, or a run that
goes on, gives the same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from .labelling import PERCENT
from .plan import Plan, Span

_REDUCED_ROWS = 64
"""Rows that are reduced to labels at once, so that this takes little memory."""

Shares = dict[int, NDArray[np.float32]]
"""By the start of a tile: its share in each pixel of one of its sides."""


def cut_overlapping(height: int, width: int, *, tile: tuple[int, int], overlap_px: int, stride: int, is_fixed: bool) -> Plan:
    """Return the plan of tiles that overlap by at least `overlap_px` along both axes.

    Along each axis the tiles are as few as that allows and evenly spaced; a raster that fits
    one tile becomes one tile. A span answers for the pixels from its start to that of the next one: once it is added, no
    later tile reaches them.

    Args:
        height: rows of the raster.
        width: columns of the raster.
        tile: height and width of a tile, multiples of the stride.
        overlap_px: at most half a tile.
        stride: tile origins are multiples of it.
        is_fixed: the network takes no smaller tile, even where the raster is smaller.
    """
    axes = []
    for length, side in ((height, tile[0]), (width, tile[1])):
        padded = -(-length // stride) * stride
        size = side if is_fixed else min(side, padded)
        last = max(0, padded - size)
        count = -(-last // max(stride, (size - overlap_px) // stride * stride))
        starts = [i * (last // stride) // max(count, 1) * stride for i in range(count + 1)]
        axes.append((size, tuple(Span(a, a, b) for a, b in zip(starts, [*starts[1:], length], strict=True))))
    (tile_height, rows), (tile_width, cols) = axes
    halo = overlap_px // 2
    return Plan(height, width, stride, max(tile) - 2 * halo, halo, tile_height, tile_width, 1, rows, cols, is_blended=True)


def shares(spans: Sequence[Span], size: int) -> Shares:
    """Return the share of each tile in the pixels of one of its sides, (size,); over the tiles they sum to 1 at each pixel."""
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
    total = np.zeros(max(s.start for s in spans) + size)
    for span in spans:
        total[span.start : span.start + size] += window
    return {s.start: (window / total[s.start : s.start + size]).astype(np.float32) for s in spans}


class Blender:
    """The sums of one row of tiles over the full width, (C, tile_height, W) float32.

    Args:
        plan: tiles come in its order, row by row.
        ids: class id of each channel.
    """

    def __init__(self, plan: Plan, ids: Sequence[int]) -> None:
        self._down = shares(plan.rows, plan.tile_height)
        self._across = shares(plan.cols, plan.tile_width)
        self._ids = np.array(ids, np.uint8)
        self._sums = np.zeros((len(ids), plan.tile_height, plan.width), np.float32)
        self._top = plan.rows[0].start

    def add(self, row: Span, col: Span, probs: NDArray[np.float32]) -> None:
        """Add the probabilities (C, tile_height, tile_width) of a tile; what lies outside the raster does not count."""
        self._move(row.start)
        stop = min(col.start + probs.shape[2], self._sums.shape[2])
        weight = self._down[row.start][:, None] * self._across[col.start][: stop - col.start]  # (h, w)
        for total, of_class in zip(self._sums, probs, strict=True):
            total[:, col.start : stop] += weight * of_class[:, : stop - col.start]

    def finish(self, row: Span) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Return ids (h, W), confidence (h, W) and probabilities (C, h, W) in percent of the rows a span answers for."""
        self._move(row.start)
        probs = self._sums[:, row.core_start - row.start : row.core_stop - row.start]  # (C, h, W)
        classes = np.empty(probs.shape[1:], np.uint8)
        percents = np.empty(probs.shape, np.uint8)
        for start in range(0, len(classes), _REDUCED_ROWS):
            rows = slice(start, start + _REDUCED_ROWS)
            classes[rows] = self._ids[torch.from_numpy(probs[:, rows]).argmax(dim=0).numpy()]
            percents[:, rows] = np.rint(probs[:, rows] * PERCENT)
        return classes, percents.max(axis=0), percents

    def _move(self, top: int) -> None:
        """Let go of the rows above `top`."""
        moved, self._top = top - self._top, top
        if moved:
            for total in self._sums:
                total[:-moved] = total[moved:].copy()
                total[-moved:] = 0
