"""Offset and scale of each band, measured on the training rasters and written to the card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.contract.errors import DataError
from engine.geo.tiles import Window

from .scene import Reader

Scaling = tuple[tuple[float, float], ...]

_WINDOWS, _WINDOW_PX = 64, 256
_ENOUGH_PX = 1_000_000
_MAX_WINDOWS = 1024


def measure(reader: Reader, sizes: Sequence[tuple[int, int]], seed: int) -> Scaling:
    """Return (mean, standard deviation) of each band over valid pixels of random windows.

    64 windows of 256 px are read, more where the rasters are mostly without data. A band that never changes keeps 1 as
    its scale.

    Raises:
        DataError: no window had a valid pixel.
    """
    rng = np.random.default_rng([seed, 3])
    areas = np.array([float(h * w) for h, w in sizes])
    count, sums = 0, np.zeros((2, 1))
    for number in range(_MAX_WINDOWS):
        if number >= _WINDOWS and count >= _ENOUGH_PX:
            break
        scene = int(rng.choice(len(sizes), p=areas / areas.sum()))
        data, valid = reader[scene].read_image(_window(rng, *sizes[scene]))
        values = data[:, valid].astype(np.float64)  # (B, pixels)
        count += values.shape[1]
        sums = sums + np.stack([values.sum(axis=1), np.square(values).sum(axis=1)])  # (2, B)
        if number + 1 >= _WINDOWS and sum(areas) <= _WINDOWS * _WINDOW_PX**2:
            break
    if not count:
        raise DataError("The training orthophotos have no pixel with data.", "Check their nodata value with gdalinfo.")
    mean, mean_square = sums / count
    deviation = np.sqrt(np.maximum(mean_square - np.square(mean), 0.0))
    deviation = np.where(deviation > 1e-6 * np.maximum(np.abs(mean), 1e-30), deviation, 1.0)
    return tuple(zip(mean.tolist(), deviation.tolist(), strict=True))


def normalize(images: Tensor, valid: Tensor, scaling: Scaling) -> Tensor:
    """Return float32 (N, B, H, W) as a network takes it; 0 where invalid."""
    offset, scale = torch.tensor(scaling, device=images.device).T[..., None, None]  # (B, 1, 1) each
    return torch.where(valid[:, None], (images.float() - offset) / scale, 0.0)


def renormalize(images: Tensor, valid: Tensor, found: Scaling, wanted: Scaling) -> Tensor:
    """Return images scaled for one network as another one takes them; 0 where invalid."""
    pairs = [((offset - o) / s, scale / s) for (offset, scale), (o, s) in zip(found, wanted, strict=True)]
    shift, factor = torch.tensor(pairs, device=images.device).T[..., None, None]
    return torch.where(valid[:, None], images * factor + shift, 0.0)


def _window(rng: np.random.Generator, height: int, width: int) -> Window:
    rows, cols = min(_WINDOW_PX, height), min(_WINDOW_PX, width)
    return Window(int(rng.integers(height - rows + 1)), int(rng.integers(width - cols + 1)), rows, cols)
