"""The band along the borders between classes, where maps are won and lost."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.contract.legend import UNLABELLED

RADIUS_PX = 3


def band(labels: Tensor) -> Tensor:
    """Return (N, H, W) bool: labelled pixels with another class in the square of RADIUS_PX around them.

    Args:
        labels: (N, H, W); UNLABELLED and NO_DATA make no border and are in no band.
    """
    known = labels.long() < UNLABELLED
    ids = labels[:, None].float()
    highest = _highest(torch.where(known[:, None], ids, -1.0))
    lowest = -_highest(torch.where(known[:, None], -ids, -float(UNLABELLED)))
    return known & (highest != lowest)[:, 0]


def bands(members: Tensor) -> Tensor:
    """Return (N, C, H, W) 0 or 1: for each class the pixels near which it begins or ends (dilation minus erosion).

    Args:
        members: (N, C, H, W), 1 where a pixel is of the class.
    """
    return _highest(members) + _highest(-members)


def _highest(values: Tensor) -> Tensor:
    """Return the highest value in the square around each pixel, along rows and then columns."""
    side = 2 * RADIUS_PX + 1
    along = F.max_pool2d(values, (1, side), stride=1, padding=(0, RADIUS_PX))
    return F.max_pool2d(along, (side, 1), stride=1, padding=(RADIUS_PX, 0))
