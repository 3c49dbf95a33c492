"""An image seen through polygons: what lies outside is not valid, and windows wholly outside are not read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from engine.geo import mask
from engine.geo.image import Image
from engine.geo.tiles import Window


class AreaOfImage:
    """An image whose pixels are valid inside an area only; a pixel belongs to the area when its centre does.

    Args:
        image: the image.
        path: layer with polygons, in any CRS.

    Raises:
        DataError: the layer cannot be read, has no polygons, or lies elsewhere.
    """

    def __init__(self, image: Image, path: str) -> None:
        self._image = image
        self._mask = mask.open_mask(path, image.geobox)
        self._layer = path
        self.path = image.path
        self.geobox = image.geobox
        self.bands = image.bands
        self.count = image.count
        self.dtype = image.dtype
        self.block_shape = image.block_shape

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return data (B, h, w), 0 where invalid, and valid (h, w): inside the area and valid in the image."""
        inside = self._mask.read(window)
        if not inside.any():
            return np.zeros((self.count, *inside.shape), self.dtype), inside
        data, valid = self._image.read(window)
        if not inside.all():
            data[:, ~inside] = 0
        return data, valid & inside

    def fingerprint(self) -> str:
        """Return a digest that changes when the image or the layer does."""
        digest = hashlib.sha256(f"{self._image.fingerprint()} {self._layer}".encode())
        file = Path(self._layer.partition("|")[0])
        if file.is_file():
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Close the image."""
        self._image.close()
