"""What runs on the device, in one graph: stored pixels in, class ids and confidence out, both one byte a pixel.

Normalization and reduction are part of the graph, so every runtime does them where it computes, and nothing wider than
the stored pixel travels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.model import Model

from . import guided

PERCENT = 100.0
CHAINED_CLASSES = 24
VIEWS = {"none": ((0, False),), "flips": ((0, False), (2, False), (0, True), (2, True)),
         "d4": tuple((turns, flip) for flip in (False, True) for turns in range(4))}  # fmt: skip
"""Views of test-time augmentation: quarter turns, and whether columns are reversed before them."""


class Probabilities(nn.Module):
    """Class probabilities of stored pixels.

    Args:
        model: the network and its card.
        dtype: the number format of the network; the rest is float32.
        views: a word of `VIEWS`; the probabilities of the views are averaged.
        refine: `guided` lets them follow the borders of the image, see `guided`; or `none`.
    """

    offset: Tensor
    factor: Tensor

    def __init__(self, model: Model, dtype: torch.dtype = torch.float32, views: str = "none", refine: str = "none") -> None:
        super().__init__()
        self.views = VIEWS[views]
        self.is_guided = refine == "guided"
        self.network = model.network
        self.dtype = dtype
        scaling = torch.tensor(model.card.scaling, dtype=torch.float32)  # (B, 2)
        self.register_buffer("offset", scaling[:, 0].reshape(1, -1, 1, 1))
        self.register_buffer("factor", (1.0 / scaling[:, 1]).reshape(1, -1, 1, 1))

    @property
    def scores_are_probs(self) -> bool:
        """Return whether `scores` are probabilities, as with several views or the guided filter, and not logits."""
        return len(self.views) > 1 or self.is_guided

    def scores(self, pixels: Tensor) -> Tensor:
        """Return logits, or with several views or the guided filter probabilities, (N, C, H, W) float32.

        Args:
            pixels: (N, B + 1, H, W) as stored; the last band is 1 where valid and else 0.
        """
        if not self.scores_are_probs:
            return self._logits(self._normalized(pixels))
        probs = torch.stack(self.seen(pixels)).mean(dim=0)
        if not self.is_guided:
            return probs
        guide = self._normalized(pixels).mean(dim=1, keepdim=True)
        return guided.smoothed(probs, guide, pixels[:, -1:].float())

    def seen(self, pixels: Tensor) -> list[Tensor]:
        """Return the probabilities of each view, turned back, (N, C, H, W) float32 each."""
        normalized = self._normalized(pixels)
        seen = []
        for turns, is_flipped in self.views:
            view = normalized.flip(3) if is_flipped else normalized
            probs = self._logits(view.rot90(turns, (2, 3))).softmax(dim=1).rot90(-turns, (2, 3))
            seen.append(probs.flip(3) if is_flipped else probs)
        return seen

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities (N, C, H, W)."""
        scores = self.scores(pixels)
        return (scores if self.scores_are_probs else scores.softmax(dim=1),)

    def _normalized(self, pixels: Tensor) -> Tensor:
        stored = pixels.float()
        return (stored[:, :-1] - self.offset) * self.factor * stored[:, -1:]

    def _logits(self, normalized: Tensor) -> Tensor:
        return self.network(normalized.to(self.dtype)).logits.float()


class ProbabilityBytes(Probabilities):
    """Class probabilities of stored pixels, a byte each."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return 255 times the probabilities, rounded, (N, C, H, W) uint8."""
        return ((super().forward(pixels)[0] * 255.0).round().to(torch.uint8),)


class Views(Probabilities):
    """Class probabilities of stored pixels, as each view sees them."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities of the views, (N, K, C, H, W)."""
        return (torch.stack(self.seen(pixels), dim=1),)


class Labels(Probabilities):
    """Class ids and confidence of stored pixels."""

    ids: Tensor

    def __init__(self, model: Model, dtype: torch.dtype = torch.float32, views: str = "none", refine: str = "none") -> None:
        super().__init__(model, dtype, views, refine)
        ids = model.card.legend.ids
        self.ids_are_channels = ids == tuple(range(len(ids)))
        self.register_buffer("ids", torch.tensor(ids, dtype=torch.uint8))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return class ids and the probability of the class in percent, (N, H, W) uint8 each."""
        return self._reduced(self.scores(pixels))

    def _reduced(self, scores: Tensor) -> tuple[Tensor, ...]:
        best, channel = _largest(scores)
        probability = best if self.scores_are_probs else (scores - best.unsqueeze(1)).exp().sum(dim=1).reciprocal()
        percent = (probability * PERCENT).round().to(torch.uint8)
        return (channel.to(torch.uint8) if self.ids_are_channels else self.ids[channel.long()]), percent


class LabelsAndProbabilities(Labels):
    """Class ids, confidence and the probability of every class."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return what `Labels` returns, and the probabilities in percent, (N, C, H, W) uint8."""
        scores = self.scores(pixels)
        probs = scores if self.scores_are_probs else scores.softmax(dim=1)
        return *self._reduced(scores), (probs * PERCENT).round().to(torch.uint8)


def _largest(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest score and its channel, (N, H, W) each, of equals the first.

    A chain of comparisons and not `max`: runtimes vectorize and fuse it (OpenVINO, 6 classes, 2026-11: 1.2 to 1.6 times).
    """
    if scores.shape[1] > CHAINED_CLASSES:
        return scores.max(dim=1)
    best, channel = scores[:, 0], torch.zeros_like(scores[:, 0])
    for index in range(1, scores.shape[1]):
        other = scores[:, index]
        channel = torch.where(other > best, float(index), channel)
        best = torch.maximum(best, other)
    return best, channel
