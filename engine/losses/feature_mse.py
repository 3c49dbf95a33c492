"""The student's feature is the teacher's, up to a 1x1 convolution: plain feature matching, the baseline to beat.

Romero et al. 2015 (FitNets), https://arxiv.org/abs/1412.6550. With the student's feature F', the teacher's F (C channels,
P places) and a 1x1 convolution phi without bias

    L = 10 / (C P) * sum of (phi(F') - F)^2

READ in released code (CIRKD's re-implementation): penultimate feature, convolution always applied, mean, weight 10. Ours:
phi starts as the identity where the channels agree; places without data do not count.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.outputs import Outputs

from . import places

SCALE = 10.0


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss for features with these channels."""
    return FeatureMSE(places.channels(student, tap, classes), places.channels(teacher, tap, classes), tap)


class FeatureMSE(nn.Module):
    """The loss; its parameter is the convolution."""

    def __init__(self, found: int, wanted: int, tap: str) -> None:
        super().__init__()
        self._tap = tap
        self.adapter = places.projection(found, wanted)

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean squared difference of the tap (N, C, h, w); of labels only NO_DATA matters."""
        chips = places.chips(student, teacher, labels, self._tap)
        return SCALE * places.mean([(self.adapter(c.found.T) - c.wanted.T).square().mean() for c in chips], student)
