"""What runs on the device, in one graph: stored pixels in, class ids and confidence out, both one byte a pixel.

Normalization and reduction are part of the graph, so every runtime does them where it computes, and nothing wider than
the stored pixel travels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.model import Model

PERCENT = 100.0


class Probabilities(nn.Module):
    """Class probabilities of stored pixels.

    Args:
        model: the network and its card.
        dtype: the number format of the network; the rest is float32.
    """

    offset: Tensor
    factor: Tensor

    def __init__(self, model: Model, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.network = model.network
        self.dtype = dtype
        scaling = torch.tensor(model.card.scaling, dtype=torch.float32)  # (B, 2)
        self.register_buffer("offset", scaling[:, 0].reshape(1, -1, 1, 1))
        self.register_buffer("factor", (1.0 / scaling[:, 1]).reshape(1, -1, 1, 1))

    def logits(self, pixels: Tensor) -> Tensor:
        """Return (N, C, H, W) float32 for (N, B + 1, H, W) as stored, whose last band is 1 where valid and else 0."""
        stored = pixels.float()
        normalized = (stored[:, :-1] - self.offset) * self.factor * stored[:, -1:]
        return self.network(normalized.to(self.dtype)).logits.float()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities (N, C, H, W)."""
        return (self.logits(pixels).softmax(dim=1),)


class Labels(Probabilities):
    """Class ids and confidence of stored pixels."""

    ids: Tensor

    def __init__(self, model: Model, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(model, dtype)
        ids = model.card.legend.ids
        self.ids_are_channels = ids == tuple(range(len(ids)))
        self.register_buffer("ids", torch.tensor(ids, dtype=torch.uint8))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return class ids and the probability of the class in percent, (N, H, W) uint8 each."""
        logits = self.logits(pixels)
        best, channel = logits.max(dim=1)
        probability = (logits - best.unsqueeze(1)).exp().sum(dim=1).reciprocal()  # softmax of the best class
        percent = (probability * PERCENT).round().to(torch.uint8)
        return (channel.to(torch.uint8) if self.ids_are_channels else self.ids[channel]), percent
