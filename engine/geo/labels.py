"""Labels as one byte a pixel on the grid of their orthophoto, whatever they came from: a raster of ids or polygons.

`open_labels` is the door to both; the polygon side is in `vector`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend, LegendClass
from engine.geo import raster, remedy, vector
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window, block_rows

_SCAN_PX = 8_000_000


class Labels(Protocol):
    """What label rasters and label polygons have in common; use it as a context."""

    path: str
    geobox: GeoBox
    legend: Legend

    def read(self, window: Window) -> np.ndarray:
        """Return ids (h, w) uint8, UNLABELLED where there is no label and outside the raster."""

    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Labels: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class LabelRaster:
    """A raster of class ids on the grid of an orthophoto; read from one thread only.

    Attributes:
        path: as given.
        geobox: the grid of the orthophoto.
        legend: the one given, else the names in the file, else the ids that occur, named `class N`, in the file's colours.
        counts: (256,) pixels by id; position 255 counts the unlabelled ones.
    """

    def __init__(self, source: raster.Raster, geobox: GeoBox, legend: Legend | None) -> None:
        self.path = source.path
        self.geobox = geobox
        self._source = source
        self._legend_origin = "the legend given has" if legend else "the file names"
        self._legend_place = "a legend file (--legend)" if legend else "the names in the file"
        self._known = legend or (source.legend() if source.names_classes() else None)
        self.counts = count_ids(self)
        self.legend = self._known or self._found_legend()

    def read(self, window: Window) -> np.ndarray:
        """Return ids (h, w) uint8; UNLABELLED where the file has nodata, 255 or a mask, and outside the raster.

        Raises:
            DataError: an id is outside 0-254 or outside the legend, or the file is damaged.
        """
        data, valid = self._source.read(window)
        ids = data[0]
        valid &= ids != UNLABELLED
        inside = (ids >= 0) & (ids < UNLABELLED)
        self._refuse(ids, valid & ~inside, "ids go from 0 to 254, and 255 means unlabelled", "Renumber the classes")
        labels = ids.astype(np.uint8)
        labels[~valid] = UNLABELLED
        if self._known is not None:
            unknown = np.ones(256, bool)
            unknown[[*self._known.ids, UNLABELLED]] = False
            known = ", ".join(f"{c.id} {c.name}" for c in self._known)
            self._refuse(ids, unknown[labels], f"{self._legend_origin} {known}", f"Add the class to {self._legend_place}")
        return labels

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> LabelRaster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _refuse(self, ids: np.ndarray, wrong: np.ndarray, expected: str, remedy_: str) -> None:
        if wrong.any():
            found = ", ".join(str(i) for i in np.unique(ids[wrong])[:5])
            raise DataError(
                f"{self.path}: the labels have the id {found}, {expected}.",
                f"{remedy_}, correct the labels, or set the id as nodata: gdal_translate -a_nodata "
                f"{found.split(',')[0]} {remedy.quoted(self.path)} {remedy.quoted(remedy.sibling(self.path, 'nodata'))}",
            )

    def _found_legend(self) -> Legend:
        present = np.flatnonzero(self.counts[:UNLABELLED]).tolist()
        carried = self._source.legend()
        colors = {c.id: c.color for c in carried} if carried else {}
        return Legend.from_names({i: f"class {i}" for i in present}, colors)


def open_labels(path: str | Path, geobox: GeoBox, *, class_field: str = "", legend: Legend | None = None) -> Labels:
    """Open the labels of an orthophoto: a polygon layer by its suffix (`.gpkg`, `.geojson`, ...), anything else a raster.

    Args:
        path: file, GDAL address, or `layers.gpkg|layername=parcels`.
        geobox: grid of the orthophoto.
        class_field: attribute with the class of each polygon; not used for rasters.
        legend: replaces the names found in the labels; ids and names outside it are refused.

    Raises:
        DataError: the labels are on another grid, have several bands or no whole numbers, or ids outside 0-254.
    """
    if vector.is_layer(str(path)):
        return vector.open_polygons(path, class_field, geobox, legend=legend)
    return open_label_raster(path, geobox, legend=legend)


def open_label_raster(path: str | Path, geobox: GeoBox, *, legend: Legend | None = None) -> LabelRaster:
    """Open a raster of class ids; see `open_labels`. Reads it once, to count ids before work starts."""
    source = raster.open_ids(path)
    try:
        _check_numbers(source)
        _check_grid(source, geobox)
        return LabelRaster(source, geobox, legend)
    except BaseException:
        source.close()
        raise


def count_ids(labels: Labels) -> np.ndarray:
    """Return how many pixels have each id, (256,) int64; position 255 counts the unlabelled ones. Reads all, in strips."""
    counts = np.zeros(256, np.int64)
    rows = max(1, _SCAN_PX // (labels.geobox.width * 512)) * 512
    for window in block_rows(labels.geobox.height, labels.geobox.width, rows):
        counts += np.bincount(labels.read(window).ravel(), minlength=256)
    return counts


def common_legend(legends: Iterable[Legend]) -> Legend:
    """Return one legend for labels that are used together; the first colour of a class wins.

    Raises:
        DataError: one id has two names, or one name two ids.
    """
    by_id: dict[int, LegendClass] = {}
    for item in (c for legend in legends for c in legend):
        known = by_id.setdefault(item.id, item)
        if known.name != item.name:
            raise DataError(
                f"The labels name class {item.id} '{known.name}' in one file and '{item.name}' in another.",
                "Give one legend file for all of them (--legend).",
            )
    twice = [name for name, n in Counter(c.name for c in by_id.values()).items() if n > 1]
    if twice:
        raise DataError(f"The labels give the class '{twice[0]}' different ids.", "Renumber one of the files.")
    return Legend(tuple(by_id.values()))


def _check_numbers(source: raster.Raster) -> None:
    if source.count != 1:
        raise DataError(
            f"{source.path} has {source.count} bands, labels have one band of class ids.",
            f"Choose the band: {remedy.first_band(source.path)}",
        )
    if not np.issubdtype(source.dtype, np.integer):
        raise DataError(
            f"{source.path} holds {source.dtype} numbers, labels are whole numbers.",
            f"Convert it: gdal_translate -ot Byte -unscale {remedy.quoted(source.path)} "
            f"{remedy.quoted(remedy.sibling(source.path, 'ids'))}",
        )


def _check_grid(source: raster.Raster, image: GeoBox) -> None:
    found = source.geobox
    same_size = (found.height, found.width) == (image.height, image.width)
    if found.matches(image) or (same_size and not image.is_georeferenced):
        return
    sizes = f"{found.height} x {found.width} px, {remedy.crs_label(found.crs_wkt)}"
    expected = f"{image.height} x {image.width} px, {remedy.crs_label(image.crs_wkt)}"
    if same_size and not found.is_georeferenced:
        line = remedy.assign_place(source.path, image)
        raise DataError(
            f"{source.path} has the size of its orthophoto but no place on the ground.", f"Give it one: {line}" if line else ""
        )
    if found.is_georeferenced and image.is_georeferenced and not image.overlaps(found):
        raise DataError(
            f"{source.path} lies elsewhere than its orthophoto: found {sizes} from {_origin(found)}, expected {expected} from "
            f"{_origin(image)}.",
            "Choose the labels that belong to this orthophoto, in the same order as the orthophotos.",
        )
    where = "" if (sizes != expected) else f"; they begin at {_origin(found)} and {_origin(image)}"
    line = remedy.warp_to(source.path, image) if found.is_georeferenced and image.is_georeferenced else ""
    raise DataError(
        f"{source.path} is not on the grid of its orthophoto: found {sizes}, expected {expected}{where}.",
        f"Put it on that grid: {line}"
        if line
        else "Make both anew on one north-up grid with gdalwarp, or choose the labels that belong to this orthophoto.",
    )


def _origin(geobox: GeoBox) -> str:
    return f"({geobox.transform.c:.10g}, {geobox.transform.f:.10g})"
