"""Lengths and areas on the ground, from a coarse lattice of measured pixels: a map unit is a metre almost nowhere."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, GeodError, ProjError
from scipy.ndimage import map_coordinates

from engine.geo.geobox import GeoBox

_SPACING_PX = 512
_SPACING_M = 20_000
_NODES = 256
_STEP_PX = 8.0


class Ground:
    """What a step to the next column and to the next row is on the ground; linear between lattice nodes.

    The nodes are at most 512 px and 20 km apart (1/256 of the raster where that is more), measured with geodesics on the
    ellipsoid of the CRS. Without an ellipsoid the unit of the CRS counts; without a CRS everything is NaN.
    """

    def __init__(self, geobox: GeoBox) -> None:
        gsd_m = geobox.gsd_m
        spacing = min(_SPACING_PX, _SPACING_M / gsd_m) if math.isfinite(gsd_m) else _SPACING_PX
        sides = (geobox.height, geobox.width)
        counts = [min(_NODES, math.ceil(side / spacing)) + 1 for side in sides]
        self._scale = np.array([(n - 1) / side for n, side in zip(counts, sides, strict=True)])
        nodes = np.meshgrid(*(np.linspace(0, s, n) for s, n in zip(sides, counts, strict=True)), indexing="ij")
        rows, cols = nodes[0].ravel(), nodes[1].ravel()
        self._lattice = [values.reshape(counts) for values in _metric(geobox, rows, cols)]

    def metric(self, rows: NDArray, cols: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Return E, F, G: the length of a step (x, y) in pixels around a place is sqrt(E x x + 2 F x y + G y y) metres."""
        at = np.stack([rows * self._scale[0], cols * self._scale[1]])
        e, f, g = (map_coordinates(values, at, order=1, mode="nearest") for values in self._lattice)
        return e, f, g


def _metric(geobox: GeoBox, rows: NDArray, cols: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    if not geobox.crs_wkt:
        nothing = np.full(len(rows), np.nan)
        return nothing, nothing, nothing
    t = geobox.transform
    crs = CRS.from_wkt(geobox.crs_wkt)
    unit_m = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    plane = [np.full(len(rows), v * unit_m**2) for v in (t.a**2 + t.d**2, t.a * t.b + t.d * t.e, t.b**2 + t.e**2)]
    try:
        geod, to_degrees = crs.get_geod(), Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    except (CRSError, GeodError, ProjError, AttributeError):
        return plane[0], plane[1], plane[2]
    if geod is None:
        return plane[0], plane[1], plane[2]

    def place(down: float, right: float) -> NDArray:
        y, x = rows + down * _STEP_PX / 2, cols + right * _STEP_PX / 2
        return np.array(to_degrees.transform(t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f))

    ends = [place(0, -1), place(0, 1), place(-1, 0), place(1, 0)]
    known = np.isfinite(ends).all(axis=(0, 1))
    ends = [np.where(known, end, 0) for end in ends]
    azimuth_right, _, right_m = geod.inv(*ends[0], *ends[1])
    azimuth_down, _, down_m = geod.inv(*ends[2], *ends[3])
    right_m, down_m = np.asarray(right_m) / _STEP_PX, np.asarray(down_m) / _STEP_PX
    between = np.cos(np.radians(np.asarray(azimuth_right) - np.asarray(azimuth_down)))
    found = right_m**2, right_m * down_m * between, down_m**2
    other = [np.full(len(rows), np.nan)] * 3 if crs.is_geographic else plane
    e, f, g = (np.where(known, value, instead) for value, instead in zip(found, other, strict=True))
    return e, f, g
