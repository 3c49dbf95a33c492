"""Write polygons batch by batch: a styled GeoPackage, or by suffix FlatGeobuf, GeoJSON or GeoParquet; whole or not at all.

Every format begins as a GeoPackage, which can be appended to; the others are copied from it in batches at the end.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyogrio
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from engine import atomic
from engine.contract.errors import DataError, ResourceError
from engine.contract.legend import Legend
from engine.geo import qml
from engine.geo.geobox import GeoBox

GEOMETRY_COLUMN = "geom"
DRIVERS = {".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".geojson": "GeoJSON", ".json": "GeoJSON", ".parquet": "Parquet"}


class PolygonFile:
    """Polygons that are being written.

    Attributes:
        count: number of polygons so far.
    """

    def __init__(self, path: Path, part: Path, crs_wkt: str, layer: str) -> None:
        self.count = 0
        self._path, self._part, self._layer = path, part, layer
        self._crs = crs_wkt or None

    def append(self, columns: dict[str, NDArray]) -> None:
        """Write polygons: `geometry` as WKB, all other columns as attributes; every call with the same columns.

        Raises:
            ResourceError: the disk is full.
        """
        fields = [name for name in columns if name != "geometry"]
        is_first = self.count == 0
        with _explained(self._path):
            pyogrio.raw.write(
                self._part, geometry=columns["geometry"], field_data=[columns[name] for name in fields], fields=fields,
                layer=self._layer, driver="GPKG", geometry_type="Polygon", crs=self._crs, append=not is_first,
                dataset_options={"VERSION": "1.3"} if is_first else {},
                layer_options={"GEOMETRY_NAME": GEOMETRY_COLUMN} if is_first else {},
            )  # fmt: skip
        self.count += len(columns["geometry"])


@contextlib.contextmanager
def create(path: str | Path, geobox: GeoBox, legend: Legend, layer: str, empty: dict[str, NDArray]) -> Iterator[PolygonFile]:
    """Yield a file of polygons; when the context is left without an error it appears under its name.

    Args:
        path: final name; its suffix decides the format.
        geobox: gives the CRS.
        legend: classes, for the style in a GeoPackage.
        layer: name of the layer.
        empty: the columns without rows, so that a file without polygons has its attributes too.

    Raises:
        DataError: a suffix without format, pyarrow missing for GeoParquet, a folder that cannot be written.
        ResourceError: the disk is full.
    """
    path = Path(path)
    driver = check_format(path)
    with atomic.output(path) as part:
        scratch = part.with_suffix(".gpkg") if driver != "GPKG" else part
        with _removed(scratch) if scratch != part else contextlib.nullcontext(), _synchronized_at_the_end(part):
            file = PolygonFile(path, scratch, geobox.crs_wkt, layer)
            yield file
            if not file.count:
                file.append(empty)
            with _explained(path):
                if driver == "GPKG":
                    styles = qml.layer_styles(layer, GEOMETRY_COLUMN, legend)
                    pyogrio.write_dataframe(styles, part, layer="layer_styles", driver="GPKG", append=True)
                elif driver == "Parquet":
                    _to_parquet(scratch, part, layer, geobox)
                else:
                    _convert(scratch, part, layer, driver, geobox)


def check_format(path: Path) -> str:
    """Return the driver of a polygon file.

    Raises:
        DataError: there is none for this suffix, or it is not installed.
    """
    if path.suffix.lower() not in DRIVERS:
        raise DataError(
            f"{path}: polygons are not written as '{path.suffix}'.", f"Let the name end in one of {', '.join(DRIVERS)}."
        )
    if path.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise DataError(
            f"{path}: GeoParquet needs the Python package pyarrow, which is not installed.",
            "Install it (pip install pyarrow), or write a .gpkg or .fgb.",
        )
    return DRIVERS[path.suffix.lower()]


def _convert(source: Path, target: Path, layer: str, driver: str, geobox: GeoBox) -> None:
    """Copy a layer in batches to another format; GeoJSON in degrees, as RFC 7946 says."""
    in_degrees = driver == "GeoJSON" and geobox.crs_wkt
    options = {"RFC7946": "YES", "COORDINATE_PRECISION": "8"} if in_degrees else {}
    with pyogrio.open_arrow(source, layer=layer, use_pyarrow=False) as (meta, stream):
        pyogrio.write_arrow(
            stream, target, layer=layer, driver=driver, geometry_name=meta["geometry_name"] or GEOMETRY_COLUMN,
            geometry_type="Polygon", crs=meta["crs"], layer_options=options,
        )  # fmt: skip


def _to_parquet(source: Path, target: Path, layer: str, geobox: GeoBox) -> None:
    """Copy a layer in batches to GeoParquet 1.0, https://geoparquet.org/releases/v1.0.0/."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Polygon"], "orientation": "counterclockwise"}
    column["crs"] = CRS.from_wkt(geobox.crs_wkt).to_json_dict() if geobox.crs_wkt else None
    head = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    with pyogrio.open_arrow(source, layer=layer, use_pyarrow=True) as (meta, reader):
        geometry = meta["geometry_name"] or GEOMETRY_COLUMN
        fields = [pa.field("geometry", pa.binary()) if f.name == geometry else pa.field(f.name, f.type) for f in reader.schema]
        schema = pa.schema(fields, metadata={"geo": json.dumps(head)})
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in reader:
                columns = [column.cast(field.type) for column, field in zip(batch.columns, fields, strict=True)]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


@contextlib.contextmanager
def _removed(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        atomic.remove(path)


@contextlib.contextmanager
def _synchronized_at_the_end(part: Path) -> Iterator[None]:
    """Let SQLite leave each batch to the system's cache, and wait for the disk once: the file has no name before."""
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": None})
    with part.open("rb+") as file:
        os.fsync(file)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (DataSourceError, DataLayerError, RuntimeError) as error:
        raise ResourceError(f"{path} cannot be written ({error}).", "Free space or choose another disk.") from error
