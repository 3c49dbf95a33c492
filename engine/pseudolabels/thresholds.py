"""How sure a model must be of each class, so that what it says there is right.

Everything is counted in bytes of confidence, so that thresholds follow from 256 counts a class, however large the raster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED

LEAST_CONFIDENCE = 0.70
FIRST_SHARE, MORE_EACH_ROUND, LARGEST_SHARE = 0.20, 0.10, 0.50
"""Share of each class's pixels, the surest, that is taken at most: it grows with the rounds, as in class-balanced
self-training (CBST, Zou et al. 2018, https://arxiv.org/abs/1810.07911), so that hard classes are not left out."""

LEAST_EVIDENCE_PX = 100
"""Held-out pixels above a threshold that a precision needs to be believed; a region unit has some hundreds."""

DOMINANCE = 3.0
"""No class gets more pixels than this many times the median class."""

SQUARE_PX = 8
"""A class that dominates is thinned in squares of this side, by chance."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Pixels by predicted channel and confidence in bytes, (C, 256) each.

    Args:
        candidates: pixels that nobody labelled, where a pseudo-label may lie.
        right: held-out pixels on the same kind of ground that the model has right.
        wrong: those that it has wrong.
    """

    candidates: NDArray[np.int64]
    right: NDArray[np.int64]
    wrong: NDArray[np.int64]

    @classmethod
    def zeros(cls, classes: int) -> Tally:
        """Return the empty tally."""
        return cls(*(np.zeros((classes, 256), np.int64) for _ in range(3)))

    def add(self, channels: NDArray[np.uint8], confidence: NDArray[np.uint8], reference: NDArray[np.uint8]) -> None:
        """Count the candidate pixels of a window.

        Args:
            channels: predicted channels, UNLABELLED where no pseudo-label may lie.
            confidence: probability of the channel, 0-255.
            reference: held-out channels, UNLABELLED where nothing is held out.
        """
        allowed, known = channels != UNLABELLED, reference != UNLABELLED
        for counts, counted in (
            (self.candidates, allowed & ~known),
            (self.right, allowed & known & (channels == reference)),
            (self.wrong, allowed & known & (channels != reference)),
        ):
            cells = channels[counted].astype(np.int64) * 256 + confidence[counted]
            counts[:] += np.bincount(cells, minlength=counts.size).reshape(counts.shape)


@dataclass(frozen=True)
class Rule:
    """What is taken of one class.

    Args:
        confidence: least confidence in bytes; 256 takes nothing.
        kept: share of the pixels above it that is drawn.
        precision: share of the held-out pixels above it that is right; None where they are too few.
        evidence_px: their number.
    """

    confidence: int
    kept: float
    precision: float | None
    evidence_px: int


def share_in(turn: int) -> float:
    """Return the share of each class that is taken at most in round `turn`, from 1."""
    return min(FIRST_SHARE + MORE_EACH_ROUND * (turn - 1), LARGEST_SHARE)


def choose(tally: Tally, share: float, precision: float) -> list[Rule]:
    """Return a rule for each class.

    The threshold is the confidence above which `share` of the class's candidates lie, at least 0.7, raised until the
    held-out pixels above it reach the precision; a class that never does gets nothing. Where more than `share` have the
    highest confidence there is, they are thinned to it. Then classes with more than three times the median class's pixels
    are thinned. Our specification; shares after CBST, the precision is ours.

    Args:
        tally: of the whole raster.
        share: share of each class's candidates that is taken at most, 0-1.
        precision: share of the held-out pixels that must be right, 0-1.
    """
    above, right, wrong = (_from_above(counts) for counts in (tally.candidates, tally.right, tally.wrong))  # (C, 257)
    known = right + wrong
    correct = np.divide(right, known, out=np.zeros(known.shape), where=known > 0)
    wanted = share * above[:, :1]
    is_sure = (above <= wanted) & (np.arange(257) >= np.ceil(255 * LEAST_CONFIDENCE))
    is_sure[:, 255] = True
    passes = is_sure & (known >= LEAST_EVIDENCE_PX) & (correct >= precision)
    found = np.where(passes.any(axis=1), passes.argmax(axis=1), 256)
    pixels = above[np.arange(len(above)), found]
    taken = np.minimum(pixels, wanted[:, 0])
    most = DOMINANCE * np.median(taken[taken > 0]) if taken.any() else 0.0
    return [
        Rule(
            t, float(min(taken[c], most) / pixels[c]) if pixels[c] else 0.0,
            float(correct[c, t]) if known[c, t] >= LEAST_EVIDENCE_PX else None, int(known[c, t]),
        )
        for c, t in enumerate(found.tolist())
    ]  # fmt: skip


def apply(
    rules: list[Rule], channels: NDArray[np.uint8], confidence: NDArray[np.uint8], row: int, col: int, seed: int
) -> NDArray[np.uint8]:
    """Return the channels that become pseudo-labels, UNLABELLED elsewhere; the result does not depend on the tiling.

    Args:
        rules: one for each class.
        channels: (h, w) candidates, UNLABELLED where none may lie.
        confidence: (h, w) in bytes.
        row: the raster's row of the first pixel.
        col: its column.
        seed: start of the chance that thins.
    """
    least = np.full(256, 256)
    kept = np.zeros(256)
    least[: len(rules)], kept[: len(rules)] = [r.confidence for r in rules], [r.kept for r in rules]
    chance = _chance(np.arange(row, row + channels.shape[0]), np.arange(col, col + channels.shape[1]), seed)
    return np.where((confidence >= least[channels]) & (chance < kept[channels]), channels, np.uint8(UNLABELLED))


def _from_above(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (C, 257): how many pixels have at least each confidence; the last is 0."""
    return np.pad(np.cumsum(counts[:, ::-1], axis=1)[:, ::-1], ((0, 0), (0, 1)))


def _chance(rows: NDArray, cols: NDArray, seed: int) -> NDArray[np.float64]:
    """Return (h, w) numbers in [0, 1), one for each square of the raster's grid."""
    down = (rows // SQUARE_PX).astype(np.uint64)[:, None]
    mixed: NDArray = (down << np.uint64(32)) + (cols // SQUARE_PX).astype(np.uint64)[None]
    with np.errstate(over="ignore"):  # splitmix64, Steele et al. 2014
        mixed = mixed + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
