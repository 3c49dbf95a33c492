"""The grid of a raster: CRS, affine transform and size. Labels and maps belong together when their grids match."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from affine import Affine
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError, GeodError, ProjError
from rasterio.crs import CRS as RasterioCRS
from shapely.geometry import Polygon

from engine.geo.tiles import Window

_MATCH_PX = 1e-3
_STEP_PX = 8.0


@dataclass(frozen=True)
class GeoBox:
    """Where the pixels of a raster lie.

    Args:
        crs_wkt: the CRS as WKT; empty for an image without one.
        transform: from (col, row) of a pixel corner to (x, y).
        height: number of rows.
        width: number of columns.
    """

    crs_wkt: str
    transform: Affine
    height: int
    width: int

    @property
    def frame(self) -> Window:
        """Return the window of the whole raster."""
        return Window(0, 0, self.height, self.width)

    @property
    def is_georeferenced(self) -> bool:
        """Return whether the pixels have a place: a CRS, or at least a transform of their own."""
        return bool(self.crs_wkt) or self.transform != Affine.identity()

    @property
    def is_north_up(self) -> bool:
        """Return whether rows run south and columns run east, without rotation."""
        t = self.transform
        return t.b == 0 and t.d == 0 and t.a > 0 and t.e < 0

    @property
    def crs_name(self) -> str:
        """Return the CRS as a command line takes it: `EPSG:32640` where it has a code, else a PROJ string."""
        if not self.crs_wkt:
            return ""
        authority = CRS.from_wkt(self.crs_wkt).to_authority(min_confidence=70)
        return ":".join(authority) if authority else RasterioCRS.from_wkt(self.crs_wkt).to_proj4().replace("=True", "")

    @cached_property
    def gsd_m(self) -> float:
        """Return the side of a pixel on the ground at the centre of the raster, in metres; NaN without a CRS."""
        centre = self.pixel_area_m2(np.array([self.height / 2]), np.array([self.width / 2]))
        return math.sqrt(float(centre[0]))

    @property
    def footprint(self) -> Polygon:
        """Return the outline of the raster in its CRS."""
        corners = [(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)]
        return Polygon([self.transform @ corner for corner in corners])

    def window(self, window: Window) -> GeoBox:
        """Return the grid of a part of the raster."""
        transform = self.transform @ Affine.translation(window.col, window.row)
        return GeoBox(self.crs_wkt, transform, window.height, window.width)

    def matches(self, other: GeoBox) -> bool:
        """Return whether both grids have the same size and CRS, and corners less than 0.001 px apart."""
        if (self.height, self.width) != (other.height, other.width) or not same_crs(self.crs_wkt, other.crs_wkt):
            return False
        to_pixel = ~self.transform @ other.transform
        corners = ((0, 0), (self.width, 0), (0, self.height))
        return all(math.dist(to_pixel @ corner, corner) <= _MATCH_PX for corner in corners)

    def overlaps(self, other: GeoBox) -> bool:
        """Return whether the rasters share ground; without a CRS on one side the coordinates are compared as they are."""
        shared = self.footprint.buffer(0).intersection(self._outline(other).buffer(0))
        return bool(shared.area > 0)

    def covering(self, other: GeoBox) -> GeoBox:
        """Return the pixels of this grid, continued beyond its edges, that cover another raster; none where it has no place."""
        outline = self._outline(other)
        corners = [~self.transform @ point for point in outline.exterior.coords] or [(0, 0)]
        (left, right), (top, bottom) = ((min(v), max(v)) for v in zip(*corners, strict=True))
        col, row = math.floor(left + _MATCH_PX), math.floor(top + _MATCH_PX)
        return self.window(Window(row, col, math.ceil(bottom - _MATCH_PX) - row, math.ceil(right - _MATCH_PX) - col))

    def _outline(self, other: GeoBox) -> Polygon:
        """Return the outline of another raster in this CRS; empty where it has no place in it."""
        outline = other.footprint
        if not self.crs_wkt or not other.crs_wkt or same_crs(self.crs_wkt, other.crs_wkt):
            return outline
        to_self = Transformer.from_crs(other.crs_wkt, self.crs_wkt, always_xy=True)
        xs, ys = to_self.transform(*outline.segmentize(outline.length / 80).exterior.coords.xy)
        points = [(x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(x) and math.isfinite(y)]
        return Polygon(points if len(points) >= 4 else ())

    def pixel_area_m2(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Return the ground area of the pixels around the given positions, on the ellipsoid of the CRS.

        A Mercator metre is no metre on the ground; this is why the area of a pixel depends on its place. Where the CRS
        has no ellipsoid (a local grid) its own unit counts; without a CRS the result is NaN.
        """
        if not self.crs_wkt:
            return np.full(len(rows), np.nan)
        crs = CRS.from_wkt(self.crs_wkt)
        unit_m = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
        plane = np.full(len(rows), abs(self.transform.determinant) * unit_m**2)
        try:
            geod, to_degrees = _ellipsoid(crs), Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
        except (CRSError, GeodError, ProjError, AttributeError):
            return plane
        half = _STEP_PX / 2
        west, east = (
            to_degrees.transform(*self._world(rows, cols - half)),
            to_degrees.transform(*self._world(rows, cols + half)),
        )
        north, south = (
            to_degrees.transform(*self._world(rows - half, cols)),
            to_degrees.transform(*self._world(rows + half, cols)),
        )
        if not np.isfinite([west, east, north, south]).all():
            return np.full(len(rows), np.nan) if crs.is_geographic else plane
        azimuth_a, _, length_a = geod.inv(*west, *east)
        azimuth_b, _, length_b = geod.inv(*north, *south)
        angle = np.radians(np.asarray(azimuth_a) - np.asarray(azimuth_b))
        return np.abs(np.asarray(length_a) * np.asarray(length_b) * np.sin(angle)) / _STEP_PX**2

    def _world(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return x, y of many positions."""
        t = self.transform
        return t.a * cols + t.b * rows + t.c, t.d * cols + t.e * rows + t.f


def same_crs(wkt: str, other: str) -> bool:
    """Return whether two WKT strings mean one CRS; two empty ones do."""
    if not wkt or not other:
        return wkt == other
    if wkt == other:
        return True
    return RasterioCRS.from_wkt(wkt) == RasterioCRS.from_wkt(other) or CRS.from_wkt(wkt).equals(
        CRS.from_wkt(other), ignore_axis_order=True
    )


def _ellipsoid(crs: CRS) -> Geod:
    geod = crs.get_geod()
    if geod is None:
        raise CRSError("no ellipsoid")
    return geod
