"""Class weights: a rare class counts more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RARITY = 6.0
"""nu of PixBal: how strongly rarity counts."""

LIGHTEST, HEAVIEST = 0.2, 5.0


def by_rarity(mean_probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a weight for each class, (nu p + 1)^-2 over its mean, clipped to 0.2-5.

    Args:
        mean_probs: (C,) mean probability of each class over the raster.

    PixBal of Hwang et al. 2023, "Active Learning for Semantic Segmentation with Multi-class Label Query" (NeurIPS), nu = 6;
    the clipping is ours.
    """
    rarity = (RARITY * mean_probs + 1.0) ** -2
    return np.clip(rarity / rarity.mean(), LIGHTEST, HEAVIEST)
