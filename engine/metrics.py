"""A map against its reference: one table of counts from which every accuracy figure follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED


@dataclass(frozen=True, eq=False)
class Confusion:
    """Pixel counts by reference class (rows) and mapped class (columns); tables of the same classes add up.

    Figures of a class are NaN where they are undefined: IoU and F1 of a class that is neither mapped nor in the
    reference, recall of a class that is not in the reference, precision of a class that was never mapped.
    """

    counts: NDArray[np.int64]

    @classmethod
    def zeros(cls, classes: int) -> Confusion:
        """Return the empty table, the start of a sum."""
        return cls(np.zeros((classes, classes), np.int64))

    @classmethod
    def of(cls, map_ids: NDArray, reference_ids: NDArray, classes: int | Sequence[int]) -> Confusion:
        """Count the pixels of a map by class; pixels that are unlabelled in either array do not count.

        Args:
            map_ids: any shape, integer; UNLABELLED where the map is empty.
            reference_ids: same shape.
            classes: the ids in order, such as `legend.ids`; or a number n for the ids 0 to n - 1.

        Returns:
            The table in the order of `classes`; ids outside `classes` do not count, the caller refuses them.
        """
        ids = range(classes) if isinstance(classes, int) else classes
        index = np.full(UNLABELLED + 1, -1, np.int64)
        index[list(ids)] = np.arange(len(ids))
        rows, columns = index[reference_ids.ravel()], index[map_ids.ravel()]
        counted = (rows >= 0) & (columns >= 0)
        cells = np.bincount(rows[counted] * len(ids) + columns[counted], minlength=len(ids) ** 2)
        return cls(cells.reshape(len(ids), len(ids)))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.counts + other.counts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Confusion) and np.array_equal(self.counts, other.counts)

    __hash__ = None  # type: ignore[assignment]

    @property
    def pixels(self) -> int:
        """Return how many pixels were counted."""
        return int(self.counts.sum())

    @property
    def iou(self) -> NDArray[np.float64]:
        """Return intersection over union of each class."""
        return _ratio(self._hits, self._reference + self._mapped - self._hits)

    @property
    def f1(self) -> NDArray[np.float64]:
        """Return the harmonic mean of precision and recall of each class."""
        return _ratio(2 * self._hits, self._reference + self._mapped)

    @property
    def precision(self) -> NDArray[np.float64]:
        """Return the share of each mapped class that is right (user's accuracy)."""
        return _ratio(self._hits, self._mapped)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Return the share of each reference class that was found (producer's accuracy)."""
        return _ratio(self._hits, self._reference)

    @property
    def miou(self) -> float:
        """Return the mean IoU over the classes that have one; NaN without any pixel."""
        return _mean(self.iou)

    @property
    def mean_f1(self) -> float:
        """Return the mean F1 over the classes that have one; NaN without any pixel."""
        return _mean(self.f1)

    @property
    def overall_accuracy(self) -> float:
        """Return the share of counted pixels that are right; NaN without any pixel."""
        return float(_ratio(self._hits.sum(), self.counts.sum()))

    @property
    def _hits(self) -> NDArray[np.int64]:
        return np.diagonal(self.counts)

    @property
    def _reference(self) -> NDArray[np.int64]:
        return self.counts.sum(axis=1)

    @property
    def _mapped(self) -> NDArray[np.int64]:
        return self.counts.sum(axis=0)


def _ratio(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)


def _mean(figures: NDArray[np.float64]) -> float:
    return float(np.nanmean(figures)) if np.isfinite(figures).any() else float("nan")
