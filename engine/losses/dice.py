"""Dice loss: the overlap of each class in the batch, alone or with cross entropy.

Milletari et al. 2016, https://arxiv.org/abs/1606.04797, for several classes: with p the probabilities and t the one-hot labels

    L = mean over classes k of (1 - 2 sum p_k t_k / (sum p_k + sum t_k)), sums over the labelled pixels of the batch

Computed by segmentation_models_pytorch, where a class that the batch does not have counts as met.
"""

from __future__ import annotations

from collections.abc import Mapping

from segmentation_models_pytorch.losses import DiceLoss
from torch import Tensor

from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

from . import TaskLoss, known
from .cross_entropy import cross_entropy


def build(classes: int, student: Mapping[str, int], *, with_cross_entropy: bool = False) -> TaskLoss:
    """Return the loss."""
    overlap = DiceLoss("multiclass", ignore_index=UNLABELLED)

    def dice(outputs: Outputs, labels: Tensor) -> Tensor:
        """Return the loss of logits (N, C, H, W) against labels (N, H, W)."""
        return overlap(outputs.logits.float(), known(labels))

    def both(outputs: Outputs, labels: Tensor) -> Tensor:
        """Return Dice loss and cross entropy, added."""
        return dice(outputs, labels) + cross_entropy(outputs, labels)

    return both if with_cross_entropy else dice
