"""The layers of an assessment, opened and refused in its own words: everything lies on the grid of the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.geo import place, raster, vector
from engine.geo.geobox import GeoBox


def grid(path: str) -> GeoBox:
    """Return the grid of a raster."""
    with raster.open_ids(path) as source:
        return source.geobox


def check_place(path: str, geobox: GeoBox) -> None:
    """Refuse a raster that is not on the grid of the map; vector layers are put on it by whoever reads them.

    Raises:
        DataError: no overlap, another CRS or another grid; the hint is the gdalwarp line.
    """
    if not vector.is_layer(path):
        place.check(path, grid(path), geobox)


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
