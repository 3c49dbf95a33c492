"""A raster seen through polygons: what lies outside is not valid, and whole windows outside are not read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from rasterio.features import geometry_mask
from shapely.geometry.base import BaseGeometry
from shapely.strtree import STRtree

from engine.contract.errors import DataError
from engine.geo.raster import Raster
from engine.geo.tiles import Window


class AreaOfRaster:
    """A raster whose pixels are valid inside polygons only; a pixel belongs to the area when its centre does."""

    def __init__(self, image: Raster, polygons: list[BaseGeometry]) -> None:
        self._image = image
        self._polygons = polygons
        self._tree = STRtree(polygons)
        self.path = image.path
        self.geobox = image.geobox
        self.bands = image.bands
        self.count = image.count
        self.dtype = image.dtype
        self.block_shape = image.block_shape

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return data (B, h, w), 0 where invalid, and valid (h, w): inside the area and valid in the raster."""
        near = [self._polygons[i] for i in self._tree.query(self.geobox.window(window).footprint, predicate="intersects")]
        if not near:
            shape = (window.height, window.width)
            return np.zeros((self.count, *shape), self.dtype), np.zeros(shape, bool)
        data, valid = self._image.read(window)
        transform = self.geobox.window(window).transform
        outside: np.ndarray = geometry_mask(near, out_shape=valid.shape, transform=transform)
        if outside.any():
            data[:, outside] = 0
        return data, valid & ~outside

    def fingerprint(self) -> str:
        """Return a digest of the raster and of the polygons."""
        digest = hashlib.sha256(self._image.fingerprint().encode())
        for polygon in self._polygons:
            digest.update(polygon.wkb)
        return digest.hexdigest()


def within(image: Raster, path: str | Path) -> AreaOfRaster:
    """Return the part of a raster that lies inside the polygons of a layer, in any CRS.

    Raises:
        DataError: the layer cannot be read, has no polygon, or lies elsewhere.
    """
    try:
        frame = gpd.GeoDataFrame(pyogrio.read_dataframe(path, columns=[]))
    except (DataSourceError, DataLayerError) as error:
        raise DataError(f"{path} cannot be opened as a vector layer ({error}).", "Give a layer with polygons.") from error
    frame = frame[frame.geom_type.isin(("Polygon", "MultiPolygon"))]
    if frame.empty:
        raise DataError(f"{path} has no polygon.", "Give a layer with polygons of the area.")
    if frame.crs is not None and image.geobox.crs_wkt:
        frame = frame.to_crs(image.geobox.crs_wkt)
    polygons = [p for p in frame.geometry.make_valid() if p.intersects(image.geobox.footprint)]
    if not polygons:
        found = ", ".join(f"{v:.6g}" for v in frame.total_bounds)
        raise DataError(
            f"{path} lies outside {image.path}: its bounds there are {found}.", "Choose polygons on the orthophoto."
        )
    return AreaOfRaster(image, polygons)
