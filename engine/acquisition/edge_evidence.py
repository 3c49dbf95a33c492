"""Edge evidence: a border that the model draws where the image shows none is doubtful, however sure the model is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def factor(unsupported: NDArray[np.floating], strength: float) -> NDArray[np.float64]:
    """Return what a unit's score is multiplied with, 1 + strength x the unsupported share.

    Args:
        unsupported: (n,) share of a unit's centreline without an image edge within 3 px; 0 for region units.
        strength: what a border without any support gains.

    INFERRED; a score of probabilities cannot see a confident error, an edge detector can. EdgeAL (Kadir et al. 2023, MICCAI)
    goes the other way: it scores only pixels on image edges.
    """
    return 1.0 + strength * np.asarray(unsupported, np.float64)
