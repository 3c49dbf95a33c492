"""One versus rest: the doubt about each class on its own, so that a rare class counts like a common one."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def score(probs: Tensor) -> Tensor:
    """Return the summed binary entropy of every class against all others, divided by its largest value.

    Args:
        probs: (K, C, H, W) class probabilities from K forward passes; they sum to 1 over C.

    Returns:
        (H, W) in [0, 1]; 1 where all classes are equally likely.

    After OREAL (2025, https://arxiv.org/abs/2412.06470), whose weights we could not read: here all classes weigh the same.
    Its units count by their most doubtful pixel: that is the aggregation `max` of `engine.regions.select`.
    """
    mean = probs.mean(dim=0).clamp(0, 1)  # (C, H, W)
    doubt = (torch.special.entr(mean) + torch.special.entr(1 - mean)).sum(dim=0)
    share = 1 / max(len(mean), 2)
    largest = len(mean) * -(share * math.log(share) + (1 - share) * math.log(1 - share))
    return (doubt / largest).clamp_max(1)
