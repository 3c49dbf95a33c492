"""Inter-class similarity: how alike the teacher's maps of two classes are.

Mansurian et al. 2023 (AICSD), https://arxiv.org/abs/2308.04243. With q_k = softmax over places of the logits of class k

    M_kl = KL(q_k || q_l), rows of M brought to length one      L = 1 / K * sum over k of |M_k - M'_k|^2, mean over chips

READ in released code: this matrix and its row lengths; weight 9500 on the mean of all K^2 entries; a softmax over the rows of
the image alone, which looks like a slip, so ours runs over all places. INFERRED: the sum over each row, the weight 1 and no
schedule against the task loss.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .places import LOGITS
from .relation import unit

GRID = 64


def build(student: dict[str, int], teacher: dict[str, int], classes: int) -> nn.Module:
    """Return the loss; logits need no adapter."""
    return InterClass()


class InterClass(nn.Module):
    """The loss; it has no parameters."""

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean squared distance of the rows for logits (N, C, H, W); of labels only NO_DATA matters."""
        chips = places.chips(student, teacher, labels, LOGITS, GRID)
        return places.mean([(_likeness(c.found) - _likeness(c.wanted)).square().sum(dim=-1).mean() for c in chips], student)


def _likeness(logits: Tensor) -> Tensor:
    log_q = F.log_softmax(logits, dim=-1)  # (classes, places)
    cross = log_q.exp() @ log_q.T  # sum of q_k log q_l
    return unit(cross.diagonal()[:, None] - cross)
