"""Polygons of a class raster without seams: block rows are traced one by one, pieces that touch across them are joined.

All geometry stays in whole pixel numbers until the end, so joining is exact. Memory holds one block row of pixels and
the polygons. Pieces of one class that touch only at a corner stay apart.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
import shapely.geometry
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo import raster
from engine.geo.geobox import GeoBox
from engine.geo.tiles import block_rows

_ROWS = 1024


def polygonize(path: str | Path, legend: Legend, *, rows: int = _ROWS) -> gpd.GeoDataFrame:
    """Return the polygons of a class raster.

    Args:
        path: class raster with one band; UNLABELLED and invalid pixels belong to no polygon.
        legend: names of the ids.
        rows: height of the strips that are traced at once; the result does not depend on it.

    Returns:
        columns `class_id`, `name`, `area_m2` (on the ellipsoid; NaN without a CRS), `geometry`; a polygon is a set of
        pixels of one class that are connected by their sides, from top to bottom.

    Raises:
        DataError: the raster has several bands, or an id that the legend does not name.
    """
    with raster.open_ids(path) as source:
        if source.count != 1:
            raise DataError(f"{path} has {source.count} bands, a class raster has one.", "Choose a class raster.")
        geobox = source.geobox
        pieces: list[shapely.Polygon] = []
        ids: list[int] = []
        pairs: list[np.ndarray] = []
        above = np.full(geobox.width, -1)
        for window in block_rows(geobox.height, geobox.width, rows):
            data, valid = source.read(window)
            classes = np.where(valid, data[0], UNLABELLED).astype(np.uint8)
            first = len(pieces)
            _trace(classes, window.row, pieces, ids)
            top = _owners(pieces, first, geobox.width, window.row)
            touching = (above >= 0) & (top >= 0)
            together = np.stack([above[touching], top[touching]])  # (2, T)
            values = np.asarray(ids)
            pairs.append(together[:, values[together[0]] == values[together[1]]] if together.size else together)
            above = _owners(pieces, first, geobox.width, window.row + window.height)
    return _frame(path, geobox, legend, *_joined(pieces, np.asarray(ids, int), pairs))


def _trace(classes: np.ndarray, row: int, pieces: list[shapely.Polygon], ids: list[int]) -> None:
    """Append the polygons of a strip, in pixels of the whole raster."""
    shift = rasterio.Affine.translation(0, row)
    for geometry, value in rasterio.features.shapes(classes, mask=classes != UNLABELLED, connectivity=4, transform=shift):
        shell, *holes = geometry["coordinates"]
        pieces.append(shapely.Polygon(shell, holes))
        ids.append(int(value))


def _owners(pieces: list[shapely.Polygon], first: int, width: int, line: int) -> np.ndarray:
    """Return which piece, of those from `first` on, lies at each column of a horizontal line: (W,), -1 for none."""
    owners = np.full(width, -1)
    polygons = np.array(pieces[first:], object)
    if not len(polygons):
        return owners
    bounds = shapely.bounds(polygons)
    for number in np.flatnonzero((bounds[:, 1] <= line) & (bounds[:, 3] >= line)):
        rings = shapely.get_rings(polygons[number])
        for ring in rings:
            xy = shapely.get_coordinates(ring).astype(int)
            on_line = (xy[:-1, 1] == line) & (xy[1:, 1] == line)
            for start, end in zip(xy[:-1, 0][on_line], xy[1:, 0][on_line], strict=True):
                owners[min(start, end) : max(start, end)] = first + number
    return owners


def _joined(pieces: list[shapely.Polygon], ids: np.ndarray, pairs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return polygons with the pieces of each pair united, and their ids."""
    polygons = np.array(pieces, object)
    if not len(polygons):
        return polygons, ids
    links = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(links.shape[1], bool), (links[0], links[1])), shape=(len(polygons), len(polygons)))
    count, group = connected_components(graph, directed=False)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count))
    sizes = np.diff([*starts, len(order)])
    result = polygons[order[starts]]
    for number in np.flatnonzero(sizes > 1):
        members = order[starts[number] : starts[number] + sizes[number]]
        result[number] = _without_straight_vertices(shapely.union_all(polygons[members]))
    return result, ids[order[starts]]


def _without_straight_vertices(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return the polygon with corners only, as if it had never been cut."""
    rings = []
    for ring in shapely.get_rings(polygon):
        xy = shapely.get_coordinates(ring)[:-1]
        rings.append(xy[_turns(xy)])
    return shapely.Polygon(rings[0], rings[1:])


def _turns(xy: np.ndarray) -> np.ndarray:
    """Return where a closed line of horizontal and vertical steps changes its direction."""
    before, after = xy - np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0) - xy
    return (before[:, 0] == 0) != (after[:, 0] == 0)


def _frame(path: str | Path, geobox: GeoBox, legend: Legend, polygons: np.ndarray, ids: np.ndarray) -> gpd.GeoDataFrame:
    unknown = sorted(set(ids.tolist()) - set(legend.ids))
    if unknown:
        raise DataError(f"{path} has the class id {unknown[0]}, the legend does not.", "Give the legend of this raster.")
    by_id = {c.id: c.name for c in legend}
    left, top, _, bottom = shapely.bounds(polygons).reshape(-1, 4).T
    order = np.lexsort((bottom, left, top))
    polygons, ids = polygons[order], ids[order]
    t = geobox.transform
    world = shapely.transform(polygons, lambda xy: xy @ np.array([[t.a, t.d], [t.b, t.e]]) + np.array([t.c, t.f]))
    centres = shapely.get_coordinates(shapely.centroid(polygons)).reshape(-1, 2)
    area_m2 = shapely.area(polygons) * geobox.pixel_area_m2(centres[:, 1], centres[:, 0])
    columns = {"class_id": ids, "name": [by_id[i] for i in ids.tolist()], "area_m2": area_m2}
    return gpd.GeoDataFrame(columns, geometry=world, crs=geobox.crs_wkt or None)
