"""What every input of a network reads like: an open raster, a mosaic of tiles, or a view of one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window


class Image(Protocol):
    """Named bands on one grid, read in windows; `Raster`, `Mosaic` and the views of an image are such.

    It may be read from one thread at a time.
    """

    @property
    def path(self) -> str:
        """Return what messages call it."""

    @property
    def geobox(self) -> GeoBox:
        """Return the grid."""

    @property
    def bands(self) -> tuple[str, ...]:
        """Return the names of the bands."""

    @property
    def count(self) -> int:
        """Return the number of bands."""

    @property
    def dtype(self) -> np.dtype:
        """Return the type of what is read."""

    @property
    def block_shape(self) -> tuple[int, int]:
        """Return about how many rows and columns are stored together."""

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return data (B, h, w), 0 where invalid, and valid (h, w), False outside the grid."""

    def fingerprint(self) -> str:
        """Return a digest that changes when the pixels may have changed."""

    def close(self) -> None:
        """Close what is open."""


def read_around(
    image: Image, window: Window, count: int, read_inside: Callable[[Window], tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `Image.read` returns of `count` bands for any window, by a function that reads inside the grid."""
    inside = window.clip(image.geobox.frame)
    if inside == window and not inside.is_empty:
        return read_inside(inside)
    data = np.zeros((count, window.height, window.width), image.dtype)
    valid = np.zeros((window.height, window.width), bool)
    if not inside.is_empty:
        target = inside.within(window).slices
        data[(slice(None), *target)], valid[target] = read_inside(inside)
    return data, valid
