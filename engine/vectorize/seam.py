"""Where a tile was cut out of the raster: which pieces go on beyond its frame, and their rings without the cut.

A stretch of the frame is *cut* where the pixel beyond has the same class. The rest of a ring that has such stretches are
chains, open at grid points on the frame; at each of them exactly one chain of the region goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED
from engine.vectorize.rings import Rings, ragged


@dataclass(frozen=True)
class Frame:
    """The four sides of a tile.

    Attributes:
        ids: (h + 2, w + 2) classes of the tile and of the pixels around it.
        cut: for top, bottom, left and right, whether a class goes on beyond each pixel.
    """

    ids: NDArray[np.uint8]
    cut: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]

    @property
    def height(self) -> int:
        """Return the rows of the tile."""
        return self.ids.shape[0] - 2

    @property
    def width(self) -> int:
        """Return the columns of the tile."""
        return self.ids.shape[1] - 2


@dataclass(frozen=True)
class Chains:
    """Open lines of pieces, ragged, in columns and rows of the whole raster; the last point of a chain stands apart.

    Attributes:
        xy: (P, 2) points, chain after chain, without the last ones.
        offsets: (C + 1,) where each chain begins.
        owners: (C,) number of the piece to the left.
        ends: (C, 2) last points, where other chains begin.
        passing: (C,) whether the border runs straight across the seam at the first point and no other border meets it.
    """

    xy: NDArray
    offsets: NDArray[np.intp]
    owners: NDArray[np.integer]
    ends: NDArray
    passing: NDArray[np.bool_]


def frame(ids: NDArray[np.uint8]) -> Frame:
    """Return the frame of a tile from its classes with a margin of one pixel, UNLABELLED outside the raster."""

    def goes_on(inner: NDArray[np.uint8], outer: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return (inner == outer) & (inner != UNLABELLED)

    return Frame(
        ids,
        (
            goes_on(ids[1, 1:-1], ids[0, 1:-1]),
            goes_on(ids[-2, 1:-1], ids[-1, 1:-1]),
            goes_on(ids[1:-1, 1], ids[1:-1, 0]),
            goes_on(ids[1:-1, -2], ids[1:-1, -1]),
        ),
    )


def across(around: Frame, labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], ...]:
    """Return for top, bottom, left and right which piece goes on beyond each pixel, -1 for none."""
    sides = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return tuple(np.where(cut, side, -1).astype(np.int32) for side, cut in zip(sides, around.cut, strict=True))


def open_up(around: Frame, rings: Rings, col: int, row: int) -> tuple[Rings, Chains]:
    """Split rings in those that lie whole in the tile and the chains of the others, moved to the tile's place."""
    kept = ~_is_cut(around, rings)
    after = rings.successors
    before = np.empty_like(after)
    before[after] = np.arange(len(after))
    is_start = kept & ~kept[before]
    is_whole = rings.by_ring(~kept) == 0
    whole = rings.chosen(is_whole)
    # Each cut ring begins anew at the start of a chain, so that no chain runs over the end of its ring.
    first = np.full(len(rings), -1)
    starts = np.flatnonzero(is_start)
    of_start = rings.by_point(np.arange(len(rings)))[starts]
    first[of_start] = starts
    turned = np.flatnonzero(first >= 0)
    begin, lengths = rings.offsets[:-1][turned], rings.lengths[turned]
    place, _ = ragged(np.zeros(len(turned), np.intp), lengths)
    origin = np.repeat(begin, lengths)
    points = origin + (place + np.repeat(first[turned] - begin, lengths)) % np.repeat(lengths, lengths)
    points = points[kept[points]]
    heads = np.flatnonzero(is_start[points])
    offsets = np.append(heads, len(points))
    shift = np.array([col, row])
    head = rings.xy[points[heads]]
    return whole.moved(col, row), Chains(
        rings.xy[points] + shift,
        offsets,
        rings.owners[rings.by_point(np.arange(len(rings)))[points[heads]]],
        rings.xy[after[points[offsets[1:] - 1]]] + shift,
        _is_passing(around, head),
    )


def _is_cut(around: Frame, rings: Rings) -> NDArray[np.bool_]:
    """Return whether the segment from each point runs along a cut stretch of the frame."""
    after = rings.successors
    low = np.minimum(rings.xy, rings.xy[after])
    level = rings.xy == rings.xy[after]
    is_cut = np.zeros(len(rings.xy), bool)
    top, bottom, left, right = around.cut
    for axis, line, cut in ((1, 0, top), (1, around.height, bottom), (0, 0, left), (0, around.width, right)):
        along = np.flatnonzero(level[:, axis] & (rings.xy[:, axis] == line))
        is_cut[along] = cut[low[along, 1 - axis].astype(np.intp)]
    return is_cut


def _is_passing(around: Frame, points: NDArray) -> NDArray[np.bool_]:
    """Return whether the four pixels around a grid point are two and two, side by side."""
    col, row = points[:, 0].astype(np.intp), points[:, 1].astype(np.intp)
    ids = around.ids
    nw, ne, sw, se = ids[row, col], ids[row, col + 1], ids[row + 1, col], ids[row + 1, col + 1]
    return ((nw == sw) & (ne == se)) | ((nw == ne) & (sw == se))
