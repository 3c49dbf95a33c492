"""A confidence raster as whole percents, whatever it holds: percent as whole numbers, or shares as fractions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED
from engine.geo import place, raster, remedy
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window


class Confidence:
    """A confidence raster on the grid of a map; read from one thread at a time; use it as a context.

    Raises:
        DataError: several bands, or another grid than the map.
    """

    def __init__(self, path: str, geobox: GeoBox) -> None:
        self._source = raster.open(path)
        try:
            place.check(path, self._source.geobox, geobox, "bilinear")
            if self._source.count != 1:
                raise DataError(
                    f"{path} has {self._source.count} bands, a confidence raster has one.",
                    f"Choose the band: {remedy.first_band(path)}",
                )
        except BaseException:
            self.close()
            raise
        self._is_share = np.issubdtype(self._source.dtype, np.floating)

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Return percent, 0 to 100, and 255 where there is none, (h, w).

        Raises:
            DataError: a value is outside 0 to 100 percent, or 0 to 1 for fractions.
        """
        data, valid = self._source.read(window)
        values, top = data[0], 1 if self._is_share else 100
        wrong = valid & ((values < 0) | (values > top))
        if wrong.any():
            raise DataError(
                f"{self._source.path} has the confidence {values[wrong][0]:g}, expected 0 to {top}.",
                "Give percents as whole numbers, or shares from 0 to 1 as fractions.",
            )
        percent = np.rint(values * 100) if self._is_share else values
        whole = np.where(valid, percent, 0).astype(np.uint8)
        whole[~valid] = UNLABELLED
        return whole

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> Confidence:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
