"""Attention transfer: the student looks where the teacher looks.

Zagoruyko and Komodakis 2017 (AT), https://arxiv.org/abs/1612.03928. With a_i = mean over channels of F_ci^2 at the P places
of a chip, and a~ = a / |a|

    L = 1e4 / 8192 * |a~_student - a~_teacher|^2, mean over chips

READ in released code (CIRKD's re-implementation): 1e4 times the mean over P = 8192 places of the penultimate feature. A mean
of vectors of length one shrinks with P; the sum does not, so ours is the sum with the factor that code has at its own P.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .relation import unit

SCALE = 1e4 / 8192


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss; maps of energy need no adapter."""
    for of in (student, teacher):
        places.channels(of, tap, classes)
    return AttentionTransfer(tap)


class AttentionTransfer(nn.Module):
    """The loss; it has no parameters."""

    def __init__(self, tap: str) -> None:
        super().__init__()
        self._tap = tap

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the distance of the attention maps of the tap (N, C, h, w); of labels only NO_DATA matters."""
        chips = places.chips(student, teacher, labels, self._tap)
        return SCALE * places.mean([(_attention(c.found) - _attention(c.wanted)).square().sum() for c in chips], student)


def _attention(feature: Tensor) -> Tensor:
    return unit(feature.square().mean(dim=0))  # (places)
