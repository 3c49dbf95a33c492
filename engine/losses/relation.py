"""Relation maps: which rows of a feature resemble which, and how far two such maps are apart.

Rows are places (P, channels) or channels (C, places), so every map works for both.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .places import TINY


def unit(rows: Tensor) -> Tensor:
    """Return rows of length one; rows without direction stay near zero."""
    return rows * torch.rsqrt(rows.square().sum(dim=-1, keepdim=True) + TINY)


def cosine(rows: Tensor) -> Tensor:
    """Return the cosine between all pairs of rows, (..., rows, rows)."""
    rows = unit(rows)
    return rows @ rows.transpose(-1, -2)


def scaled_dot(rows: Tensor) -> Tensor:
    """Return the dot product of all pairs of rows divided by the root of their length, as in attention."""
    return rows @ rows.transpose(-1, -2) / rows.shape[-1] ** 0.5


def centred(rows: Tensor) -> Tensor:
    """Return rows without their mean; their cosine is then Pearson's correlation."""
    return rows - rows.mean(dim=-1, keepdim=True)


def row_divergence(found: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Return the mean over rows of KL(softmax(wanted / temperature) || softmax(found / temperature)).

    `wanted` gets no gradient.
    """
    divergence: Tensor = _RowDivergence.apply(found, wanted, temperature)
    return divergence


class _RowDivergence(torch.autograd.Function):
    """The divergence with its gradient written out: half as many passes over maps of a million entries."""

    @staticmethod
    def forward(ctx: Any, found: Tensor, wanted: Tensor, temperature: float) -> Tensor:
        log_found, log_wanted = (F.log_softmax(rows / temperature, dim=-1) for rows in (found, wanted))
        probs = log_wanted.exp()
        ctx.save_for_backward(log_found, probs)
        rows = found.numel() // found.shape[-1]
        ctx.scale = 1 / (temperature * rows)
        return (log_wanted.sub_(log_found).mul_(probs)).sum() / rows

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        log_found, probs = ctx.saved_tensors
        return log_found.exp().sub_(probs).mul_(gradient * ctx.scale), None, None


def row_distance(found: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Return the mean over rows of the squared distance between softmax(wanted / temperature) and the student's."""
    difference = torch.softmax(found / temperature, dim=-1) - torch.softmax(wanted / temperature, dim=-1)
    return difference.square().sum(dim=-1).mean()


def mean_square(found: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Return the mean squared difference of all entries, without softmax; the temperature does not matter."""
    return (found - wanted).square().mean()
