"""The mean feature of a few places of a raster, one place after another: what diverse choices compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from engine.geo.tiles import Window
from models.model import Model

TAP = "decoder"
CONTEXT_PX = 64
"""What the network sees around a place, at least."""

Place = tuple[Window, NDArray[np.bool_]]
"""A window, and which of its pixels belong to the place."""


@torch.inference_mode()
def features(
    model: Model, read: Callable[[Window], tuple[NDArray, NDArray[np.bool_]]], places: Iterable[Place], device: torch.device
) -> NDArray[np.float32]:
    """Return (n, D) the decoder's feature, averaged over the pixels of each place.

    Windows are read on the network's grid with a margin, so a feature differs from that of a pass over the whole raster only
    by what lies farther away.

    Args:
        model: network and card.
        read: (B, h, w) data and (h, w) validity of a window that may reach beyond the raster.
        places: what to look at.
        device: where to compute; the network is moved there.
    """
    network = model.network.to(device).eval()
    found = []
    for window, mask in places:
        seen = _around(window, network.stride)
        data, valid = read(seen)
        images = model.normalize(torch.from_numpy(np.ascontiguousarray(data)).to(device), torch.from_numpy(valid).to(device))
        feature = network(images[None]).features[TAP][0]  # (D, h', w')
        rows, cols = np.nonzero(mask)
        down, across = seen.height / feature.shape[1], seen.width / feature.shape[2]
        at_row = ((rows + window.row - seen.row) / down).astype(np.int64)
        at_col = ((cols + window.col - seen.col) / across).astype(np.int64)
        found.append(feature[:, torch.from_numpy(at_row), torch.from_numpy(at_col)].mean(dim=1).float().cpu().numpy())
    return np.stack(found) if found else np.zeros((0, network.feature_channels[TAP]), np.float32)


def _around(window: Window, stride: int) -> Window:
    """Return a window on the network's grid, in whole strides, with the context around."""
    row, col = ((n - CONTEXT_PX) // stride * stride for n in (window.row, window.col))
    height, width = (
        -(-(end + CONTEXT_PX - start) // stride) * stride
        for start, end in ((row, window.row + window.height), (col, window.col + window.width))
    )
    return Window(row, col, height, width)
