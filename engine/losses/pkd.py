"""Each channel of the student's feature correlates with the teacher's: feature matching without scale and offset.

Cao et al. 2022 (PKD), https://arxiv.org/abs/2207.02039. With every channel standardized over all places of the batch

    L = 1/2 * mean over channels and places of (phi(F') - F)^2 = mean over channels of (1 - Pearson's r)

READ in released code (mmrazor): standardization per channel, mean square over 2, the student resized to the teacher. Ours:
phi is the identity or, where the channels differ, a 1x1 convolution; places without data do not count.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .matched import Matched
from .relation import centred, unit


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss for features with these channels."""
    return ChannelCorrelation(student, teacher, classes, tap)


class ChannelCorrelation(Matched):
    """The loss."""

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean of 1 - r over the channels of the tap (N, C, h, w); of labels only NO_DATA matters."""
        pairs = self.pairs(student, teacher, labels)
        if not pairs:
            return places.mean([], student)
        found, wanted = (torch.cat(side, dim=1) for side in zip(*pairs, strict=True))  # (C, all places)
        return 0.5 * (unit(centred(found)) - unit(centred(wanted))).square().sum(dim=-1).mean()
