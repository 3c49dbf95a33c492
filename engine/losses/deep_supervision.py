"""Cross entropy at the end of the network and, through 1x1 heads, at the stages of its encoder.

Lee et al. 2015 (deeply-supervised nets), https://arxiv.org/abs/1409.5185; the weight is that of Zhao et al. 2017 (PSPNet),
https://arxiv.org/abs/1612.01105, for their one auxiliary head.

    L = CE(logits) + 0.4 * mean over stages 2, 3, 4 of CE(head(stage), resized to the labels)

The heads are trained with the network and dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.outputs import STAGES, Outputs

from . import TaskLoss, places
from .cross_entropy import cross_entropy

STAGE_WEIGHT = 0.4


def build(classes: int, student: Mapping[str, int]) -> TaskLoss:
    """Return the loss with heads for a network whose features have these channels."""
    return DeepSupervision(classes, student)


class DeepSupervision(nn.Module):
    """The loss; its parameters are the heads."""

    def __init__(self, classes: int, student: Mapping[str, int]) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({s: nn.Conv2d(places.channels(student, s, classes), classes, 1) for s in STAGES[1:]})

    def forward(self, outputs: Outputs, labels: Tensor) -> Tensor:
        """Return the loss of logits (N, C, H, W) and stages against labels (N, H, W)."""
        of_stages = []
        for stage, head in self.heads.items():
            with torch.autocast(labels.device.type, enabled=False):
                logits = places.resized(head(outputs.features[stage].float()), labels.shape[-2:])
            of_stages.append(cross_entropy(Outputs(logits, {}), labels))
        return cross_entropy(outputs, labels) + STAGE_WEIGHT * torch.stack(of_stages).mean()
