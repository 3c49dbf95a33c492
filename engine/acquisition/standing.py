"""Where each class stands when a batch is chosen: how common it seems, how well it is mapped, what it was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIGHTEST, HEAVIEST = 0.2, 5.0


@dataclass(frozen=True)
class Past:
    """What is kept of a round, by class.

    Args:
        iou: (C,) shrunken IoU of the model that suggested the round.
        has_quota: (C,) whether the batch held the class's share.
    """

    iou: NDArray[np.float64]
    has_quota: NDArray[np.bool_]


@dataclass(frozen=True)
class Standing:
    """What class weights may look at.

    Args:
        pixel_share: (C,) mean predicted probability of each class over the pool; sums to 1.
        unit_share: (C,) share of the pool's units in which the class is the likeliest; sums to 1.
        iou: (C,) shrunken IoU of the model on answers that it did not learn from; None before there are any.
        past: earlier rounds, the newest last.
    """

    pixel_share: NDArray[np.float64]
    unit_share: NDArray[np.float64]
    iou: NDArray[np.float64] | None = None
    past: tuple[Past, ...] = ()


def bounded(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights over their mean, clipped to 0.2-5 (ours): no class may silence or drown the others."""
    mean = float(weights.mean())
    return np.clip(weights / mean, LIGHTEST, HEAVIEST) if mean > 0 else np.ones_like(weights)
