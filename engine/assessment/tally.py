"""All counts of one assessment, gathered tile by tile: what the figures are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.assessment.boundary import BoundaryTally
from engine.assessment.calibration import CalibrationTally
from engine.assessment.connectivity import PieceCounter
from engine.assessment.resample import BlockTally
from engine.contract.legend import UNLABELLED
from engine.metrics import Confusion

COMPARED = "Compared"
OUTSIDE = "Outside the area of interest"
NO_REFERENCE = "Without a reference"
NO_MAP = "With a reference, without a class in the map"


class Tally:
    """Counts of a map against a reference.

    Args:
        classes: number of classes; ids are positions 0 to classes - 1, UNLABELLED elsewhere.
        width: width of the raster.
        block_px: side of the blocks for intervals; tile cores must be multiples of it.
        has_confidence: whether `add` gets the confidence.
        has_second: whether `add` gets a second map.
    """

    def __init__(self, classes: int, width: int, block_px: int, *, has_confidence: bool, has_second: bool) -> None:
        self.confusion = Confusion.zeros(classes)
        self.boundary = BoundaryTally(classes)
        self.map_pieces, self.reference_pieces = PieceCounter(classes, width), PieceCounter(classes, width)
        self.blocks = BlockTally(classes, block_px)
        self.calibration = CalibrationTally() if has_confidence else None
        self.pair = (BlockTally(classes, block_px), BlockTally(classes, block_px)) if has_second else None
        self.pixels = dict.fromkeys((COMPARED, OUTSIDE, NO_REFERENCE, NO_MAP), 0)

    def add(
        self,
        place: tuple[int, int],
        core: tuple[slice, slice],
        map_ids: NDArray[np.uint8],
        reference_ids: NDArray[np.uint8],
        inside: NDArray[np.bool_] | None = None,
        percent: NDArray[np.uint8] | None = None,
        second_ids: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """Count a tile.

        Args:
            place: row and column of the first pixel of the core.
            core: where the core lies in the tile.
            map_ids: (h, w) class positions, UNLABELLED where there is none.
            reference_ids: the same of the reference.
            inside: (h, w) the area of interest; all when None.
            percent: (h, w) confidence of the map, 255 where there is none.
            second_ids: as `map_ids`, of a second map.

        Returns:
            (h, w) of the core: reference position * classes + map position, -1 where nothing was compared.
        """
        self._count(map_ids[core], reference_ids[core], None if inside is None else inside[core])
        empty = (map_ids == UNLABELLED) | (reference_ids == UNLABELLED)
        if inside is not None:
            empty |= ~inside
        mapped = np.where(empty, np.uint8(UNLABELLED), map_ids)
        referenced = np.where(empty, np.uint8(UNLABELLED), reference_ids)
        here = mapped[core], referenced[core]
        classes = len(self.confusion.counts)
        self.confusion += Confusion.of(*here, classes)
        self.boundary.add(mapped, referenced, core)
        self.map_pieces.add(*place, here[0])
        self.reference_pieces.add(*place, here[1])
        self.blocks.add(*here)
        if self.calibration is not None and percent is not None:
            known = ~empty[core] & (percent[core] <= 100)
            self.calibration.add(percent[core][known], (here[0] == here[1])[known])
        if self.pair is not None and second_ids is not None:
            common = np.where(second_ids[core] == UNLABELLED, np.uint8(UNLABELLED), here[1])
            for blocks, ids in zip(self.pair, (here[0], second_ids[core]), strict=True):
                blocks.add(np.where(common == UNLABELLED, np.uint8(UNLABELLED), ids), common)
        return np.where(empty[core], -1, here[1].astype(np.int32) * classes + here[0])

    def finish(self) -> None:
        """Close the pieces that touch the last row; call once, after the last tile."""
        self.map_pieces.finish()
        self.reference_pieces.finish()

    def _count(self, mapped: NDArray, referenced: NDArray, inside: NDArray | None) -> None:
        within = np.ones(mapped.shape, bool) if inside is None else inside
        has_reference, has_map = referenced != UNLABELLED, mapped != UNLABELLED
        counts: Mapping[str, NDArray] = {
            COMPARED: within & has_reference & has_map,
            OUTSIDE: ~within,
            NO_REFERENCE: within & ~has_reference,
            NO_MAP: within & has_reference & ~has_map,
        }
        for name, where in counts.items():
            self.pixels[name] += int(where.sum())
