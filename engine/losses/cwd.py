"""Channel-wise distillation: each channel says where in the chip it matters, as a distribution over places.

Shu et al. 2021 (CWD), https://arxiv.org/abs/2011.13256. With q_c = softmax over places of F_c / T

    L = scale * T^2 / C * sum over channels c of KL(q_c || q'_c), mean over chips

READ in released code: on the penultimate feature T = 4 and weight 50, with a 1x1 convolution where channels differ (CIRKD);
on the logits T = 4 and weight 3 (TorchDistiller), elsewhere T = 1 and weight 5 (mmrazor). These weights are `scale`. Ours:
logits at full size instead of an eighth, logarithms by log-softmax, and places without data are no places.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .places import LOGITS, Chip

TEMPERATURE = 4.0
FEATURE_SCALE, LOGIT_SCALE = 50.0, 3.0


def build(student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = "decoder") -> nn.Module:
    """Return the loss for a feature, or for the logits, with these channels."""
    found, wanted = (places.channels(of, tap, classes) for of in (student, teacher))
    return ChannelWise(found, wanted, tap, LOGIT_SCALE if tap == LOGITS else FEATURE_SCALE)


class ChannelWise(nn.Module):
    """The loss; its parameter, if any, is the adapter."""

    def __init__(self, found: int, wanted: int, tap: str, scale: float) -> None:
        super().__init__()
        self._tap, self._scale = tap, scale
        self.adapter = places.adapter(found, wanted)

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the divergence of the channels of the tap (N, C, h, w); of labels only NO_DATA matters."""
        chips = places.chips(student, teacher, labels, self._tap)
        return self._scale * places.mean([self._of_chip(chip) for chip in chips], student)

    def _of_chip(self, chip: Chip) -> Tensor:
        return divergence_over_places(self.adapter(chip.found.T).T, chip.wanted)


def divergence_over_places(found: Tensor, wanted: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Return T^2 times the mean over channels of the KL divergence over places; both are (C, places)."""
    log_found, log_wanted = (F.log_softmax(side / temperature, dim=-1) for side in (found, wanted))
    divergence = F.kl_div(log_found, log_wanted, reduction="none", log_target=True).sum(dim=-1)  # (C)
    return temperature**2 * divergence.mean()
