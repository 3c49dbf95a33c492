"""Write the rounds of a campaign and read what people answered.

A new campaign is written beside its name and renamed when it is whole. A later round is appended in the file itself, as
one SQLite transaction for each table, the log of rounds last: a rename would cut off a QGIS that has the campaign open,
and the answers typed there would be lost. Reading takes a copy through SQLite's backup, never the live file.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from engine import atomic
from engine.campaign import form
from engine.contract.errors import DataError, ResourceError
from engine.contract.legend import Legend

UNITS = {
    "unit": str, "round": int, "rank": int, "kind": str, "class_a": int, "class_b": int, "score": float, "reason": str,
    "clicks": int, "pixels": int, "status": str, "answer": str, "class_id": int, "note": str, "who": str,
    "answered": "datetime", "seconds": float, "model": str,
}  # fmt: skip
"""Fields of the layer `units`; the engine fills up to `status` and `model`, the analyst the rest."""

PARTS = {"unit": str, "round": int, "class_id": int}
"""Fields of the layer `predictions`: what the model sees inside each unit, so that its border shows and can be confirmed."""

_DRAWN = {"note": str, "who": str, "drawn": "datetime"}
_EMPTY_LAYERS = {
    "borders": ("MultiLineString", {"unit": str, "class_left": int, "class_right": int, **_DRAWN}),
    "corrections": ("MultiPolygon", {"class_id": int, **_DRAWN}),
    "points": ("Point", {"class_id": int, **_DRAWN}),
}
_ANSWERS = {
    "unit": str, "round": int, "answer": str, "class_id": int, "who": str, "answered": "datetime", "seconds": float,
    "accepted": int,
}  # fmt: skip
_TABLES = ("units", "predictions", *_EMPTY_LAYERS, "answers", "classes", "rounds")
_BUSY_SECONDS = 2.0
_GPKG_VERSION = "1.2"  # the newest that QGIS 3.22 takes without a warning


@dataclass(frozen=True)
class Campaign:
    """A copy of a campaign as it was when it was read.

    Args:
        legend: its classes.
        rounds: one row for each round, oldest first.
        units: every unit offered, with answers.
        predictions: the model's classes inside the units.
        borders: redrawn borders.
        corrections: polygons drawn anywhere.
        points: points set anywhere.
        answers: the log of answers that the plugin keeps.
    """

    legend: Legend
    rounds: pd.DataFrame
    units: gpd.GeoDataFrame
    predictions: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    corrections: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    answers: pd.DataFrame

    @property
    def last_round(self) -> int:
        """Return the number of the newest round."""
        return int(max(self.units["round"].max() if len(self.units) else 0, self.rounds["round"].max()))


def create(
    path: str | Path, units: gpd.GeoDataFrame, predictions: gpd.GeoDataFrame, legend: Legend, record: Mapping[str, Any]
) -> None:
    """Write a campaign with its first round; it appears whole or not at all.

    Args:
        path: GeoPackage.
        units: fields of `UNITS` that the engine fills, geometry in the orthophoto's CRS.
        predictions: fields of `PARTS`.
        legend: classes.
        record: what is kept of the round, plain values.

    Raises:
        DataError: the folder cannot be written, or another run writes the same file.
        ResourceError: the disk is full.
    """
    with atomic.output(path) as part, _in_words(path):
        _write(part, "units", _completed(units), geometry_type="MultiPolygon", VERSION=_GPKG_VERSION)
        parts = predictions if len(predictions) else predictions.assign(**_columns(PARTS, 0))
        _write(part, "predictions", parts, geometry_type="MultiPolygon")
        for layer, (geometry_type, columns) in _EMPTY_LAYERS.items():
            empty = gpd.GeoDataFrame(_columns(columns, 0), geometry=gpd.GeoSeries([], crs=units.crs), crs=units.crs)
            _write(part, layer, empty, geometry_type=geometry_type)
        _write(part, "answers", pd.DataFrame(_columns(_ANSWERS, 0)))
        _write(part, "classes", pd.DataFrame(legend.to_json()))
        _write(part, "rounds", _record(record))
        _write(part, "layer_styles", form.layer_styles(legend), FID="id")


def append(path: str | Path, units: gpd.GeoDataFrame, predictions: gpd.GeoDataFrame, record: Mapping[str, Any]) -> None:
    """Add a round to a campaign in one go; what is there stays as it is.

    Raises:
        DataError: the file is locked, by edits that are not saved or by another run, or cannot be written.
        ResourceError: the disk is full.
    """
    check_writable(path)
    with atomic.lock(path), _in_words(path):
        _add_columns(path, "rounds", _record(record))
        _write(Path(path), "predictions", predictions, append=True)
        _write(Path(path), "units", _completed(units), append=True)
        _write(Path(path), "rounds", _record(record), append=True)


def check_writable(path: str | Path) -> None:
    """Refuse a campaign that cannot be written now, before anything is tried.

    Raises:
        DataError: another program is writing it, or it is read-only.
    """
    with _in_words(path), _connected(path, mode="rw") as live:
        live.execute("begin immediate")
        live.rollback()


def read(path: str | Path) -> Campaign:
    """Return a copy of a campaign.

    Raises:
        DataError: the file is missing, is no campaign, or cannot be read while it is locked.
    """
    with copied(path) as copy:
        layers = {name: pyogrio.read_dataframe(copy, layer=name, fid_as_index=True) for name in _TABLES}
    legend = Legend.from_json(layers["classes"].to_dict("records"))
    return Campaign(legend=legend, **{name: table for name, table in layers.items() if name != "classes"})


@contextlib.contextmanager
def copied(path: str | Path) -> Iterator[Path]:
    """Yield a consistent copy of a campaign, taken while others may write.

    Raises:
        DataError: see `read`.
    """
    if not Path(path).is_file():
        raise DataError(f"{path} does not exist.", "Check the path of the campaign.")
    with tempfile.TemporaryDirectory(prefix="edgewise-") as folder:
        copy = Path(folder) / "campaign.gpkg"
        try:
            with _connected(path) as live, contextlib.closing(sqlite3.connect(copy)) as target:
                live.backup(target)
                names = {row[0] for row in target.execute("select name from sqlite_master where type = 'table'")}
        except sqlite3.DatabaseError as error:
            raise _explained(error, path) from error
        missing = [name for name in _TABLES if name not in names]
        if missing:
            raise DataError(
                f"{path} is no labelling campaign: it has no layer {missing[0]}.",
                "Give the GeoPackage that suggest wrote, or another name for a new campaign.",
            )
        yield copy


def _completed(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the units with the fields that wait for answers."""
    waiting = {"status": "open", "answer": ""}
    columns = _columns(UNITS, len(units))
    filled = {name: units[name].array if name in units else waiting.get(name, columns[name]) for name in UNITS}
    return gpd.GeoDataFrame(filled, geometry=list(units.geometry), crs=units.crs)


