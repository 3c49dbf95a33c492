"""Class weights: a rare class counts more, and so does one that the model gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RARITY = 6.0
"""nu of PixBal: how strongly rarity counts."""

LIGHTEST, HEAVIEST = 0.2, 5.0

SHRINKAGE_PX = 2000
"""A class whose IoU rests on this many held-out pixels is believed half; the rest is the mean of the classes."""

PATIENCE_ROUNDS, LEAST_GAIN = 2, 0.005
"""A class that got its share this many rounds running and gained less IoU is hard by nature, not short of labels."""


@dataclass(frozen=True)
class Past:
    """What is kept of a round, by class.

    Args:
        iou: (C,) shrunken IoU of the model that suggested the round.
        has_quota: (C,) whether the batch held the class's share.
    """

    iou: NDArray[np.float64]
    has_quota: NDArray[np.bool_]


def by_rarity(mean_probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a weight for each class, (nu p + 1)^-2 over its mean, clipped to 0.2-5.

    Args:
        mean_probs: (C,) mean probability of each class over the raster.

    PixBal of Hwang et al. 2023, "Active Learning for Semantic Segmentation with Multi-class Label Query" (NeurIPS), nu = 6;
    the clipping is ours.
    """
    return _bounded(_rarity(mean_probs))


def shrunken(iou: NDArray[np.float64], pixels: NDArray) -> NDArray[np.float64]:
    """Return IoUs drawn to their mean where few pixels stand behind them, (n IoU + k mean) / (n + k).

    Args:
        iou: (C,); NaN for a class without pixels, which gets the mean.
        pixels: (C,) held-out pixels of each class.
    """
    known = np.isfinite(iou)
    mean = iou[known].mean() if known.any() else 0.0
    return (pixels * np.where(known, iou, mean) + SHRINKAGE_PX * mean) / (pixels + SHRINKAGE_PX)


def by_performance(iou: NDArray[np.float64], mean_probs: NDArray[np.float64], past: Sequence[Past] = ()) -> NDArray[np.float64]:
    """Return a weight for each class: what it lacks to be perfect times its rarity, over the mean, clipped to 0.2-5.

    A class that had its quota in the last two rounds and gained less than half a point of IoU since loses half of what its
    weight exceeds 1: a request for more of a class that is hard by nature would never end. Ours.

    Args:
        iou: (C,) shrunken IoU on held-out answers.
        mean_probs: (C,) mean probability of each class over the raster.
        past: earlier rounds, the newest last.
    """
    weights = _bounded(np.maximum(0.0, 1.0 - iou) * _rarity(mean_probs))
    recent = past[-PATIENCE_ROUNDS:]
    if len(recent) < PATIENCE_ROUNDS:
        return weights
    is_hard = np.all([p.has_quota for p in recent], axis=0) & (iou - recent[0].iou < LEAST_GAIN)
    return np.where(is_hard, np.minimum(weights, 1.0 + (weights - 1.0) / 2), weights)


def _rarity(mean_probs: NDArray[np.float64]) -> NDArray[np.float64]:
    return (RARITY * mean_probs + 1.0) ** -2


def _bounded(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = float(weights.mean())
    return np.clip(weights / mean, LIGHTEST, HEAVIEST) if mean > 0 else np.ones_like(weights)
