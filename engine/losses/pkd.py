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
from .relation import centred, unit


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss for features with these channels."""
    return ChannelCorrelation(places.channels(student, tap, classes), places.channels(teacher, tap, classes), tap)


class ChannelCorrelation(nn.Module):
    """The loss; its parameter, if any, is the adapter."""

    def __init__(self, found: int, wanted: int, tap: str) -> None:
        super().__init__()
        self._tap = tap
        self.adapter = places.adapter(found, wanted)

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean of 1 - r over the channels of the tap (N, C, h, w); of labels only NO_DATA matters."""
        chips = list(places.chips(student, teacher, labels, self._tap))
        if not chips:
            return places.mean([], student)
        found = self.adapter(torch.cat([c.found for c in chips], dim=1).T).T  # (C, all places)
        wanted = torch.cat([c.wanted for c in chips], dim=1)
        return 0.5 * (unit(centred(found)) - unit(centred(wanted))).square().sum(dim=-1).mean()
