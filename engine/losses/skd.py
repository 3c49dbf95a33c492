"""Structured distillation, its pair-wise part: which places resemble which, as plain cosines.

Liu et al. 2019 (SKD), https://arxiv.org/abs/1903.04197. With A_ij the cosine of the features at places i and j

    L = 10 / P^2 * sum over i, j of (A_ij - A'_ij)^2, mean over chips

READ in released code: max pooling first, to 2x2 places with weight 0.5 (the authors), or by two with weight 10 (CIRKD's
re-implementation; ours). Ours: pooled to at most 32x32 places, whatever the size; lengths are not constants to the gradient.
The adversarial part of the paper is not here.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .relation import cosine

GRID = 32
SCALE = 10.0


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss; cosines need no adapter."""
    for of in (student, teacher):
        places.channels(of, tap, classes)
    return PairWise(tap)


class PairWise(nn.Module):
    """The loss; it has no parameters."""

    def __init__(self, tap: str) -> None:
        super().__init__()
        self._tap = tap

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean squared difference of the cosines of the tap (N, C, h, w); of labels only NO_DATA matters."""
        chips = places.chips(student, teacher, labels, self._tap, GRID, F.adaptive_max_pool2d)
        return SCALE * places.mean([(cosine(c.found.T) - cosine(c.wanted.T)).square().mean() for c in chips], student)
