"""Performance: classes that the model gets wrong count more, until asking for them no longer helps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import pixbal
from .standing import Standing, bounded

SHRINKAGE_PX = 2000
"""A class whose IoU rests on this many held-out pixels is believed half; the rest is the mean of the classes."""

PATIENCE_ROUNDS, LEAST_GAIN = 2, 0.005
"""A class that got its share this many rounds running and gained less IoU is hard by nature, not short of labels."""


def weights(standing: Standing, power: float = 1.0, with_rarity: bool = True) -> NDArray[np.float64]:
    """Return (1 - IoU)^power times PixBal's rarity over the mean, clipped to 0.2-5; without an IoU the rarity alone.

    A class that had its quota in the last two rounds and gained less than half a point of IoU since loses half of what its
    weight exceeds 1 (patience): a request for more of a class that is hard by nature would never end.

    Args:
        standing: IoU, earlier rounds, and shares where rarity counts.
        power: how strongly a gap in IoU counts.
        with_rarity: False leaves the gap alone.

    After the abstract of Shan et al. 2024 (https://arxiv.org/abs/2405.18078), which names performance and of which we could
    read no formula. The gap to a power is that of DCAU-AL (2026, https://arxiv.org/abs/2604.08965), whose exponent we could
    not read. Shrinking, rarity and patience are ours. Answers lie where a model was unsure, so the IoU is too low
    everywhere; it is only compared between classes.
    """
    rarity = (pixbal.RARITY * standing.pixel_share + 1.0) ** -2 if with_rarity else np.ones(len(standing.pixel_share))
    if standing.iou is None:
        return bounded(rarity)
    found = bounded(np.maximum(0.0, 1.0 - standing.iou) ** power * rarity)
    recent = standing.past[-PATIENCE_ROUNDS:]
    if len(recent) < PATIENCE_ROUNDS:
        return found
    is_hard = np.all([p.has_quota for p in recent], axis=0) & (standing.iou - recent[0].iou < LEAST_GAIN)
    return np.where(is_hard, np.minimum(found, 1.0 + (found - 1.0) / 2), found)


def shrunken(iou: NDArray[np.float64], pixels: NDArray) -> NDArray[np.float64]:
    """Return IoUs drawn to their mean where few pixels stand behind them, (n IoU + k mean) / (n + k).

    Args:
        iou: (C,); NaN for a class without pixels, which gets the mean.
        pixels: (C,) held-out pixels of each class.
    """
    known = np.isfinite(iou)
    mean = iou[known].mean() if known.any() else 0.0
    return (pixels * np.where(known, iou, mean) + SHRINKAGE_PX * mean) / (pixels + SHRINKAGE_PX)
