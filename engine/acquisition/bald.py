"""BALD: what several passes disagree about, apart from what all of them find hard."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def score(probs: Tensor) -> Tensor:
    """Return the entropy of the mean minus the mean of the entropies, divided by log C.

    Args:
        probs: (K, C, H, W) class probabilities from K forward passes; they sum to 1 over C. With K = 1 the score is 0.

    Returns:
        (H, W) in [0, 1]; 1 where the passes are sure and contradict one another.

    Houlsby et al. 2011, https://arxiv.org/abs/1112.5745.
    """
    mean = probs.mean(dim=0)  # (C, H, W)
    together = torch.special.entr(mean).sum(dim=0)
    apart = torch.special.entr(probs).sum(dim=1).mean(dim=0)
    return ((together - apart) / math.log(max(len(mean), 2))).clamp_min(0)
