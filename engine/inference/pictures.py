"""Square pictures in red, green and blue around places of an orthophoto, as models of photographs know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.geo.image import Image
from engine.geo.tiles import Window

_MEASURED = 64  # places that the range of the bands is measured at
_DARKEST, _BRIGHTEST = 1, 99  # percentiles

Place = tuple[float, float]
"""Row and column of a centre."""


@dataclass(frozen=True)
class Rendering:
    """How an orthophoto becomes a picture.

    Args:
        bands: positions of those shown as red, green and blue.
        low, high: (3,) the values shown as 0 and 255.
    """

    bands: tuple[int, int, int]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def rendering(image: Image, places: list[Place], side_px: int) -> Rendering:
    """Return how to show an orthophoto: bytes as they are, other numbers from the 1st to the 99th percentile of each band.

    Bands named red, green and blue are these; else the first three stand for them, or the first one alone.
    """
    names = [band.lower() for band in image.bands]
    wanted = ("red", "green", "blue")
    if set(wanted) <= set(names):
        red, green, blue = (names.index(name) for name in wanted)
    else:
        red, green, blue = (0, 1, 2) if image.count >= 3 else (0, 0, 0)
    bands = (red, green, blue)
    if image.dtype == np.uint8:
        return Rendering(bands, np.zeros(3), np.full(3, 255.0))
    seen = [_read(image, bands, place, side_px) for place in _spread(places)]
    known = np.concatenate([np.zeros((3, 0)), *(data[:, valid] for data, valid in seen)], axis=1)
    if not known.shape[1]:
        return Rendering(bands, np.zeros(3), np.ones(3))
    low, high = np.percentile(known, (_DARKEST, _BRIGHTEST), axis=1)
    return Rendering(bands, low, np.where(high > low, high, low + 1))


def cut(image: Image, shown: Rendering, places: Iterable[Place], side_px: int) -> NDArray[np.uint8]:
    """Return (n, 3, side_px, side_px) pictures; pixels without data have the mean of the others in their picture."""
    pictures = []
    for place in places:
        data, valid = _read(image, shown.bands, place, side_px)
        mean = data[:, valid].mean(axis=1) if valid.any() else shown.low
        data = np.where(valid, data, mean[:, None, None])
        share = (data - shown.low[:, None, None]) / (shown.high - shown.low)[:, None, None]
        pictures.append(np.rint(255 * share.clip(0, 1)).astype(np.uint8))
    return np.stack(pictures) if pictures else np.zeros((0, 3, side_px, side_px), np.uint8)


def _read(image: Image, bands: tuple[int, int, int], place: Place, side_px: int) -> tuple[NDArray, NDArray[np.bool_]]:
    """Return (3, side_px, side_px) numbers around a place, and which of the pixels are known."""
    window = Window(round(place[0]) - side_px // 2, round(place[1]) - side_px // 2, side_px, side_px)
    data, valid = image.read(window)
    shown = data[list(bands)].astype(np.float64)
    return shown, valid & np.isfinite(shown).all(axis=0)


def _spread(places: list[Place]) -> list[Place]:
    """Return some of the places, evenly spread over the list."""
    return [places[k * len(places) // _MEASURED] for k in range(_MEASURED)] if len(places) > _MEASURED else places
