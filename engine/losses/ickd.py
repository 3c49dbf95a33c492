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
from .places import Chip
from .relation import unit

GRID = 64


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss for features with these channels."""
    return InterChannel(places.channels(student, tap, classes), places.channels(teacher, tap, classes), tap)


class InterChannel(nn.Module):
    """The loss; its parameter, if any, is the adapter."""

    def __init__(self, found: int, wanted: int, tap: str) -> None:
        super().__init__()
        self._tap = tap
        self.adapter = places.adapter(found, wanted)

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean squared distance of the rows at the tap (N, C, h, w); of labels only NO_DATA matters."""
        chips = places.chips(student, teacher, labels, self._tap, GRID)
        return places.mean([self._of_chip(chip) for chip in chips], student)

    def _of_chip(self, chip: Chip) -> Tensor:
        found, wanted = (_gram(side) for side in (self.adapter(chip.found.T).T, chip.wanted))
        return (found - wanted).square().sum(dim=-1).mean()


def _gram(feature: Tensor) -> Tensor:
    return unit(feature @ feature.T / feature.shape[-1])
