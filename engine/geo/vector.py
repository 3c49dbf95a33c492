"""Polygons with classes, read as labels on the grid of an orthophoto."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio.features
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from engine.contract.errors import DataError
from engine.contract.legend import MAX_CLASSES, UNLABELLED, Legend
from engine.contract.params import is_local
from engine.geo import remedy
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window

_LAYER_SUFFIXES = (".gpkg", ".geojson", ".json", ".geojsonl", ".shp", ".fgb", ".kml", ".gml", ".sqlite", ".parquet", ".gdb")
_NO_LABEL = ("", "255", "ignore", "ignored", "unlabelled", "unlabeled")
_CLIP_VERTICES = 256
_MARGIN = 0.02


class LabelPolygons:
    """Polygons with a class field, rasterized window by window on the grid of an orthophoto.

    A pixel has the class of the polygon that holds its centre; where polygons overlap, the last one in the layer counts.

    Attributes:
        path: as given.
        geobox: the grid of the orthophoto.
        legend: classes of the whole layer, whether or not they occur in this orthophoto.
    """

    def __init__(self, path: str, geobox: GeoBox, legend: Legend, polygons: np.ndarray, ids: np.ndarray) -> None:
        self.path = path
        self.geobox = geobox
        self.legend = legend
        self._polygons = polygons
        self._ids = ids
        self._tree = shapely.STRtree(polygons)

    def read(self, window: Window) -> np.ndarray:
        """Return ids (h, w) uint8, UNLABELLED where no polygon lies and outside the raster."""
        labels = np.full((window.height, window.width), UNLABELLED, np.uint8)
        inside = window.clip(self.geobox.frame)
        if inside.is_empty:
            return labels
        grid = self.geobox.window(inside)
        hits = np.sort(self._tree.query(grid.footprint, predicate="intersects"))
        if len(hits):
            box = self.geobox.window(inside.expand(1)).footprint.bounds
            shapes = [
                (polygon if shapely.get_num_coordinates(polygon) < _CLIP_VERTICES else shapely.clip_by_rect(polygon, *box), i)
                for polygon, i in zip(self._polygons[hits], self._ids[hits].tolist(), strict=True)
            ]
            labels[inside.within(window).slices] = rasterio.features.rasterize(
                [(shape, i) for shape, i in shapes if not shape.is_empty],
                out_shape=(inside.height, inside.width),
                fill=UNLABELLED,
                transform=grid.transform,
                dtype="uint8",
            )
        return labels

    def close(self) -> None:
        """Forget the polygons."""
        self._polygons, self._ids, self._tree = self._polygons[:0], self._ids[:0], shapely.STRtree([])

    def __enter__(self) -> LabelPolygons:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def is_layer(path: str) -> bool:
    """Return whether a path names a polygon layer, by its suffix; `|layername=` may follow."""
    return PurePath(path.partition("|")[0]).suffix.lower() in _LAYER_SUFFIXES


def read_legend(paths: Iterable[str | Path], class_field: str) -> Legend:
    """Return one legend for several layers: whole numbers are ids, texts are sorted and numbered from 0.

    Raises:
        DataError: the field is missing or has values that are no classes.
    """
    values = [v for path in paths for v in _values(str(path), class_field)]
    if values and not any(_text(v) for v in values):
        raise DataError(
            f"The field {class_field} holds no class in any feature.", "Choose the field that holds the class, or fill it in."
        )
    numbers = _as_integers(values)
    if numbers is not None:
        outside = [i for i in numbers if i is not None and not 0 <= i <= UNLABELLED]
        if outside:
            raise DataError(
                f"The field {class_field} holds the number {outside[0]}; class ids go from 0 to 254, 255 means unlabelled.",
                "Choose the field that holds the class, or renumber it.",
            )
        return Legend.from_names({i: f"class {i}" for i in sorted({i for i in numbers if i is not None} - {UNLABELLED})})
    names = sorted({text for v in values if (text := _text(v))})
    if len(names) > MAX_CLASSES:
        raise DataError(
            f"The field {class_field} has {len(names)} different values, at most {MAX_CLASSES} classes are possible.",
            "Choose the field that holds the class.",
        )
    return Legend.from_names(names)


def open_polygons(path: str | Path, class_field: str, geobox: GeoBox, *, legend: Legend | None = None) -> LabelPolygons:
    """Open a polygon layer as the labels of an orthophoto.

    Args:
        path: file, GDAL address, or `layers.gpkg|layername=parcels`.
        class_field: attribute with the class, whole number or text; null, 255 and `ignore` mean unlabelled.
        geobox: grid of the orthophoto; polygons are reprojected to its CRS.
        legend: gives texts their ids; made from the whole layer when None. Give one when several layers go together.

    Raises:
        DataError: no such file, layer or field; geometries that are no polygons; a class outside the legend or 0-254;
            no polygon overlaps the orthophoto.
    """
    path = str(path)
    if legend is None:
        legend = read_legend([path], class_field)
    values = _values(path, class_field)
    numbers = _as_integers(values)
    frame = _read_near(path, class_field, geobox)
    _check_polygons(path, frame)
    ids = _ids(path, frame, class_field, legend, is_integer=numbers is not None)
    polygons = _repaired(frame.geometry.to_numpy())
    if not shapely.intersects(polygons, geobox.footprint).any():
        raise DataError(
            f"{path}: no polygon overlaps the raster, which covers {_extent(geobox.footprint.bounds)} in "
            f"{remedy.crs_label(geobox.crs_wkt)}.",
            "Check the CRS of the layer, or choose the layer that belongs to this raster.",
        )
    labelled = ids != UNLABELLED
    return LabelPolygons(path, geobox, legend, polygons[labelled], ids[labelled])


def _info(path: str) -> tuple[str, str | None, dict[str, Any]]:
    """Return source, layer and what is known of a layer without reading its features."""
    source, _, options = path.partition("|")
    layer = options.partition("layername=")[2].partition("|")[0] or None
    if is_local(source) and not Path(source).exists():
        raise DataError(f"{source} does not exist.", "Check the path.")
    try:
        if layer is None and len(layers := pyogrio.list_layers(source)[:, 0].tolist()) > 1:
            layers = [name for name in layers if name != "layer_styles"]
            if len(layers) > 1:
                raise DataError(
                    f"{source} has several layers: {', '.join(layers)}.", f"Name one: {source}|layername={layers[0]}"
                )
            layer = str(layers[0])
        return source, layer, pyogrio.read_info(source, layer=layer)
    except (DataSourceError, DataLayerError) as error:
        raise DataError(f"{path} cannot be opened as a polygon layer ({error}).", "Give a layer that QGIS opens.") from error


def _values(path: str, class_field: str) -> list[Any]:
    """Return the class values of all features, None where there is none."""
    source, layer, info = _info(path)
    fields = [str(f) for f in info["fields"]]
    if class_field not in fields:
        near = difflib.get_close_matches(class_field, fields, n=1)
        said = f"there is no field '{class_field}'" if class_field else "the class field is not given"
        raise DataError(
            f"{path}: {said}.", f"Did you mean '{near[0]}'?" if near else f"Choose one of: {', '.join(fields) or 'none'}."
        )
    column = pyogrio.read_dataframe(source, layer=layer, columns=[class_field], read_geometry=False)[class_field]
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def _read_near(path: str, class_field: str, geobox: GeoBox) -> gpd.GeoDataFrame:
    """Return the features whose boxes meet the orthophoto, in its CRS."""
    source, layer, info = _info(path)
    crs = info["crs"]
    if bool(crs) != bool(geobox.crs_wkt):
        target = remedy.quoted(remedy.sibling(source, "with_crs", ".gpkg"))
        raise DataError(
            f"{path} has a CRS, and the raster that it belongs to has none."
            if crs
            else f"{path} has no CRS, and the raster that it belongs to has {remedy.crs_label(geobox.crs_wkt)}.",
            "Give the raster its CRS with gdal_translate -a_srs."
            if crs
            else f"Give the layer its CRS, for example: ogr2ogr -a_srs EPSG:4326 {target} {remedy.quoted(source)}",
        )
    outline = geobox.footprint
    box = gpd.GeoSeries([outline.buffer(outline.length * _MARGIN).segmentize(outline.length / 40)], crs=geobox.crs_wkt or None)
    near = box.to_crs(crs) if crs else box
    bounds = tuple(near.total_bounds) if np.isfinite(near.total_bounds).all() else None
    frame = pyogrio.read_dataframe(source, layer=layer, columns=[class_field], bbox=bounds, fid_as_index=True)
    if "geometry" not in frame:
        raise DataError(f"{path} is a table without geometry.", "Choose a polygon layer.")
    frame = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    return frame.to_crs(geobox.crs_wkt) if crs else frame


def _check_polygons(path: str, frame: gpd.GeoDataFrame) -> None:
    other = frame.geom_type[~frame.geom_type.isin(["Polygon", "MultiPolygon"])]
    if len(other):
        raise DataError(
            f"{path}: feature {other.index[0]} is a {other.iloc[0]}, labels are polygons.",
            "Choose a polygon layer, or make areas of lines and points with Buffer.",
        )
    infinite = ~np.isfinite(frame.geometry.bounds.to_numpy()).all(axis=1)
    if infinite.any():
        raise DataError(
            f"{path}: feature {frame.index[infinite][0]} has no place in the CRS of the orthophoto.",
            "Correct the CRS of the layer, or delete the feature.",
        )


def _ids(path: str, frame: gpd.GeoDataFrame, class_field: str, legend: Legend, *, is_integer: bool) -> np.ndarray:
    """Return the class id of each feature, (F,) uint8."""
    column = frame[class_field]
    values = [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]
    by_name = {c.name: c.id for c in legend}
    ids = np.full(len(frame), UNLABELLED, np.uint8)
    for position, value in enumerate(values):
        text = _text(value)
        if not text:
            continue
        found = int(float(text)) if is_integer else by_name.get(text)
        if found not in legend.ids:
            known = ", ".join(f"{c.id} {c.name}" for c in legend)
            raise DataError(
                f"{path}: feature {frame.index[position]} has class {text}, the legend has {known}.",
                "Add the class to the legend or correct the feature.",
            )
        ids[position] = found
    return ids


def _as_integers(values: Sequence[Any]) -> list[int | None] | None:
    """Return the values as whole numbers; None where one of them is a text."""
    numbers: list[int | None] = []
    for value in values:
        text = _text(value)
        try:
            number = float(text) if text else None
        except ValueError:
            return None
        if number is not None and number != int(number):
            return None
        numbers.append(None if number is None else int(number))
    return numbers


def _text(value: Any) -> str:
    """Return a class value as text; empty where it means unlabelled."""
    text = "" if value is None else str(value).strip()
    text = text[:-2] if isinstance(value, float) and text.endswith(".0") else text
    return "" if text.lower() in _NO_LABEL else text


def _repaired(polygons: np.ndarray) -> np.ndarray:
    """Return polygons that may be clipped; rings that cross count by even and odd, as in rasterizing."""
    broken = ~shapely.is_valid(polygons)
    polygons = polygons.copy()
    polygons[broken] = shapely.make_valid(polygons[broken], method="linework")
    return polygons


def _extent(bounds: tuple[float, float, float, float]) -> str:
    return f"x {bounds[0]:.8g} to {bounds[2]:.8g}, y {bounds[1]:.8g} to {bounds[3]:.8g}"
