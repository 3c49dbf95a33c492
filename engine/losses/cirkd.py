"""Cross-image relations: which places of one chip resemble which of another.

Yang et al. 2022 (CIRKD), https://arxiv.org/abs/2204.06986, its mini-batch part. For every ordered pair (m, n) of chips, with
S_ij the cosine of place i of chip m and place j of chip n

    P_i = softmax over j of S_ij / 0.1      L = mean over pairs and places i of KL(P_i || P'_i)

READ in released code: penultimate feature, pooled where it is large, all B^2 pairs, tau 0.1, no tau^2, weight 1. Ours: pooled
to at most 16x16 places (B^2 maps), places without data left out. The memory of the paper is a term of its own, `cirkd_memory`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .relation import row_divergence, unit

TAU = 0.1
GRID = 16


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss; cosines need no adapter."""
    for of in (student, teacher):
        places.channels(of, tap, classes)
    return CrossImage(tap)


class CrossImage(nn.Module):
    """The loss; it has no parameters."""

    def __init__(self, tap: str) -> None:
        super().__init__()
        self._tap = tap

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean divergence over all pairs of chips of the tap (N, C, h, w); of labels only NO_DATA matters."""
        chips = [(unit(c.found.T), unit(c.wanted.T)) for c in places.chips(student, teacher, labels, self._tap, GRID)]
        if len({len(found) for found, _ in chips}) == 1:  # all places have data: all pairs at once
            found, wanted = (torch.stack(side) for side in zip(*chips, strict=True))  # (N, places, channels)
            mine, theirs = (torch.einsum("mic,njc->mnij", side, side) for side in (found, wanted))
            return row_divergence(mine, theirs, TAU)
        pairs = [row_divergence(f @ g.T, v @ w.T, TAU) for f, v in chips for g, w in chips]
        return places.mean(pairs, student)
