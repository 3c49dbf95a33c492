"""Class probabilities that follow the borders which the image shows: the guided filter, in the graph that the device runs.

He, Sun and Tang 2013, https://doi.org/10.1109/TPAMI.2012.213, eqs. 5, 6 and 8. With g the guide, p the probability of a class
and E the mean over the valid pixels of a window of (2 r + 1)^2 px

    a = (E[g p] - E[g] E[p]) / (E[g^2] - E[g]^2 + epsilon)      b = E[p] - a E[g]      q = E[a] g + E[b]

Ours: the guide is the mean of the normalized bands, whatever their number, and q is cut off at 0 and 1. What it gains and
costs is measured in benchmarks/refine.py.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

RADIUS_PX = 4
EPSILON = 0.012
"""In units of the guide's variance over the training data, which is about 1; 0.001 for values from 0 to 1."""

REACH_PX = 2 * RADIUS_PX
"""How far a pixel sees: two windows, one after the other."""


def smoothed(probs: Tensor, guide: Tensor, valid: Tensor) -> Tensor:
    """Return the probabilities (N, C, H, W) float32, smoothed within the things that the guide shows.

    Args:
        probs: (N, C, H, W) float32.
        guide: (N, 1, H, W) float32, normalized.
        valid: (N, 1, H, W) 1 where there is data and else 0; other pixels count in no mean.
    """
    count = _summed(valid).clamp(min=1e-6)

    def mean(values: Tensor) -> Tensor:
        return _summed(values * valid) / count

    level, shares = mean(guide), mean(probs)
    spread = mean(guide * guide) - level * level
    slope = (mean(guide * probs) - level * shares) / (spread + EPSILON)
    return (mean(slope) * guide + mean(shares - slope * level)).clamp(0.0, 1.0)


def _summed(values: Tensor) -> Tensor:
    """Return the sum over the window of each pixel, of which what lies beyond the tile is 0, up to one factor."""
    side = 2 * RADIUS_PX + 1
    across = F.avg_pool2d(values, (1, side), stride=1, padding=(0, RADIUS_PX))
    return F.avg_pool2d(across, (side, 1), stride=1, padding=(RADIUS_PX, 0))
