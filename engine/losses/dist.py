"""Class probabilities correlate with the teacher's: over the classes of each pixel, and over the pixels of each class.

Huang et al. 2022 (DIST), https://arxiv.org/abs/2205.10536, segmentation version. With Y (pixels x classes) the probabilities
of all pixels of the batch and r Pearson's correlation

    L = mean over pixels of (1 - r(Y_i:, Y'_i:)) + mean over classes of (1 - r(Y_:k, Y'_:k))

READ in released code: both weights 1, temperature 1, pixels of the batch in one list. Ours: logits at full size; pixels
without data do not count. 1 - r is computed as half the squared distance of the standardized vectors, which is 0, not noise,
where the two agree.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.outputs import Outputs

from . import NO_DATA, places
from .relation import centred, unit


def build(student: dict[str, int], teacher: dict[str, int], classes: int) -> nn.Module:
    """Return the loss; logits need no adapter."""
    return Correlation()


class Correlation(nn.Module):
    """The loss; it has no parameters."""

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the two mean distances of the logits (N, C, H, W), added; of labels only NO_DATA matters."""
        counted = labels.long() != NO_DATA
        if not counted.any():
            return places.mean([], student)
        wanted = places.resized(teacher.logits.detach().float(), student.logits.shape[-2:])
        pair = (side.softmax(dim=1).movedim(1, -1)[counted] for side in (student.logits.float(), wanted))
        found, wanted = pair  # (pixels, C)
        return _distance(found, wanted) + _distance(found.T, wanted.T)


def _distance(found: Tensor, wanted: Tensor) -> Tensor:
    return 0.5 * (unit(centred(found)) - unit(centred(wanted))).square().sum(dim=-1).mean()
