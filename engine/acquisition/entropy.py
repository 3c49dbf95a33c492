"""Predictive entropy: how spread the probabilities are over all classes."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def score(probs: Tensor) -> Tensor:
    """Return the entropy of each pixel's mean probabilities, divided by log C.

    Args:
        probs: (K, C, H, W) class probabilities from K forward passes; they sum to 1 over C.

    Returns:
        (H, W) in [0, 1]; 1 where all classes are equally likely.

    Shannon 1948, https://doi.org/10.1002/j.1538-7305.1948.tb01338.x
    """
    mean = probs.mean(dim=0) if len(probs) > 1 else probs[0]  # (C, H, W)
    return torch.special.entr(mean).sum(dim=0) / math.log(max(len(mean), 2))
