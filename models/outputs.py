"""What every network returns: logits for the labels, features for distillation."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

STAGES = ("stage1", "stage2", "stage3", "stage4")
"""Encoder features from shallow to deep, at strides 4, 8, 16 and 32."""


class Outputs(NamedTuple):
    """What a network says of a batch.

    Args:
        logits: (N, C, H, W) at the size of the input.
        features: `stage1` ... `stage4` of the encoder and `decoder`, the last feature before the classifier; each
            (N, channels, h, w) on the input padded to a multiple of the network's stride.
    """

    logits: Tensor
    features: dict[str, Tensor]
