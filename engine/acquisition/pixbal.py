"""PixBal: pixels of a rare class count much more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .standing import Standing, bounded

RARITY = 6.0
"""nu: how strongly rarity counts; the authors' value for Cityscapes."""


def weights(standing: Standing) -> NDArray[np.float64]:
    """Return (nu p + 1)^-2 over its mean, p the mean probability of a class over the pool.

    Hwang et al. 2023, "Active Learning for Semantic Segmentation with Multi-class Label Query" (NeurIPS); the clipping is
    ours.
    """
    return bounded((RARITY * standing.pixel_share + 1.0) ** -2)
