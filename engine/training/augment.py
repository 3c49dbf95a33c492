"""What is done to a whole batch on the device: normalization, symmetries and scale in one resampling, light."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.contract.legend import UNLABELLED
from engine.losses import NO_DATA
from models.outputs import Outputs

from .chips import Batch
from .scaling import Scaling, normalize
from .taught import said

_WHOLE = 0.999


def apply(batch: Batch, chip: int, scaling: Scaling, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return chips as the network takes them.

    Args:
        batch: chips as read.
        chip: side of the result in pixels.
        scaling: offset and scale of each band.
        device: where to compute.

    Returns:
        images (N, B, chip, chip) float32, 0 where invalid; valid (N, chip, chip) bool; labels (N, chip, chip) int64 with
        UNLABELLED and, where there is no data, NO_DATA. Images are interpolated bilinearly, labels by the nearest pixel;
        a pixel next to one without data has none either, so that no colour is mixed with nothing.
    """
    valid = torch.from_numpy(batch.valid).to(device)
    images = normalize(torch.from_numpy(batch.images).to(device), valid, scaling)
    labels = torch.from_numpy(batch.labels).to(device)
    grid = _grid(torch.from_numpy(batch.transforms).to(device), chip, images.shape[-1])
    resampled = F.grid_sample(torch.cat([images, valid[:, None].float()], dim=1), grid, "bilinear", align_corners=False)
    images, whole = resampled[:, :-1], resampled[:, -1] > _WHOLE
    labels = F.grid_sample(labels[:, None].float(), grid, "nearest", align_corners=False)[:, 0].long()
    labels = torch.where(whole, labels, NO_DATA)
    images = images * torch.from_numpy(batch.gains).to(device) + torch.from_numpy(batch.shifts).to(device)
    return torch.where(whole[:, None], images, 0.0), whole, labels


def pseudolabels(batch: Batch, chip: int, device: torch.device) -> Tensor | None:
    """Return the pseudo-labels of chips as `apply` turns them, (N, chip, chip) int64 with UNLABELLED; None without any."""
    if batch.pseudolabels is None:
        return None
    said = torch.from_numpy(batch.pseudolabels).to(device)
    grid = _grid(torch.from_numpy(batch.transforms).to(device), chip, said.shape[-1])
    return F.grid_sample(said[:, None].float() - UNLABELLED, grid, "nearest", align_corners=False)[:, 0].long() + UNLABELLED


def taught(batch: Batch, chip: int, device: torch.device) -> Outputs | None:
    """Return what is kept of the teachers' answers on chips as `apply` turns them; None where they are asked."""
    if batch.taught is None:
        return None
    kept = torch.from_numpy(batch.taught).to(device).float()
    grid = _grid(torch.from_numpy(batch.transforms).to(device), chip, kept.shape[-1])
    return said(F.grid_sample(kept, grid, "bilinear", align_corners=False))


def _grid(transforms: Tensor, chip: int, side: int) -> Tensor:
    """Return (N, chip, chip, 2): for each pixel of the chip where it lies in what was read, in -1 ... 1."""
    along = torch.arange(chip, device=transforms.device) + 0.5 - chip / 2
    points = torch.stack(torch.meshgrid(along, along, indexing="xy"), dim=-1)  # (chip, chip, 2) of x, y
    return torch.einsum("nij,rcj->nrci", transforms, points) * (2 / side)
