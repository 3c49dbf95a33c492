"""Weights that fit: a term asked for as `auto` pulls half as hard on the student's features as the loss against the labels.

INFERRED, no paper's: for the first STEPS steps r = |dL_term / dF| / |dL_task / dF|, with F all features of the student
together; weight = SHARE / median of r so far, then frozen and written to the card. One word so fits other networks and data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

STEPS = 50
SHARE = 0.5


class Calibration(nn.Module):
    """What was measured so far; buffers, so that a resumed training goes on with the same weights.

    Args:
        names: words of the terms to weigh.
    """

    ratios: Tensor
    seen: Tensor

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.register_buffer("ratios", torch.zeros(len(names), STEPS))  # 0 where a step told nothing
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    @property
    def is_done(self) -> bool:
        """Return whether the weights are frozen."""
        return int(self.seen) >= STEPS

    def observe(self, reference: Tensor, values: Mapping[str, Tensor], features: Sequence[Tensor]) -> None:
        """Measure one step.

        Args:
            reference: the loss against the labels.
            values: each term by its word, not weighted.
            features: of the student, with their graph, which is kept.
        """
        pull = _pull(reference, features)
        for row, name in enumerate(self.names):
            ratio = _pull(values[name], features) / pull
            self.ratios[row, self.seen] = torch.where(ratio.isfinite(), ratio, 0.0)
        self.seen += 1

    def weights(self) -> dict[str, float]:
        """Return the weight of each term; 1 where no step told anything yet."""
        found = {}
        for name, ratios in zip(self.names, self.ratios, strict=True):
            told = ratios[ratios > 0]
            found[name] = SHARE / told.median().item() if len(told) else 1.0
        return found


def _pull(loss: Tensor, features: Sequence[Tensor]) -> Tensor:
    """Return the length of the gradient of a loss with respect to all features together."""
    gradients = torch.autograd.grad(loss, list(features), retain_graph=True, allow_unused=True)
    squares = [g.float().square().sum() for g in gradients if g is not None]
    return torch.stack(squares).sum().sqrt() if squares else loss.new_zeros(())
