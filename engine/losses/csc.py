"""Channel and spatial correlation: the full relation of channels and places of the teacher's last feature.

After Park and Heo 2020 (CSC, with ACE), https://doi.org/10.3390/s20164616. READ, in the paper's opening: earlier distillation
used the spatial correlation alone; CSC uses the full relationship of both channel and spatial information. INFERRED: the
equations below, which make "full relationship of both" small enough to compute; the paper's we could not read.

`joint` (csc_joint). Both features are pooled to at most 32x32 places; the student's passes a 1x1 convolution to the teacher's
channels, so that channel groups correspond. Nodes are pairs of one of 16 channel groups and one of 8x8 cells; a node's vector v
holds all activations of the group in the cell, v~ = v / sqrt(|v|^2 + 0.01 mean |v|^2); R is the matrix of their products.
Silent nodes, and many are silent after ReLU, so have no direction: with plain cosines the gradient of this term was 10^5
times that of cross entropy (a trained student of 16 channels, 2026-11-20).

    L = 10 * mean over pairs of nodes of (R - R')^2

It holds channel with channel (same cell), place with place (same group) and mixed relations. Groups of neighbouring channels
are arbitrary: csc_shuffled groups them at random (seeded, the same in both networks), as a control.
`factorized` (csc_factorized), simple and cheap, with S the cosines of places and G those of centred channels:

    L = 10 * (mean of (S - S')^2 + mean of (G - G')^2)

The weight 10 brings both to the scale of cross entropy: (R - R')^2 was 0.02, the other two 0.03, on made features.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .places import Chip
from .relation import centred, cosine

TAP = "decoder"
SCALE = 10.0
GRID = 32
GROUPS, CELLS = 16, 8
SILENT = 0.01


def build(
    student: dict[str, int], teacher: dict[str, int], classes: int, *, mode: str = "joint", seed: int | None = None
) -> nn.Module:
    """Return the loss for features with these channels.

    Args:
        student: channels of the student's features.
        teacher: channels of the teacher's.
        classes: not used.
        mode: `joint` or `factorized`.
        seed: group channels at random, from this start; None: neighbours together.
    """
    found, wanted = (places.channels(of, TAP, classes) for of in (student, teacher))
    return Joint(found, wanted, seed) if mode == "joint" else Factorized(found, wanted)


class Joint(nn.Module):
    """The joint form; its parameter is the convolution of the student's channels."""

    order: Tensor

    def __init__(self, found: int, wanted: int, seed: int | None) -> None:
        super().__init__()
        self.adapter = places.projection(found, wanted)
        order = torch.arange(wanted) if seed is None else torch.randperm(wanted, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("order", order, persistent=False)

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean squared difference of the relations of the decoder's features; cells without data are left out."""
        wanted = teacher.features[TAP].detach().float()
        found = places.resized(student.features[TAP].float(), wanted.shape[-2:])
        height, width = (CELLS * max(1, min(side, GRID) // CELLS) for side in wanted.shape[-2:])
        counted = places.with_data(labels, (CELLS, CELLS)).flatten(1)  # (N, cells)
        chips = []
        for mine, theirs, kept in zip(found.split(1), wanted.split(1), counted, strict=True):
            if kept.any():
                adapted = self.adapter(F.adaptive_avg_pool2d(mine, (height, width)).movedim(1, -1)).movedim(-1, 1)
                pooled = adapted, F.adaptive_avg_pool2d(theirs, (height, width))
                mine_nodes, their_nodes = (_nodes(side[:, self.order], kept) for side in pooled)
                chips.append((mine_nodes @ mine_nodes.T - their_nodes @ their_nodes.T).square().mean())
        return SCALE * places.mean(chips, student)


class Factorized(nn.Module):
    """The factorized form; its parameter, if any, is the adapter of the channel part."""

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__()
        self.adapter = places.adapter(found, wanted)

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the two mean squared differences, added; places without data are left out."""
        chips = places.chips(student, teacher, labels, TAP, GRID)
        return SCALE * places.mean([self._of_chip(chip) for chip in chips], student)

    def _of_chip(self, chip: Chip) -> Tensor:
        spatial = _mean_square(chip.found.T, chip.wanted.T)
        return spatial + _mean_square(centred(self.adapter(chip.found.T).T), centred(chip.wanted))


def _mean_square(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean squared difference of the cosines of all pairs of rows."""
    return (cosine(found) - cosine(wanted)).square().mean()


def _nodes(feature: Tensor, kept: Tensor) -> Tensor:
    """Return (groups * cells, activations) of (1, C, h, w); channels are filled up with zeros to full groups."""
    groups = min(GROUPS, feature.shape[1])
    feature = F.pad(feature, (0, 0, 0, 0, 0, -feature.shape[1] % groups))[0]
    tall, wide = (side // CELLS for side in feature.shape[-2:])
    cells = feature.reshape(groups, -1, CELLS, tall, CELLS, wide).permute(0, 2, 4, 1, 3, 5)  # (groups, 8, 8, ...)
    nodes = cells.reshape(groups, CELLS * CELLS, -1)[:, kept].flatten(0, 1)
    squared = nodes.square().sum(dim=-1, keepdim=True)
    return nodes * torch.rsqrt(squared + SILENT * squared.mean() + places.TINY)
