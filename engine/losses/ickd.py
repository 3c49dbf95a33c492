"""Inter-channel correlation: which channels go together.

Liu et al. 2021 (ICKD), https://arxiv.org/abs/2202.03680 (ICCV 2021). With X (channels x places) and G = X X', rows of G brought
to length one

    L = 1 / C * sum over channels of |G_c - G'_c|^2, mean over chips

READ in released code (torchdistill): C x C Gram matrix, rows of length one, squared difference over C. INFERRED: weight 1, by
its scale (0 to 4), and the tap; a 1x1 convolution stands before the student's where channels differ.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .matched import Matched
from .relation import unit

GRID = 64


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss for features with these channels."""
    return InterChannel(student, teacher, classes, tap)


class InterChannel(Matched):
    """The loss."""

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean squared distance of the rows at the tap (N, C, h, w); of labels only NO_DATA matters."""
        pairs = self.pairs(student, teacher, labels, GRID)
        return places.mean([(_gram(f) - _gram(w)).square().sum(dim=-1).mean() for f, w in pairs], student)


def _gram(feature: Tensor) -> Tensor:
    return unit(feature @ feature.T / feature.shape[-1])
