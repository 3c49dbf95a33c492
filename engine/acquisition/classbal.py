"""ClassBal: units of a class that few units show count a little more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .standing import Standing, bounded


def weights(standing: Standing) -> NDArray[np.float64]:
    """Return exp(-p) over its mean, p the share of units in which a class is the likeliest.

    The heaviest weight is at most e times the lightest, and about 1.5 times with the class shares of aerial images.

    Cai et al. 2021, "Revisiting Superpixels for Active Learning in Semantic Segmentation with Realistic Annotation Costs"
    (CVPR). The authors weigh a unit by its dominant class; ours weighs its pixels by their predicted class, which for a
    region unit is the same, because it has one.
    """
    return bounded(np.exp(-standing.unit_share))
