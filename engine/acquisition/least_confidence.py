"""Least confidence: how little the model believes in its own answer."""

from __future__ import annotations

from torch import Tensor


def score(probs: Tensor) -> Tensor:
    """Return one minus the largest probability of each pixel, stretched so that full doubt is 1.

    Args:
        probs: (K, C, H, W) class probabilities from K forward passes; they sum to 1 over C.

    Returns:
        (H, W) in [0, 1]; 1 where all classes are equally likely.

    Lewis and Gale 1994, https://arxiv.org/abs/cmp-lg/9407020; the stretch by C / (C - 1) is ours.
    """
    mean = probs.mean(dim=0)  # (C, H, W)
    return (1 - mean.amax(dim=0)) * (len(mean) / max(len(mean) - 1, 1))
