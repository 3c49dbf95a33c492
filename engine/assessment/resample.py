"""How sure the figures of a map are, and whether one map is better than another, from blocks of ground.

Neighbouring pixels are wrong together, so a test that takes pixels as independent (McNemar on all pixels) finds any
difference significant. Our unit is the square block of ground. Intervals come from drawing blocks with replacement, the
same for both maps (block bootstrap, Efron & Tibshirani 1993, ch. 8 and 16); the p-value from letting the two maps trade
places in each block at random (paired permutation test, ibid. ch. 15), which is right for few blocks too. Both hold
where blocks are larger than the reach of one mistake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 2000
FEW_BLOCKS = 20
_ROUNDS_AT_ONCE = 100
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bootstrap interval, and the two-sided p-value of its being 0 (differences only)."""

    value: float
    low: float
    high: float
    p: float = float("nan")


class BlockTally:
    """Right, mapped and reference pixels of each class in each block, summed over tiles whose cores are whole blocks.

    Args:
        classes: number of classes; ids are positions 0 to classes - 1.
        block_px: side of a block; tile cores start and end on multiples of it, or at the edge of the raster.
    """

    def __init__(self, classes: int, block_px: int) -> None:
        self.classes, self.block_px = classes, block_px
        self._rows: list[NDArray] = []  # (K, 3, C) of each tile

    def add(self, map_ids: NDArray, reference_ids: NDArray) -> None:
        """Count the core of a tile: (h, w) class positions, unlabelled (255) in one is unlabelled in both."""
        height, width = map_ids.shape
        across = -(-width // self.block_px)
        block = (np.arange(height) // self.block_px * across)[:, None] + np.arange(width) // self.block_px
        blocks = -(-height // self.block_px) * across
        counted = reference_ids < self.classes
        where, mapped, referenced = block[counted], map_ids[counted], reference_ids[counted]
        size = blocks * self.classes
        right = mapped == referenced
        counts = [
            np.bincount(b * self.classes + ids, minlength=size).reshape(blocks, self.classes)
            for b, ids in ((where[right], mapped[right]), (where, mapped), (where, referenced))
        ]
        self._rows.append(np.stack(counts, axis=1).astype(np.int64))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return (K, 3, C): right, mapped and reference pixels of each block, empty blocks included."""
        return np.concatenate(self._rows) if self._rows else np.zeros((0, 3, self.classes), np.int64)


def intervals(counts: NDArray, seed: int) -> dict[str, Interval]:
    """Return overall accuracy and mIoU of a map with their intervals.

    Args:
        counts: (K, 3, C) of `BlockTally.counts`.
        seed: start of the random numbers.
    """
    counts = counts[counts[:, 2].sum(axis=1) > 0]
    draws = np.concatenate([_figures(s) for s in _resampled(counts, seed)])
    return {
        name: Interval(float(value), *(float(q) for q in np.nanpercentile(draws[:, i], (2.5, 97.5))))
        for i, (name, value) in enumerate(zip(("overall_accuracy", "miou"), _figures(counts.sum(axis=0)[None])[0], strict=True))
    }


def totals(counts: NDArray) -> dict[str, float]:
    """Return overall accuracy and mIoU of (K, 3, C) blocks taken together."""
    accuracy, miou = _figures(counts.sum(axis=0)[None])[0]
    return {"overall_accuracy": float(accuracy), "miou": float(miou)}


def compare(first: NDArray, second: NDArray, seed: int) -> dict[str, Interval]:
    """Return overall accuracy and mIoU of the second map less the first, with interval and p-value.

    Args:
        first: (K, 3, C) of the first map.
        second: of the second, over the same blocks and the same pixels.
        seed: start of the random numbers.
    """
    used = first[:, 2].sum(axis=1) > 0
    pairs = np.stack([first[used], second[used]], axis=1)  # (K, 2, 3, C)
    draws = np.concatenate([_figures(s[:, 1]) - _figures(s[:, 0]) for s in _resampled(pairs, seed)])
    total = pairs.sum(axis=0)
    values = _figures(total[1][None])[0] - _figures(total[0][None])[0]
    found = {}
    by_chance = np.concatenate([_figures(s[:, 1]) - _figures(s[:, 0]) for s in _exchanged(pairs, seed)])
    for i, (name, value) in enumerate(zip(("overall_accuracy", "miou"), values, strict=True)):
        low, high = np.nanpercentile(draws[:, i], (2.5, 97.5))
        as_far = np.abs(by_chance[:, i]) >= abs(value) - _ROUNDING
        found[name] = Interval(float(value), float(low), float(high), float((as_far.sum() + 1) / (ROUNDS + 1)))
    return found


def _resampled(counts: NDArray, seed: int) -> list[NDArray]:
    """Return sums over blocks drawn with replacement, (ROUNDS, ...) in parts."""
    rng = np.random.default_rng(seed)
    flat = counts.reshape(len(counts), -1).astype(float)
    chance = np.full(len(counts), 1 / len(counts))
    parts = []
    for _ in range(ROUNDS // _ROUNDS_AT_ONCE):
        times = rng.multinomial(len(counts), chance, size=_ROUNDS_AT_ONCE)
        parts.append((times @ flat).reshape(_ROUNDS_AT_ONCE, *counts.shape[1:]))
    return parts


def _exchanged(pairs: NDArray, seed: int) -> list[NDArray]:
    """Return sums over blocks in which the two maps trade places at random, (ROUNDS, 2, ...) in parts."""
    rng = np.random.default_rng(seed)
    total = pairs.sum(axis=0).astype(float)
    change = (pairs[:, 1] - pairs[:, 0]).reshape(len(pairs), -1).astype(float)
    parts = []
    for _ in range(ROUNDS // _ROUNDS_AT_ONCE):
        traded = rng.integers(0, 2, size=(_ROUNDS_AT_ONCE, len(pairs)), dtype=np.int8) @ change
        traded = traded.reshape(_ROUNDS_AT_ONCE, *total.shape[1:])
        parts.append(np.stack([total[0] + traded, total[1] - traded], axis=1))
    return parts


def _figures(sums: NDArray) -> NDArray[np.float64]:
    """Return overall accuracy and mIoU, (R, 2), of (R, 3, C) right, mapped and reference pixels."""
    right, mapped, referenced = np.moveaxis(sums.astype(float), 1, 0)
    either = mapped + referenced - right
    iou = np.divide(right, either, out=np.full(right.shape, np.nan), where=either > 0)
    return np.stack([right.sum(axis=1) / referenced.sum(axis=1), np.nanmean(iou, axis=1)], axis=1)
