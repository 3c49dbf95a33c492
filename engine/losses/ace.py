"""Adaptive cross entropy: the teacher's probabilities where it is right, the label where it is wrong.

After Park and Heo 2020 (ACE, with CSC), https://doi.org/10.3390/s20164616. READ, in the paper's opening: an imperfect teacher
passes on false knowledge, and the loss adaptively uses the labels' one-hot encoding and the teacher's probability maps.
INFERRED: the rule, which we could not read. With p the teacher's probabilities, y the label and e_y its one-hot

    hard (ace)        q = p where argmax p = y, else e_y
    soft (ace_soft)   q = w p + (1 - w) e_y, w = p_y
    L = - mean over labelled pixels of sum over classes k of q_k log p'_k

It stands in the place of the loss against the labels, and is cross entropy where the teacher is wrong everywhere. Pixels that
nobody labelled have no say here: nothing tells whether the teacher is right there; add `pixel_kd` or `ensemble` for them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

from . import places


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, rule: str = "hard") -> nn.Module:
    """Return the loss; `rule` is `hard` or `soft`."""
    return AdaptiveCrossEntropy(soft=rule == "soft")


class AdaptiveCrossEntropy(nn.Module):
    """The loss; it has no parameters."""

    replaces_task_loss = True

    def __init__(self, *, soft: bool) -> None:
        super().__init__()
        self._soft = soft

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean over the labelled pixels; 0 where none is.

        Args:
            student: logits (N, C, H, W).
            teacher: logits; resized bilinearly where their size differs.
            labels: (N, H, W); UNLABELLED and NO_DATA do not count.
        """
        probs = places.resized(teacher.logits.detach().float(), student.logits.shape[-2:]).softmax(dim=1)
        known = labels.long() < UNLABELLED  # (N, H, W)
        ids = torch.where(known, labels.long(), 0)[:, None]
        label = torch.zeros_like(probs).scatter_(1, ids, 1.0)  # one-hot
        trust = probs.gather(1, ids) if self._soft else (probs.argmax(dim=1, keepdim=True) == ids).to(probs.dtype)
        target = trust * probs + (1 - trust) * label
        loss = -(target * F.log_softmax(student.logits.float(), dim=1)).sum(dim=1)
        return (loss * known).sum() / known.sum().clamp(min=1)
