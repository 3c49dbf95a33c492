"""What a model says of ground that is clear of every border, and no speckle: there a pseudo-label may lie."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from engine.acquisition import bvsb
from engine.contract.legend import UNLABELLED
from engine.regions import cuts, edges

CLEAR_PX = cuts.BAND_PX + 1
"""How far a pseudo-label keeps from every border: the band is where people label, not the model."""


def find(
    probs: NDArray[np.float32], image: NDArray, valid: NDArray[np.bool_], origin: tuple[int, int],
    band_scale: NDArray[np.float32], edge_scale: float,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:  # fmt: skip
    """Return channels with UNLABELLED, confidence in bytes, and which pixels are clear of every border; (h, w) each.

    Args:
        probs: (C, h, w) probability of each class.
        image: (B, h, w) the orthophoto.
        valid: (h, w).
        origin: row and column of the first pixel in the raster; only what is `engine.regions.MARGIN_PX` within is exact.
        band_scale: (B,) see `engine.regions.survey.measure`.
        edge_scale: see there.
    """
    channels = np.where(valid, probs.argmax(axis=0), UNLABELLED).astype(np.uint8)
    confidence = np.rint(255 * probs.max(axis=0)).astype(np.uint8)
    smooth = edges.clean(channels)
    score = np.where(valid, bvsb.score(torch.from_numpy(probs)[None]).numpy(), 0).astype(np.float32)
    shown = edges.image_edges(edges.gradient(image, valid, band_scale), edge_scale, origin)
    border = edges.find(smooth, shown, score, origin).centreline
    return channels, confidence, valid & (smooth == channels) & ~edges.dilate(border, CLEAR_PX)
