"""The student follows the mean probabilities of several teachers, less where these are unsure or disagree.

After Chechlinski, Siemiatkowska and Majewski 2019 (a weeding robot), https://doi.org/10.3390/s19173787. READ, in the abstract:
the student mimics an ensemble of complex models on a large set of unlabelled images. INFERRED: how. With p the mean of the
teachers' probabilities p_m over C classes, H the entropy, and V every pixel with data, labelled or not

    w = 1 - H(p) / log C       d = H(p) - mean over m of H(p_m)       w = 0 in the 5 % of V where d is largest
    L = 1 / |V| * sum over V of w * KL(p || p')

Without weight and cut-off it is `pixel_kd`. Labelled and unlabelled chips are mixed by `--unlabelled-share`. ensemble_flip
adds what every teacher says of the mirrored chip to the mean. One teacher that is asked once disagrees with nobody: no cut-off.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import Outputs

from . import DISAGREEMENT, NO_DATA, places

CUT_OFF = 0.05


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, flip: bool = False) -> nn.Module:
    """Return the loss; `flip` asks the teachers twice."""
    return Ensemble(classes, flip=flip)


class Ensemble(nn.Module):
    """The loss; it has no parameters."""

    def __init__(self, classes: int, *, flip: bool) -> None:
        super().__init__()
        self._most = math.log(classes) if classes > 1 else 1.0
        self.asks_flipped = flip

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the weighted mean divergence over the pixels with data.

        Args:
            student: logits (N, C, H, W).
            teacher: logarithms of the mean probabilities and, if several answers were averaged, the feature
                `disagreement` (N, 1, H, W).
            labels: (N, H, W); only NO_DATA matters.
        """
        size = student.logits.shape[-2:]
        wanted = F.log_softmax(places.resized(teacher.logits.detach().float(), size), dim=1)
        divergence = F.kl_div(F.log_softmax(student.logits.float(), dim=1), wanted, reduction="none", log_target=True).sum(
            dim=1
        )
        counted = labels.long() != NO_DATA  # (N, H, W)
        weight = (1 - torch.special.entr(wanted.exp()).sum(dim=1) / self._most).clamp(min=0) * counted
        if DISAGREEMENT in teacher.features and counted.any():
            disagreement = places.resized(teacher.features[DISAGREEMENT].detach().float(), size)[:, 0]
            weight = weight * (disagreement <= _cut(disagreement[counted]))
        return (divergence * weight).sum() / counted.sum().clamp(min=1)


def _cut(disagreement: Tensor) -> Tensor:
    return disagreement.kthvalue(max(1, round((1 - CUT_OFF) * len(disagreement)))).values
