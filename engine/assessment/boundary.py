"""How well a map draws borders: boundary F1 and boundary IoU of each class, and errors by distance to the border.

A border pixel of a class is a pixel of it with one of its four neighbours in another class; the edge of the raster and
pixels without a label make no border. Distances are between pixel centres, Euclidean, in pixels.

Boundary F1 (Csurka et al. 2013, https://doi.org/10.5244/C.27.32): precision is the share of the map's border pixels of
a class with a border pixel of that class in the reference within the tolerance, recall the same with the roles changed.
We count over the whole raster, where the paper averages over images.
Boundary IoU (Cheng et al. 2021, https://arxiv.org/abs/2103.16562): intersection over union of the two inner bands of a
class, the pixels of it with a pixel of another class within the tolerance. The paper's tolerance is 2 % of the image
diagonal; an orthophoto has no natural diagonal, so ours is in pixels.

Every measure of a core needs MARGIN_PX around it and is then the same as on the whole raster, whatever the tiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.contract.legend import UNLABELLED

TOLERANCES_PX = (1, 3, 5)
DISTANCE_EDGES_PX = (1, 2, 3, 5, 10, 20)
"""Upper ends of the distance bins: [0, 1), [1, 2), ... [20, and more)."""
MARGIN_PX = DISTANCE_EDGES_PX[-1] + 1

_DISK_PX = TOLERANCES_PX[-1]
_BITS = 64


@dataclass
class BoundaryTally:
    """Border pixels and bands of each class, and errors by distance, summed over tiles.

    Args:
        classes: number of classes; ids are positions 0 to classes - 1.
    """

    classes: int
    mapped: NDArray[np.int64] = field(init=False)  # (C,) border pixels of the map
    referenced: NDArray[np.int64] = field(init=False)
    mapped_hits: NDArray[np.int64] = field(init=False)  # (T, C) of these, within the tolerance of the other's border
    referenced_hits: NDArray[np.int64] = field(init=False)
    band_both: NDArray[np.int64] = field(init=False)  # (T, C)
    band_either: NDArray[np.int64] = field(init=False)
    pixels_by_distance: NDArray[np.int64] = field(init=False)  # (D,)
    errors_by_distance: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        tolerances, bins = len(TOLERANCES_PX), len(DISTANCE_EDGES_PX) + 1
        self.mapped, self.referenced = np.zeros((2, self.classes), np.int64)
        self.mapped_hits, self.referenced_hits, self.band_both, self.band_either = np.zeros(
            (4, tolerances, self.classes), np.int64
        )
        self.pixels_by_distance, self.errors_by_distance = np.zeros((2, bins), np.int64)

    def add(self, map_ids: NDArray, reference_ids: NDArray, core: tuple[slice, slice]) -> None:
        """Count one tile.

        Args:
            map_ids: (h, w) class positions with UNLABELLED.
            reference_ids: the same; unlabelled in one is unlabelled in both.
            core: the part that counts; MARGIN_PX around it is there, or is the edge of the raster.
        """
        map_borders, reference_borders = borders(map_ids), borders(reference_ids)
        for first in range(0, self.classes, _BITS):
            self._add_bits(map_ids, reference_ids, map_borders, reference_borders, core, first)
        self._add_distances(map_ids != reference_ids, reference_ids != UNLABELLED, reference_borders, core)

    def _add_bits(
        self,
        map_ids: NDArray,
        reference_ids: NDArray,
        map_borders: NDArray,
        reference_borders: NDArray,
        core: tuple[slice, slice],
        first: int,
    ) -> None:
        """Count the classes `first` to `first + 63` at once: one bit of a word is one class."""
        map_bits = _bits(map_ids, first, self.classes)
        reference_bits = _bits(reference_ids, first, self.classes)
        here = map_bits[core], reference_bits[core], map_ids[core], reference_ids[core]
        map_border, reference_border = map_borders[core] & (here[0] > 0), reference_borders[core] & (here[1] > 0)
        self.mapped += self._count(here[2], map_border)
        self.referenced += self._count(here[3], reference_border)
        near_map = dict(_dilations(np.where(map_borders, map_bits, 0).astype(map_bits.dtype)))
        near_reference = dict(_dilations(np.where(reference_borders, reference_bits, 0).astype(map_bits.dtype)))
        about_map, about_reference = dict(_dilations(map_bits)), dict(_dilations(reference_bits))
        for t, tolerance in enumerate(TOLERANCES_PX):
            self.mapped_hits[t] += self._count(here[2], map_border & ((near_reference[tolerance][core] & here[0]) > 0))
            self.referenced_hits[t] += self._count(here[3], reference_border & ((near_map[tolerance][core] & here[1]) > 0))
            map_band = (here[0] > 0) & ((about_map[tolerance][core] & ~here[0]) > 0)
            reference_band = (here[1] > 0) & ((about_reference[tolerance][core] & ~here[1]) > 0)
            both = self._count(here[2], map_band & reference_band & (here[0] == here[1]))
            self.band_both[t] += both
            self.band_either[t] += self._count(here[2], map_band) + self._count(here[3], reference_band) - both

    def _add_distances(self, wrong: NDArray, labelled: NDArray, border: NDArray, core: tuple[slice, slice]) -> None:
        far = np.full(border[core].shape, np.inf)
        distance = ndimage.distance_transform_edt(~border)[core] if border.any() else far
        bins = np.digitize(distance, DISTANCE_EDGES_PX)
        labelled, wrong = labelled[core], wrong[core]
        size = len(self.pixels_by_distance)
        self.pixels_by_distance += np.bincount(bins[labelled], minlength=size)
        self.errors_by_distance += np.bincount(bins[labelled & wrong], minlength=size)

    def _count(self, ids: NDArray, where: NDArray) -> NDArray[np.int64]:
        return np.bincount(ids[where], minlength=self.classes)[: self.classes]

    @property
    def precision(self) -> NDArray[np.float64]:
        """Return the boundary precision, (T, C); NaN where the map has no border of the class."""
        return _share(self.mapped_hits, self.mapped)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Return the boundary recall, (T, C); NaN where the reference has no border of the class."""
        return _share(self.referenced_hits, self.referenced)

    @property
    def f1(self) -> NDArray[np.float64]:
        """Return the boundary F1, (T, C): 0 where only one of both has a border, NaN where neither has."""
        precision, recall = np.nan_to_num(self.precision), np.nan_to_num(self.recall)
        f1 = _share(2 * precision * recall, precision + recall, empty=0.0)
        return np.where(self.mapped + self.referenced > 0, f1, np.nan)

    @property
    def iou(self) -> NDArray[np.float64]:
        """Return the boundary IoU, (T, C); NaN where neither has a border."""
        return _share(self.band_both, self.band_either)

    @property
    def error_rates(self) -> NDArray[np.float64]:
        """Return the share of wrong pixels by distance to the nearest reference border, (D,); NaN in empty bins."""
        return _share(self.errors_by_distance, self.pixels_by_distance)


