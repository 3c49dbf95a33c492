"""How much a finished map shows where its tiles met, counted on the map itself, whatever made it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED

from .plan import Plan, Span

REFERENCE_PX = (11, 17, 23, 29)
"""Distances of the lines that a seam is compared with, to both its sides: the same ground, but no place where tiles meet."""


def lines(plan: Plan) -> tuple[list[int], list[int]]:
    """Return the rows and the columns before which a seam may show.

    Cropped tiles meet where their cores do. Blended ones may show where a tile begins, where one ends, and midway, where
    the weight goes over from one to the next.
    """
    sides = ((plan.rows, plan.tile_height, plan.height), (plan.cols, plan.tile_width, plan.width))
    rows, cols = (_along(spans, size, length, plan.is_blended) for spans, size, length in sides)
    return rows, cols


def _along(spans: Sequence[Span], size: int, length: int, is_blended: bool) -> list[int]:
    starts = [s.core_start for s in spans[1:]]
    if not is_blended:
        return starts
    stops = [s.start + size for s in spans[:-1]]
    middles = [(a + b) // 2 for a, b in zip(starts, stops, strict=True)]
    return sorted({line for line in (*starts, *middles, *stops) if 0 < line < length})


class SeamIndex:
    """The share of neighbouring pixels with different labels across seams, over that across parallel lines beside them.

    1 says that no seam shows, 2 that a border between classes lies on a seam twice as often as next to it. Only pairs of
    labelled pixels count. Bands may come in any order and hold any rows.

    Args:
        rows, cols: what `lines` returned.
        width: of the raster.
    """

    def __init__(self, rows: Sequence[int], cols: Sequence[int], width: int) -> None:
        self._is_seam_row = _with_references(rows)
        self._is_seam_col = {c: seam for c, seam in _with_references(cols).items() if 0 < c < width}
        self._firsts: dict[int, NDArray[np.uint8]] = {}
        self._lasts: dict[int, NDArray[np.uint8]] = {}
        self._changed = {True: 0, False: 0}
        self._pairs = {True: 0, False: 0}

    def add(self, start: int, classes: NDArray[np.uint8]) -> None:
        """Count a band of finished rows, ids (h, W) from row `start` on."""
        for col, is_seam in self._is_seam_col.items():
            self._count(classes[:, col - 1], classes[:, col], is_seam)
        stop = start + len(classes)
        for row in range(start + 1, stop):
            if row in self._is_seam_row:
                self._count(classes[row - start - 1], classes[row - start], self._is_seam_row[row])
        self._meet(start, self._lasts.pop(start, None), classes[0])
        self._meet(stop, classes[-1], self._firsts.pop(stop, None))

    @property
    def value(self) -> float | None:
        """Return the index; None where there is no seam, or no border between classes beside one."""
        if not self._pairs[True] or not self._changed[False]:
            return None
        across, beside = (self._changed[seam] / self._pairs[seam] for seam in (True, False))
        return across / beside

    def _meet(self, row: int, above: NDArray[np.uint8] | None, below: NDArray[np.uint8] | None) -> None:
        """Count the pair of rows around `row` once both are there."""
        if row not in self._is_seam_row:
            return
        if above is None and below is not None:
            self._firsts[row] = below.copy()
        elif below is None and above is not None:
            self._lasts[row] = above.copy()
        elif above is not None and below is not None:
            self._count(above, below, self._is_seam_row[row])

    def _count(self, one: NDArray[np.uint8], other: NDArray[np.uint8], is_seam: bool) -> None:
        labelled = (one != UNLABELLED) & (other != UNLABELLED)
        self._pairs[is_seam] += int(labelled.sum())
        self._changed[is_seam] += int((labelled & (one != other)).sum())


def _with_references(seams: Sequence[int]) -> dict[int, bool]:
    """Return line -> whether it is a seam, for the seams and the lines that they are compared with."""
    beside = {line + side * px for line in seams for px in REFERENCE_PX for side in (-1, 1)}
    return {**dict.fromkeys(beside, False), **dict.fromkeys(seams, True)}
