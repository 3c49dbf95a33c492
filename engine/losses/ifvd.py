"""Intra-class feature variation: how far each place is from the mean of its class, in the student as in the teacher.

Wang et al. 2020 (IFVD), https://arxiv.org/abs/2007.03180 (ECCV 2020). With mu_k the mean feature of class k in a chip

    s_i = cos(F_i, mu_class(i))      L = 20 / P * sum over places i of (s_i - s'_i)^2, mean over chips

READ in released code: penultimate feature, labels at the nearest pixel, the mean not a constant to the gradient; weight 200
(the authors) or 20 (CIRKD; ours). Ours: where nobody labelled, the class is the teacher's; pooled to at most 64x64 places.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .places import Chip
from .relation import unit

GRID = 64
SCALE = 20.0


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss; cosines need no adapter."""
    for of in (student, teacher):
        places.channels(of, tap, classes)
    return IntraClassVariation(tap, classes)


class IntraClassVariation(nn.Module):
    """The loss; it has no parameters."""

    def __init__(self, tap: str, classes: int) -> None:
        super().__init__()
        self._tap, self._classes = tap, classes

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean squared difference of the similarities at the tap (N, C, h, w).

        Args:
            student: the tap.
            teacher: the tap and the logits.
            labels: (N, H, W); UNLABELLED is replaced by the teacher's class, NO_DATA does not count.
        """
        chips = places.chips(student, teacher, labels, self._tap, GRID, with_ids=True)
        return SCALE * places.mean([self._of_chip(chip) for chip in chips], student)

    def _of_chip(self, chip: Chip) -> Tensor:
        members = F.one_hot(chip.ids, self._classes).to(chip.found.dtype)  # (places, classes)
        found, wanted = (_similarity(side.T, members) for side in (chip.found, chip.wanted))
        return (found - wanted).square().mean()


def _similarity(feature: Tensor, members: Tensor) -> Tensor:
    """Return the cosine of each row of (places, channels) with the mean of its class."""
    means = (members.T @ feature) / members.sum(dim=0).clamp(min=1)[:, None]  # (classes, channels)
    return (unit(feature) * unit(members @ means)).sum(dim=-1)
