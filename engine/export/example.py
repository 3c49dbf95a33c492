"""An image with the answer of the engine, so that whoever imports a model can see whether it still says the same.

The image is made: patches of several sizes in the range of values that the model was trained on. It is one tile, so there
is nothing to cut or to join, and it lies on a grid in metres with the pixel size of the model.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from engine.geo import writer
from engine.geo.geobox import GeoBox
from models.card import Card

PATCHES_PX = (128, 32, 8, 1)
ROUNDING = 1e-5
"""Two orders of summation in float32 change a probability by less: the student that ships by 2e-6 (November 2026)."""
_EPSG, _EAST_M, _NORTH_M = 32631, 500_000, 5_500_000
_UNKNOWN_GSD_M = 1.0


def image(card: Card, side_px: int) -> NDArray:
    """Return stored pixels (B, side, side) in the type of the card, always the same for a card."""
    random = np.random.default_rng(0)
    field = np.zeros((len(card.bands), side_px, side_px))
    for patch_px in PATCHES_PX:
        count = math.ceil(side_px / patch_px)
        patches = random.normal(size=(len(card.bands), count, count))
        field += patches.repeat(patch_px, axis=1).repeat(patch_px, axis=2)[:, :side_px, :side_px]
    offset, scale = np.array(card.scaling).T[..., None, None]  # (B, 1, 1) each
    values = offset + scale * field / math.sqrt(len(PATCHES_PX))
    dtype = np.dtype(card.dtype)
    if np.issubdtype(dtype, np.integer):
        values = values.round().clip(_nodata(dtype) + 1, np.iinfo(dtype).max)
    return values.astype(dtype)


def write(folder: Path, card: Card, data: NDArray, ids: NDArray[np.uint8], percent: NDArray[np.uint8]) -> dict[str, Path]:
    """Write `image.tif`, `classes.tif` and `confidence.tif` into a folder that is there, and return them by role.

    Args:
        folder: where.
        card: gives bands, legend and pixel size.
        data: the image, (B, H, W).
        ids: the engine's class ids, (H, W).
        percent: the engine's confidence, (H, W).

    Raises:
        ResourceError: the disk is full.
    """
    gsd_m = math.sqrt(card.gsd_m[0] * card.gsd_m[1]) if card.gsd_m else _UNKNOWN_GSD_M
    transform = Affine(gsd_m, 0, _EAST_M, 0, -gsd_m, _NORTH_M)
    geobox = GeoBox(CRS.from_epsg(_EPSG).to_wkt(), transform, *ids.shape)
    files = {role: folder / f"{role}.tif" for role in ("image", "classes", "confidence")}
    with writer.create(
        files["image"], geobox, count=len(data), dtype=str(data.dtype), nodata=_nodata(data.dtype),
        descriptions=card.bands, resampling="average",
    ) as out:  # fmt: skip
        out.write(geobox.frame, data)
    with writer.create(files["classes"], geobox, legend=card.legend) as out:
        out.write(geobox.frame, ids)
    with writer.create(files["confidence"], geobox, descriptions=("confidence, percent",), resampling="average") as out:
        out.write(geobox.frame, percent)
    return files


def differing(probabilities: NDArray, card: Card, ids: NDArray[np.uint8]) -> tuple[int, int]:
    """Return how many pixels have another class than the engine's, and how many of these by more than ROUNDING.

    Args:
        probabilities: of an exported file, (C, H, W).
        card: gives the ids of the channels.
        ids: the engine's class ids, (H, W).
    """
    channels = np.searchsorted(card.legend.ids, ids)[None]  # (1, H, W)
    gap = probabilities.max(axis=0) - np.take_along_axis(probabilities, channels, axis=0)[0]
    others = probabilities.argmax(axis=0) != channels[0]
    return int(others.sum()), int((others & (gap > ROUNDING)).sum())


def _nodata(dtype: np.dtype) -> float:
    """Return the least value of a type, which no pixel of the example has."""
    return float((np.iinfo if np.issubdtype(dtype, np.integer) else np.finfo)(dtype).min)
