"""Chance: every pixel is worth the same, so that the draw alone decides. The floor that any score must beat."""

from __future__ import annotations

import torch
from torch import Tensor


def score(probs: Tensor) -> Tensor:
    """Return 1 for each pixel.

    A constant and not noise: the mean of noise over a unit nears one half as the unit grows, so small units would lead. The
    draw between equal units is that of `engine.regions.select`, uniform over the units.

    Args:
        probs: (K, C, H, W) class probabilities; only their size is looked at.

    Returns:
        (H, W) of ones.

    With class quotas and an edge share this is the task-aware random of nnActive (Lüth et al. 2025), the baseline that most
    methods did not beat there.
    """
    return torch.ones_like(probs[0, 0])
