"""A part of an image: what lies in a rectangle of ground, in whole pixels of the image's own grid."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from engine.contract import extent as extents
from engine.contract.errors import DataError, SpecError
from engine.geo import remedy
from engine.geo.geobox import GeoBox
from engine.geo.image import Image, read_around
from engine.geo.tiles import Window

_EDGE_PX = 1e-6
"""An edge this close to a pixel's is that pixel's edge."""

_DENSE = 21


class Crop:
    """The pixels of an image inside a window of it.

    Args:
        image: the image.
        window: lies inside its grid.
    """

    def __init__(self, image: Image, window: Window) -> None:
        self._image = image
        self._window = window
        self.path = image.path
        self.geobox = image.geobox.window(window)
        self.bands = image.bands
        self.count = image.count
        self.dtype = image.dtype
        self.block_shape = image.block_shape

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return data (B, h, w), 0 where invalid, and valid (h, w), False outside the part."""
        return read_around(self, window, self.count, self._read_inside)

    def fingerprint(self) -> str:
        """Return a digest that changes when the image or the window does."""
        return hashlib.sha256(f"{self._image.fingerprint()} {self._window}".encode()).hexdigest()

    def close(self) -> None:
        """Close the image."""
        self._image.close()

    def _read_inside(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        moved = Window(window.row + self._window.row, window.col + self._window.col, window.height, window.width)
        return self._image.read(moved)


def window_of(extent: str, geobox: GeoBox, path: str) -> Window:
    """Return the pixels that an extent touches.

    Args:
        extent: `xmin,ymin,xmax,ymax`, with a CRS behind it unless it is that of the grid.
        geobox: the grid.
        path: what messages call the image.

    Raises:
        SpecError: the CRS of the extent is not known.
        DataError: the extent and the grid do not meet, or only one of them has a CRS.
    """
    (left, bottom, right, top), crs = extents.split(extent)
    if crs and not geobox.crs_wkt:
        raise DataError(f"{path} has no CRS, the extent has {crs}.", "Give --extent in the coordinates of the raster alone.")
    if crs:
        left, bottom, right, top = _transformed((left, bottom, right, top), crs, geobox.crs_wkt)
    if all(map(math.isfinite, (left, bottom, right, top))):
        corners = [~geobox.transform @ corner for corner in ((left, top), (right, top), (left, bottom), (right, bottom))]
        (first_col, last_col), (first_row, last_row) = ((min(v), max(v)) for v in zip(*corners, strict=True))
        row, col = math.floor(first_row + _EDGE_PX), math.floor(first_col + _EDGE_PX)
        height, width = math.ceil(last_row - _EDGE_PX) - row, math.ceil(last_col - _EDGE_PX) - col
        window = Window(row, col, height, width).clip(geobox.frame)
        if not window.is_empty:
            return window
    west, south, east, north = geobox.footprint.bounds
    raise DataError(
        f"The extent {extent} does not meet {path}.",
        f"The raster covers {west:.10g},{south:.10g},{east:.10g},{north:.10g} ({remedy.crs_label(geobox.crs_wkt)}); "
        "choose an --extent inside it.",
    )


def _transformed(bounds: tuple[float, float, float, float], crs: str, wkt: str) -> tuple[float, float, float, float]:
    try:
        to_grid = Transformer.from_crs(CRS.from_user_input(crs), wkt, always_xy=True)
    except CRSError:
        raise SpecError(f"Extent: the CRS {crs!r} is not known.", "Write --extent with a code such as EPSG:4326.") from None
    try:
        left, bottom, right, top = to_grid.transform_bounds(*bounds, densify_pts=_DENSE)
    except ProjError:
        return (math.nan,) * 4
    return left, bottom, right, top
