"""Equal weights: every class counts the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .standing import Standing


def weights(standing: Standing) -> NDArray[np.float64]:
    """Return (C,) ones."""
    return np.ones(len(standing.pixel_share))
