"""Cut the band around the centreline into edge units: one stretch of one border between two classes, in one cell.

That is also the question a person can answer: is this line right, and if not, where does it run?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from engine.contract.legend import UNLABELLED
from engine.regions import CELL_PX
from engine.regions.edges import Edges, cells

BAND_PX = 3
"""Half-width of the band: 80 % of errors near borders lie in it on most maps; never below the reference's own error."""

MIN_AREA_PX, MIN_LINE_PX = 48, 8
"""A stretch smaller than this joins the largest one that it touches in its cell."""


@dataclass(frozen=True)
class Cuts:
    """The band in pieces.

    Args:
        labels: (h, w) int32; 0 outside the band, else the piece, from 1. Pieces partition the band.
        class_a, class_b: (n,) the class pair of each piece, a < b, or a = b for an image edge inside one class.
        row, col: (n,) the first centreline pixel of each piece, in the window; it lies in the piece's cell.
        line_px, unsupported_px, missed_px: (n,) centreline pixels; those without an image edge; those without a border.
        area_px: (n,) pixels.
    """

    labels: NDArray[np.int32]
    class_a: NDArray[np.uint8]
    class_b: NDArray[np.uint8]
    row: NDArray[np.int64]
    col: NDArray[np.int64]
    line_px: NDArray[np.int64]
    unsupported_px: NDArray[np.int64]
    missed_px: NDArray[np.int64]
    area_px: NDArray[np.int64]

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Return which pieces are large enough to be offered; the rest is crumbs that touched nothing in their cell."""
        return (self.area_px >= MIN_AREA_PX) & (self.line_px >= MIN_LINE_PX)


def cut(
    classes: NDArray[np.uint8], second: NDArray[np.uint8], edges: Edges, origin: tuple[int, int], band_px: int = BAND_PX
) -> Cuts:
    """Partition the band by class pair, grid cell and connected stretch, and merge small pieces within their cell.

    Args:
        classes: (h, w) cleaned class channels, UNLABELLED where invalid.
        second: (h, w) second likeliest class, the other side of an image edge that the prediction missed.
        edges: from `edges.find`.
        origin: row and column of the first pixel in the raster.
        band_px: half-width of the band.
    """
    height, width = classes.shape
    line = np.flatnonzero(edges.centreline)
    cell = cells((height, width), origin, CELL_PX).ravel()[line].astype(np.int64)
    own, other = classes.ravel()[line], _other_class(classes, second, line)
    low, high = np.minimum(own, other).astype(np.int64), np.maximum(own, other).astype(np.int64)
    keys = np.zeros(height * width, np.int64)
    keys[line] = (cell * 256 + low) * 256 + high + 1
    strokes = label(keys.reshape(height, width), connectivity=2, background=0)
    band = _widen(strokes, line, band_px, classes)
    count = int(strokes.max())
    at = strokes.ravel()[line]
    first = _first(at, line, count)  # (n + 1,)
    cell_of, pair_of = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    cell_of[at], pair_of[at] = cell, keys[line]
    area, length = np.bincount(band.ravel(), minlength=count + 1), np.bincount(at, minlength=count + 1)
    root = _merge(band, cell_of, area, length, first)
    used, renamed = np.unique(root[1:], return_inverse=True)
    names = np.concatenate([[0], renamed + 1]).astype(np.int32)  # stroke -> piece
    pieces = names[at]
    pair = pair_of[used] - 1

    def tally(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(pieces[mask.ravel()[line]], minlength=len(used) + 1)[1:]

    labels = names[band]
    return Cuts(
        labels=labels,
        class_a=(pair // 256 % 256).astype(np.uint8),
        class_b=(pair % 256).astype(np.uint8),
        row=first[used] // width,
        col=first[used] % width,
        line_px=tally(edges.centreline),
        unsupported_px=tally(~edges.supported),
        missed_px=tally(edges.missed),
        area_px=np.bincount(labels.ravel(), minlength=len(used) + 1)[1:],
    )


def _other_class(classes: NDArray[np.uint8], second: NDArray[np.uint8], line: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the commonest other class in each line pixel's 3 x 3; the second likeliest where there is none."""
    padded = np.pad(classes, 1, constant_values=UNLABELLED)
    row, col = np.divmod(line, classes.shape[1])
    around = [padded[row + i, col + j] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    own = classes.ravel()[line]
    found = np.full(len(line), UNLABELLED, np.uint8)
    most = np.zeros(len(line), np.uint8)
    for one in around:
        votes = np.zeros(len(line), np.uint8)
        for other in around:
            votes += one == other
        votes[(one == own) | (one == UNLABELLED)] = 0
        better = (votes > most) | ((votes == most) & (votes > 0) & (one < found))
        found[better], most[better] = one[better], votes[better]
    return np.where(most > 0, found, second.ravel()[line])


def _widen(strokes: NDArray, line: NDArray[np.intp], band_px: int, classes: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Give every valid pixel within `band_px` of a stroke the number of the nearest one."""
    height, width = strokes.shape
    padded = np.zeros((height + 2 * band_px, width + 2 * band_px), np.int32)
    stride = padded.shape[1]
    row, col = np.divmod(line, width)
    start = (row + band_px) * stride + col + band_px
    number = strokes.ravel()[line].astype(np.int32)
    flat = padded.ravel()
    for down, across in _disc(band_px):
        to = start + down * stride + across
        free = flat[to] == 0
        flat[to[free]] = number[free]
    band = padded[band_px : band_px + height, band_px : band_px + width]
    return np.where(classes != UNLABELLED, band, 0).astype(np.int32)


def _disc(radius: int) -> list[tuple[int, int]]:
    """Return the offsets within `radius`, nearest first."""
    reach = range(-radius, radius + 1)
    offsets = [(i, j) for i in reach for j in reach if i * i + j * j <= radius * radius]
    return sorted(offsets, key=lambda o: (o[0] * o[0] + o[1] * o[1], o))


def _first(numbers: NDArray, at: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    """Return where each number comes first, in reading order."""
    first = np.zeros(count + 1, np.int64)
    first[numbers[::-1]] = at[::-1]  # the last assignment wins
    return first


def _merge(band: NDArray[np.int32], cell_of: NDArray, area: NDArray, length: NDArray, first: NDArray) -> NDArray[np.int64]:
    """Return what each stroke belongs to: itself, or the largest one it touches in its cell; smallest first."""
    area, length, root = area.copy(), length.copy(), np.arange(len(area))
    small = (area < MIN_AREA_PX) | (length < MIN_LINE_PX)
    small[0] = False
    touching: dict[int, set[int]] = {}
    for one, other in _touching(band, small, cell_of):
        touching.setdefault(one, set()).add(other)
        touching.setdefault(other, set()).add(one)

    def find(stroke: int) -> int:
        while root[stroke] != stroke:
            stroke = root[stroke]
        return stroke

    waiting = sorted((int(s) for s in np.flatnonzero(small) if int(s) in touching), key=lambda s: (area[s], first[s]))
    for stroke in waiting:
        here = find(stroke)
        if area[here] >= MIN_AREA_PX and length[here] >= MIN_LINE_PX:
            continue
        others = {find(s) for s in touching[stroke]} - {here}
        if not others:
            continue
        into = max(others, key=lambda s: (area[s], -first[s]))
        keep, lose = (into, here) if area[into] >= area[here] else (here, into)
        root[lose] = keep
        area[keep] += area[lose]
        length[keep] += length[lose]
    while not np.array_equal(root[root], root):
        root = root[root]
    return root


def _touching(band: NDArray[np.int32], small: NDArray[np.bool_], cell_of: NDArray) -> list[list[int]]:
    """Return the pairs of strokes of one cell that touch, where one of them is small."""
    windows = (
        (band[:-1], band[1:]), (band[:, :-1], band[:, 1:]), (band[:-1, :-1], band[1:, 1:]), (band[:-1, 1:], band[1:, :-1])
    )  # fmt: skip
    touch = ((one, other, (one != other) & (one > 0) & (other > 0)) for one, other in windows)
    pairs = np.concatenate([np.stack([one[at], other[at]]) for one, other, at in touch], axis=1)
    pairs = pairs[:, (cell_of[pairs[0]] == cell_of[pairs[1]]) & (small[pairs[0]] | small[pairs[1]])]
    keys = np.unique(pairs.min(axis=0).astype(np.int64) << 32 | pairs.max(axis=0))
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1).tolist()
