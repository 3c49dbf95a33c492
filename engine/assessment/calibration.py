"""Whether a confidence of 80 % is right in 80 of 100 pixels: reliability diagram and expected calibration error.

Guo et al. 2017, https://arxiv.org/abs/1706.04599 (eqs. 2 to 5). Confidence rasters hold whole percents, so counts are kept
by percent and the error is computed over BINS equal bins of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 10


class CalibrationTally:
    """Pixels and right pixels by confidence in percent, summed over tiles."""

    def __init__(self) -> None:
        self.pixels = np.zeros(101, np.int64)
        self.right = np.zeros(101, np.int64)

    def add(self, percent: NDArray, right: NDArray) -> None:
        """Count pixels: confidence 0 to 100 and whether the map is right, same shape, counted pixels only."""
        self.pixels += np.bincount(percent.ravel(), minlength=101)
        self.right += np.bincount(percent.ravel()[right.ravel()], minlength=101)

    @property
    def bins(self) -> NDArray[np.float64]:
        """Return (BINS, 3): mean confidence, accuracy and pixels of each bin; NaN in empty ones, the last ends with 100 %."""
        index = np.minimum(np.arange(101) * BINS // 100, BINS - 1)
        pixels = np.bincount(index, weights=self.pixels)
        with np.errstate(invalid="ignore"):
            confidence = np.bincount(index, weights=self.pixels * np.arange(101)) / 100 / pixels
            accuracy = np.bincount(index, weights=self.right) / pixels
        return np.stack([confidence, accuracy, pixels], axis=1)

    @property
    def ece(self) -> float:
        """Return the expected calibration error: the mean distance of accuracy from confidence, by pixels."""
        confidence, accuracy, pixels = self.bins.T
        if not pixels.sum():
            return float("nan")
        return float(np.nansum(np.abs(accuracy - confidence) * pixels) / pixels.sum())
