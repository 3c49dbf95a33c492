"""Pixel by pixel, the student's class probabilities follow the teacher's.

Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network", https://arxiv.org/abs/1503.02531, applied to
every pixel as published segmentation code does. With p = softmax(z / T) over the classes

    L = T^2 / |V| * sum over pixels i in V of KL(p_teacher,i || p_student,i)

V holds every pixel with data, labelled or not: what the teacher sees where nobody labelled is the point of distilling.
Read in released code (CIRKD): T = 1, weight 1, the mean over pixels. The choice of V is ours.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import Outputs

from . import NO_DATA

TEMPERATURE = 1.0


def build(student: dict[str, int], teacher: dict[str, int], classes: int) -> nn.Module:
    """Return the loss; logits need no adapter."""
    return PixelKD()


class PixelKD(nn.Module):
    """The loss; it has no parameters."""

    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean divergence over the pixels with data.

        Args:
            student: logits (N, C, H, W).
            teacher: logits of the same classes; resized bilinearly where their height or width differs.
            labels: (N, H, W); only NO_DATA matters.
        """
        logits = teacher.logits.detach().float()
        if logits.shape[-2:] != student.logits.shape[-2:]:
            logits = F.interpolate(logits, student.logits.shape[-2:], mode="bilinear", align_corners=False)
        wanted = F.log_softmax(logits / TEMPERATURE, dim=1)  # (N, C, H, W)
        found = F.log_softmax(student.logits.float() / TEMPERATURE, dim=1)
        divergence = F.kl_div(found, wanted, reduction="none", log_target=True).sum(dim=1)  # (N, H, W)
        has_data = labels.long() != NO_DATA
        return TEMPERATURE**2 * (divergence * has_data).sum() / has_data.sum().clamp(min=1)
