"""Cross entropy that weighs more near the borders between classes.

The idea is that of Ronneberger et al. 2015 (U-Net, equation 2), https://arxiv.org/abs/1505.04597, who weigh by the distance to
the two nearest cells. Ours (INFERRED) is a band, which needs no distances: with w = 5 within 3 px of another class, else 1

    L = sum over labelled pixels of -w log p(label) / sum of w
"""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

from . import TaskLoss, border, known

BAND_WEIGHT = 5.0


def build(classes: int, student: Mapping[str, int]) -> TaskLoss:
    """Return the loss; it has no state."""
    return boundary_cross_entropy


def boundary_cross_entropy(outputs: Outputs, labels: Tensor) -> Tensor:
    """Return the loss of logits (N, C, H, W) against labels (N, H, W); 0 where none is labelled."""
    wanted = known(labels)
    weight = (1 + (BAND_WEIGHT - 1) * border.band(wanted).float()) * (wanted != UNLABELLED)
    surprise = F.cross_entropy(outputs.logits.float(), wanted, ignore_index=UNLABELLED, reduction="none")
    return (weight * surprise).sum() / weight.sum().clamp(min=1)
