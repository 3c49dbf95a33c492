"""Whether a raster lies on the grid of the map that it goes with, and the line to type where it does not."""

from __future__ import annotations

from engine.contract.errors import DataError
from engine.geo import remedy
from engine.geo.geobox import GeoBox


def check(path: str, found: GeoBox, expected: GeoBox, resampling: str = "near") -> None:
    """Refuse a raster that is not on the grid of the map; a map without a place asks for its size only.

    Args:
        path: of the raster, for people.
        found: its grid.
        expected: the grid of the map.
        resampling: as gdalwarp calls what suits its numbers.

    Raises:
        DataError: no overlap, another CRS or another grid; the hint is the gdalwarp line.
    """
    same_size = (found.height, found.width) == (expected.height, expected.width)
    if found.matches(expected) or (same_size and not expected.is_georeferenced):
        return
    placed = found.is_georeferenced and expected.is_georeferenced
    if placed and not expected.overlaps(found):
        raise DataError(f"{path} does not overlap the map.", "Choose the layer that belongs to this map.")
    same_crs = remedy.crs_label(found.crs_wkt) == remedy.crs_label(expected.crs_wkt)
    kind = "not on the grid of" if same_crs else "in another CRS than"
    line = remedy.warp_to(path, expected, resampling) if placed else remedy.assign_place(path, expected) if same_size else ""
    raise DataError(
        f"{path} is {kind} the map: found {_text(found)}, expected {_text(expected)}.",
        f"Put it on that grid: {line}" if line else "Give both the same size and place, with gdalwarp.",
    )


def _text(geobox: GeoBox) -> str:
    t = geobox.transform
    place = f"of {t.a:.6g} from ({t.c:.10g}, {t.f:.10g}), {remedy.crs_label(geobox.crs_wkt)}"
    return f"{geobox.height} x {geobox.width} px {place if geobox.is_georeferenced else 'without a place'}"
