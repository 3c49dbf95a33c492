"""The layers of an assessment, opened and refused in its own words: everything lies on the grid of the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DataError
from engine.geo import raster, remedy, vector
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window


class Confidence:
    """A confidence raster as whole percents, whatever it holds: percent as whole numbers, or shares as fractions.

    Raises:
        DataError: several bands, or another grid than the map.
    """

    def __init__(self, path: str, geobox: GeoBox) -> None:
        check_place(path, geobox)
        self._source = raster.open(path)
        if self._source.count != 1:
            self._source.close()
            raise DataError(
                f"{path} has {self._source.count} bands, a confidence raster has one.",
                f"Choose the band: gdal_translate -b 1 {path} {remedy.sibling(path, 'band1')}",
            )
        self._is_share = np.issubdtype(self._source.dtype, np.floating)

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Return percent, 0 to 100, and 255 where there is none, (h, w).

        Raises:
            DataError: a value is outside 0 to 100 percent, or 0 to 1 for fractions.
        """
        data, valid = self._source.read(window)
        values, top = data[0], 1 if self._is_share else 100
        wrong = valid & ((values < 0) | (values > top))
        if wrong.any():
            raise DataError(
                f"{self._source.path} has the confidence {values[wrong][0]:g}, expected 0 to {top}.",
                "Give percents as whole numbers, or shares from 0 to 1 as fractions.",
            )
        percent = np.rint(values * 100) if self._is_share else values
        whole = np.where(valid, percent, 0).astype(np.uint8)
        whole[~valid] = 255
        return whole

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> Confidence:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def grid(path: str) -> GeoBox:
    """Return the grid of a raster."""
    with raster.open_ids(path) as source:
        return source.geobox


def check_place(path: str, geobox: GeoBox) -> None:
    """Refuse a raster that is not on the grid of the map; vector layers are put on it by whoever reads them.

    Raises:
        DataError: no overlap, another CRS or another grid; the hint is the gdalwarp line.
    """
    if vector.is_layer(path):
        return
    found = grid(path)
    same_size = (found.height, found.width) == (geobox.height, geobox.width)
    if found.matches(geobox) or (same_size and not geobox.is_georeferenced):
        return
    placed = found.is_georeferenced and geobox.is_georeferenced
    if placed and not geobox.overlaps(found):
        raise DataError(f"{path} does not overlap the map.", "Choose the layer that belongs to this map.")
    same_crs = remedy.crs_label(found.crs_wkt) == remedy.crs_label(geobox.crs_wkt)
    kind = "not on the grid of" if same_crs else "in another CRS than"
    line = remedy.warp_to(path, geobox) if placed else remedy.assign_place(path, geobox) if same_size else ""
    raise DataError(
        f"{path} is {kind} the map: found {_text(found)}, expected {_text(geobox)}.",
        f"Put it on that grid: {line}" if line else "Give both the same size and place, with gdalwarp.",
    )


def names(paths: dict[str, str]) -> dict[str, str]:
    """Return a name for each layer as people know it; with its folder, or whole, where two are the same."""
    files = {role: Path(path.partition("|")[0]) for role, path in paths.items()}
    for length in (1, 2, 3):
        found = {role: "/".join(file.parts[-length:]) for role, file in files.items()}
        if len(set(found.values())) == len(found):
            return found
    return paths


def pixel_area_note(geobox: GeoBox) -> list[str]:
    """Return a warning where pixels differ in size, as in degrees, so that counts of pixels are no areas."""
    rows, middle = np.array([0.0, geobox.height]), np.full(2, geobox.width / 2)
    areas = geobox.pixel_area_m2(rows, middle)
    if not np.isfinite(areas).all() or areas.max() <= 1.01 * areas.min():
        return []
    share = 100 * (areas.max() / areas.min() - 1)
    said = f"Pixels differ in size by {share:.0f} % over the map, and each counts the same"
    return [f"{said}: warp the map to an equal-area CRS before you use its areas."]


def _text(geobox: GeoBox) -> str:
    t = geobox.transform
    place = f"of {t.a:.6g} from ({t.c:.10g}, {t.f:.10g}), {remedy.crs_label(geobox.crs_wkt)}"
    return f"{geobox.height} x {geobox.width} px {place if geobox.is_georeferenced else 'without a place'}"