def borders(ids: NDArray) -> NDArray[np.bool_]:
    """Return which labelled pixels have one of their four neighbours in another class, (h, w)."""
    found = np.zeros(ids.shape, dtype=bool)
    down = (ids[1:] != ids[:-1]) & (ids[1:] != UNLABELLED) & (ids[:-1] != UNLABELLED)
    found[1:] |= down
    found[:-1] |= down
    across = (ids[:, 1:] != ids[:, :-1]) & (ids[:, 1:] != UNLABELLED) & (ids[:, :-1] != UNLABELLED)
    found[:, 1:] |= across
    found[:, :-1] |= across
    return found


def _bits(ids: NDArray, first: int, classes: int) -> NDArray[np.unsignedinteger]:
    """Return a word for each pixel with the bit of its class set; 0 without label or for a class of another word."""
    here = min(classes - first, _BITS)
    dtype = next(t for t, bits in ((np.uint8, 8), (np.uint16, 16), (np.uint32, 32), (np.uint64, 64)) if here <= bits)
    table = np.zeros(UNLABELLED + 1, dtype=dtype)
    table[first : first + here] = np.left_shift(np.ones(here, np.uint64), np.arange(here, dtype=np.uint64)).astype(dtype)
    return table[ids]


def _dilations(words: NDArray) -> list[tuple[int, NDArray]]:
    """Return for each tolerance the bits of all pixels within it: a disk, built of runs along each row."""
    runs = [words]
    for reach in range(1, _DISK_PX + 1):
        wider = runs[-1].copy()
        wider[:, reach:] |= words[:, :-reach]
        wider[:, :-reach] |= words[:, reach:]
        runs.append(wider)
    result = []
    for tolerance in TOLERANCES_PX:
        near = runs[tolerance].copy()
        for row in range(1, tolerance + 1):
            run = runs[int((tolerance**2 - row**2) ** 0.5)]
            near[row:] |= run[:-row]
            near[:-row] |= run[row:]
        result.append((tolerance, near))
    return result


def _share(part: NDArray, whole: NDArray, empty: float = np.nan) -> NDArray[np.float64]:
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, empty), where=whole > 0)
