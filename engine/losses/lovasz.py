"""Lovász-softmax loss: a convex stand-in for 1 - IoU.

Berman et al. 2018, https://arxiv.org/abs/1705.08790. With m_k the errors |t_k - p_k| of the batch's labelled pixels and J_k the
Lovász extension of the Jaccard loss of class k: L = mean over the classes that the batch has of J_k(m_k). Computed by
segmentation_models_pytorch, which returns no number for a batch without a label; here that is 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from segmentation_models_pytorch.losses import LovaszLoss
from torch import Tensor

from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

from . import TaskLoss, known


def build(classes: int, student: Mapping[str, int]) -> TaskLoss:
    """Return the loss."""
    extension = LovaszLoss("multiclass", ignore_index=UNLABELLED)

    def lovasz(outputs: Outputs, labels: Tensor) -> Tensor:
        """Return the loss of logits (N, C, H, W) against labels (N, H, W)."""
        return extension(outputs.logits.float(), known(labels)).sum()

    return lovasz
