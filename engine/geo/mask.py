"""An area of interest as a mask on the grid of a raster: polygons without classes, in any CRS."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo import remedy
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window
from engine.geo.vector import LabelPolygons


class Mask:
    """Polygons that say which pixels count: those whose centre lies in one of them."""

    def __init__(self, polygons: LabelPolygons) -> None:
        self._polygons = polygons

    def read(self, window: Window) -> np.ndarray:
        """Return whether each pixel lies in the area, (h, w) bool; False outside the raster."""
        return self._polygons.read(window) != UNLABELLED


def open_mask(path: str, geobox: GeoBox) -> Mask:
    """Open polygons of any CRS as the area of interest of a raster.

    Raises:
        DataError: no such layer, no polygons, a layer without CRS for a raster with one, or no overlap.
    """
    source, _, options = path.partition("|")
    layer = options.partition("layername=")[2] or None
    try:
        frame = pyogrio.read_dataframe(source, layer=layer, columns=[])
    except (DataSourceError, DataLayerError) as error:
        raise DataError(f"{path} cannot be opened as a layer ({error}).", "Give a polygon layer that QGIS opens.") from error
    if not isinstance(frame, gpd.GeoDataFrame) or not frame.geom_type.isin(("Polygon", "MultiPolygon")).any():
        raise DataError(f"{path} has no polygons, an area of interest is made of polygons.", "Choose a polygon layer.")
    if geobox.crs_wkt and frame.crs is None:
        raise DataError(f"{path} has no CRS, the map has {remedy.crs_label(geobox.crs_wkt)}.", "Set its CRS in QGIS.")
    if geobox.crs_wkt:
        frame = frame.to_crs(geobox.crs_wkt)
    shapes = shapely.make_valid(frame.geometry.to_numpy())
    if not shapely.intersects(shapes, geobox.footprint).any():
        raise DataError(f"{path} does not overlap the map.", "Choose the area of interest that belongs to this map.")
    return Mask(LabelPolygons(path, geobox, Legend.from_names(["inside"]), shapes, np.zeros(len(shapes), np.uint8)))
