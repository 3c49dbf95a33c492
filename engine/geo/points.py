"""Points of a reference sample: written with a form that a person fills in, in plain QGIS, and read back.

The GeoPackage holds the layer `sample` (the points), the table `strata` (how many pixels each stratum has) and the style.
The form asks for the reference class by name and hides the stratum: who knows what the map says does not judge freely.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from engine import atomic
from engine.contract.errors import DataError, ResourceError
from engine.contract.legend import Legend
from engine.contract.params import nearest
from engine.geo import form, polygon_file, remedy, vector
from engine.geo.geobox import GeoBox

LAYER, STRATA = "sample", "strata"
REFERENCE, STRATUM = "reference", "stratum"


@dataclass(frozen=True)
class Points:
    """Points on the grid of a raster.

    Args:
        path: as given.
        rows, cols: (N,) the pixel each point lies in; outside the raster too.
        values: (N,) class of each point as a whole number or text; None where nobody answered.
        strata: (N,) stratum id of each point, -1 where it has none; None where the layer has no strata.
        design: the table of strata with columns stratum, name and pixels; None where the file has none.
        labels: (N,) how to name a point to a person.
    """

    path: str
    rows: np.ndarray
    cols: np.ndarray
    values: list[Any]
    strata: np.ndarray | None
    design: pd.DataFrame | None
    labels: list[str]


def is_points(path: str) -> bool:
    """Return whether a path names a layer of points."""
    if not vector.is_layer(path):
        return False
    source, layer = _layer(path)
    return "Point" in str(pyogrio.read_info(source, layer=layer)["geometry_type"])


def read(path: str, geobox: GeoBox, class_field: str) -> Points:
    """Read points on the grid of a raster.

    Args:
        path: file, or `sample.gpkg|layername=sample`.
        geobox: the grid; points of any CRS are reprojected to it.
        class_field: attribute with the reference class; `reference` when empty.

    Raises:
        DataError: the layer has no such field, no CRS, no points, or none on the raster.
    """
    source, layer = _layer(path)
    frame = pyogrio.read_dataframe(source, layer=layer, fid_as_index=True)
    class_field = class_field or REFERENCE
    if class_field not in frame.columns:
        fields = [c for c in frame.columns if c != "geometry"]
        raise DataError(f"{path}: there is no field '{class_field}'.", nearest(class_field, fields))
    if geobox.crs_wkt and frame.crs is None:
        raise DataError(f"{path} has no CRS, the map has {remedy.crs_label(geobox.crs_wkt)}.", "Set its CRS in QGIS.")
    if geobox.crs_wkt:
        frame = frame.to_crs(geobox.crs_wkt)
    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)]
    centres = frame.geometry.representative_point()
    to_pixel = ~geobox.transform
    cols, rows = to_pixel * (centres.x.to_numpy(), centres.y.to_numpy())
    rows, cols = np.floor(rows), np.floor(cols)
    on_raster = (rows >= 0) & (rows < geobox.height) & (cols >= 0) & (cols < geobox.width)
    if not on_raster.any():
        hint = "or check their CRS" if geobox.crs_wkt else "or give the map its CRS with gdal_translate -a_srs"
        raise DataError(f"{path} has no point on the map.", f"Choose the points that belong to this map, {hint}.")
    answers = frame[class_field]
    strata = pd.to_numeric(frame[STRATUM], errors="coerce").fillna(-1).to_numpy(int) if STRATUM in frame.columns else None
    return Points(
        path=path,
        rows=rows.astype(np.int64),
        cols=cols.astype(np.int64),
        values=[None if missing else value for value, missing in zip(answers.tolist(), answers.isna(), strict=True)],
        strata=strata,
        design=_design(source),
        labels=[f"fid {fid} at {x:.10g}, {y:.10g}" for fid, x, y in zip(frame.index, centres.x, centres.y, strict=True)],
    )


def write(path: str, geobox: GeoBox, pixels: np.ndarray, strata: pd.DataFrame, legend: Legend) -> None:
    """Write a sample as a GeoPackage with style and form; whole or not at all.

    Args:
        path: the GeoPackage.
        geobox: grid of the map.
        pixels: (N, 3) stratum id, row and col of each point, in the order in which they are to be answered.
        strata: columns stratum, name, pixels, weight, points.
        legend: classes that the form offers.
    """
    x, y = geobox.transform * (pixels[:, 2] + 0.5, pixels[:, 1] + 0.5)  # type: ignore[operator]
    weights = strata.assign(each=strata["pixels"] / strata["points"].clip(lower=1)).set_index("stratum")["each"]
    frame = gpd.GeoDataFrame(
        {
            "number": np.arange(1, len(pixels) + 1, dtype=np.int32),
            STRATUM: pixels[:, 0].astype(np.int32),
            "pixels_represented": weights.reindex(pixels[:, 0]).to_numpy(float),
            REFERENCE: pd.array([pd.NA] * len(pixels), dtype="Int32"),
            "note": pd.array([None] * len(pixels), dtype="string"),
        },
        geometry=gpd.points_from_xy(x, y),
        crs=geobox.crs_wkt or None,
    )
    with atomic.output(path) as part:
        try:
            pyogrio.write_dataframe(
                frame,
                part,
                layer=LAYER,
                driver="GPKG",
                geometry_type="Point",
                layer_options={"GEOMETRY_NAME": polygon_file.GEOMETRY_COLUMN},
            )
            pyogrio.write_dataframe(strata, part, layer=STRATA, driver="GPKG", append=True)
            styles = form.layer_styles(LAYER, polygon_file.GEOMETRY_COLUMN, REFERENCE, (STRATUM, "pixels_represented"), legend)
            pyogrio.write_dataframe(styles, part, layer="layer_styles", driver="GPKG", append=True)
        except (DataSourceError, DataLayerError, RuntimeError) as error:
            raise ResourceError(f"{path} cannot be written ({error}).", "Free space or choose another disk.") from error


def _layer(path: str) -> tuple[str, str | None]:
    """Return file and layer: the one named, else `sample`, else the only one."""
    source, _, options = path.partition("|")
    named = options.partition("layername=")[2].partition("|")[0]
    try:
        layers = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    except DataSourceError as error:
        raise DataError(f"{path} cannot be opened as a layer ({error}).", "Give a layer that QGIS opens.") from error
    if named and named not in layers:
        raise DataError(f"{source} has no layer {named}.", nearest(named, layers))
    if named or LAYER in layers:
        return source, named or LAYER
    return source, layers[0]


def _design(source: str) -> pd.DataFrame | None:
    if Path(source).suffix.lower() != ".gpkg" or STRATA not in pyogrio.list_layers(source)[:, 0]:
        return None
    table = pyogrio.read_dataframe(source, layer=STRATA, read_geometry=False)
    if not {"stratum", "name", "pixels"} <= set(table.columns):
        return None
    return table.sort_values("stratum", ignore_index=True)