def _record(record: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{name: _plain(value) for name, value in record.items() if value is not None}])


def _plain(value: Any) -> Any:
    """Return what a field can hold: JSON for many values, 0 or 1 for a choice."""
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else value


def _add_columns(path: str | Path, table: str, rows: pd.DataFrame) -> None:
    """Add the columns that an older campaign lacks; what stands in the others stays."""
    types = {"i": "INTEGER", "f": "REAL"}
    with _connected(path, mode="rw") as live:
        known = {row[1] for row in live.execute(f"pragma table_info({table})")}
        for name in rows.columns.difference(list(known)):
            live.execute(f'alter table {table} add column "{name}" {types.get(rows[name].dtype.kind, "TEXT")}')
        live.commit()


def _columns(columns: Mapping[str, Any], length: int) -> dict[str, Any]:
    """Return columns without values, of the types that they will have."""
    types = {int: "Int32", float: "float64", str: "object", "datetime": "datetime64[ms]"}
    empty = {int: pd.NA, float: np.nan, str: None, "datetime": pd.NaT}
    return {name: pd.Series([empty[kind]] * length, dtype=types[kind]) for name, kind in columns.items()}


def _write(path: Path, layer: str, table: pd.DataFrame, **options: Any) -> None:
    """Write a table, or append it: column by column of the layer, for pyogrio appends by place and not by name."""
    if options.get("append"):
        place = [table.geometry.name] if isinstance(table, gpd.GeoDataFrame) else []
        table = table.reindex(columns=[*pyogrio.read_info(path, layer=layer)["fields"], *place])
    if isinstance(table, gpd.GeoDataFrame) and not options.get("append"):
        options["GEOMETRY_NAME"] = "geom"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*crs.*was not provided.*")
        pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG", **options)


@contextlib.contextmanager
def _connected(path: str | Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    address = f"{Path(path).resolve().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as connection:
        yield connection


@contextlib.contextmanager
def _in_words(path: str | Path) -> Iterator[None]:
    """Turn what SQLite and GDAL say into what the user can do."""
    try:
        yield
    except (sqlite3.DatabaseError, DataSourceError, DataLayerError, FeatureError) as error:
        raise _explained(error, path) from error


def _explained(error: Exception, path: str | Path) -> DataError | ResourceError:
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return DataError(
            f"{path}: another program is writing this campaign.", "Save the edits in QGIS, leave its edit mode, and try again."
        )
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return DataError(f"{path} cannot be written.", "Make the file and its folder writable, or copy the campaign elsewhere.")
    if "not a database" in text or "malformed" in text:
        return DataError(f"{path} is no GeoPackage, or it is damaged.", "Give the GeoPackage that suggest wrote.")
    if "full" in text or "disk i/o" in text:
        return ResourceError(f"{path}: the disk is full.", "Free space and try again.")
    return DataError(f"{path}: {error}", "Choose another output, or open the file in QGIS to see whether it is whole.")
