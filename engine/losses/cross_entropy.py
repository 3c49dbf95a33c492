"""Cross entropy with the labels, over labelled pixels only."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

from . import TaskLoss, known


def build(classes: int, student: Mapping[str, int]) -> TaskLoss:
    """Return the loss; it has no state."""
    return cross_entropy


def cross_entropy(outputs: Outputs, labels: Tensor) -> Tensor:
    """Return the mean of -log p(label) over the labelled pixels of the whole batch; 0 where none is labelled.

    Args:
        outputs: logits (N, C, H, W).
        labels: (N, H, W) in 0 ... C-1, UNLABELLED or NO_DATA.
    """
    wanted = known(labels)
    total = F.cross_entropy(outputs.logits.float(), wanted, ignore_index=UNLABELLED, reduction="sum")
    return total / (wanted != UNLABELLED).sum().clamp(min=1)
