"""Focal loss: cross entropy that looks less at pixels that are already right.

Lin et al. 2017, https://arxiv.org/abs/1708.02002, equation 4, for several classes by softmax; p is that of the label

    L = mean over labelled pixels of -(1 - p)^GAMMA log p

The paper's is one sigmoid for each class, and so is segmentation_models_pytorch's; the classes here exclude one another.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

from . import TaskLoss, known

GAMMA = 2.0


def build(classes: int, student: Mapping[str, int]) -> TaskLoss:
    """Return the loss; it has no state."""
    return focal


def focal(outputs: Outputs, labels: Tensor) -> Tensor:
    """Return the loss of logits (N, C, H, W) against labels (N, H, W); 0 where none is labelled."""
    wanted = known(labels)
    surprise = F.cross_entropy(outputs.logits.float(), wanted, ignore_index=UNLABELLED, reduction="none")  # (N, H, W)
    weight = (-(-surprise).expm1()).clamp(min=0) ** GAMMA  # (1 - p)^GAMMA, exact also where p is nearly 1
    return (weight * surprise).sum() / (wanted != UNLABELLED).sum().clamp(min=1)
