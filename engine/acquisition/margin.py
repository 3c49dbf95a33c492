"""Margin: how little the likeliest class leads."""

from __future__ import annotations

import torch
from torch import Tensor


def score(probs: Tensor) -> Tensor:
    """Return one minus the lead of the likeliest class over the second.

    Args:
        probs: (K, C, H, W) class probabilities from K forward passes; they sum to 1 over C.

    Returns:
        (H, W) in [0, 1]; 1 where two classes are equally likely, however likely the others are.

    Scheffer et al. 2001, https://doi.org/10.1007/3-540-44816-0_31; the score of PixelPick (Shin et al. 2021).
    """
    mean = probs.mean(dim=0)  # (C, H, W)
    best, second = mean[0].clone(), torch.zeros_like(mean[0])
    for channel in mean[1:]:
        second = torch.maximum(second, torch.minimum(best, channel))
        best = torch.maximum(best, channel)
    return 1 - (best - second)
