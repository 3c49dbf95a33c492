"""The exact line to type when a raster or layer does not fit: GDAL's own tools do it, inputs stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
import rasterio
from pyproj import CRS

from engine.geo.geobox import GeoBox

_THIN_PLATE_POINTS = 10
_GDAL_TYPES = {
    "uint8": "Byte", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32", "int32": "Int32",
    "float32": "Float32", "float64": "Float64",
}  # fmt: skip


def georeference(dataset: rasterio.DatasetReader, path: str) -> str:
    """Return the gdalwarp line for `path`, which knows its place only through the control points or RPCs of `dataset`."""
    points, points_crs = dataset.gcps
    if points:
        method = "-tps" if len(points) >= _THIN_PLATE_POINTS else "-order 1"
        crs = points_crs.to_string() if points_crs else ""
        if not points_crs or points_crs.is_geographic:
            lon, lat = (sum(values) / len(points) for values in zip(*((p.x, p.y) for p in points), strict=True))
            source = "" if points_crs else "-s_srs EPSG:4326 "
            method, crs = f"{source}{method}", utm(lon, lat)
    else:
        method, crs = "-rpc", utm(dataset.rpcs.long_off, dataset.rpcs.lat_off)
    return f"gdalwarp {method} -t_srs {crs} -r cubic {quoted(path)} {quoted(sibling(path, 'georeferenced'))}"


def amplitude(path: str) -> str:
    """Return the gdal_translate line that makes real numbers of complex ones."""
    return f"gdal_translate {quoted(f'DERIVED_SUBDATASET:AMPLITUDE:{path}')} {quoted(sibling(path, 'amplitude'))}"


def convert(path: str, dtype: np.dtype) -> str:
    """Return the gdal_translate line that gives a raster another type of numbers, without scaling."""
    return f"gdal_translate -ot {_GDAL_TYPES.get(dtype.name, 'Float32')} {quoted(path)} {quoted(sibling(path, dtype.name))}"


def choose_bands(path: str, found: Sequence[str], wanted: Sequence[str]) -> str:
    """Return the gdal_translate line that takes the bands of the wanted names, or else the first ones."""
    named = set(wanted) <= set(found)
    numbers = [found.index(name) + 1 for name in wanted] if named else range(1, len(wanted) + 1)
    flags = " ".join(f"-b {number}" for number in numbers)
    return f"gdal_translate {flags} {quoted(path)} {quoted(sibling(path, 'bands'))}"


def first_band(path: str) -> str:
    """Return the gdal_translate line that takes the first band."""
    return f"gdal_translate -b 1 {quoted(path)} {quoted(sibling(path, 'band1'))}"


def warp_to(path: str, geobox: GeoBox, resampling: str = "near") -> str:
    """Return the line that puts a raster on a grid: gdalwarp, or gdal_translate where the raster lacks a place itself."""
    t = geobox.transform
    if not geobox.is_north_up:
        return ""
    right, bottom = t @ (geobox.width, geobox.height)
    crs = f"-t_srs {quoted(geobox.crs_name)} " if geobox.crs_wkt else ""
    extent = f"-te {t.c!r} {bottom!r} {right!r} {t.f!r} -ts {geobox.width} {geobox.height}"
    return f"gdalwarp {crs}{extent} -r {resampling} {quoted(path)} {quoted(sibling(path, 'on_grid'))}"


def assign_place(path: str, geobox: GeoBox) -> str:
    """Return the line that gives a raster of the same size, but without georeference, the place of a grid."""
    t = geobox.transform
    if not geobox.is_north_up:
        return ""
    right, bottom = t @ (geobox.width, geobox.height)
    crs = f"-a_srs {quoted(geobox.crs_name)} " if geobox.crs_wkt else ""
    corners = f"-a_ullr {t.c!r} {t.f!r} {right!r} {bottom!r}"
    return f"gdal_translate {crs}{corners} {quoted(path)} {quoted(sibling(path, 'georeferenced'))}"


def utm(lon: float, lat: float) -> str:
    """Return the code of the UTM zone around a place, or of a polar stereographic CRS near the poles."""
    if lat >= 84 or lat <= -80:
        return "EPSG:3995" if lat > 0 else "EPSG:3031"
    zone = int((lon + 180) % 360 // 6) + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def sibling(path: str, word: str, suffix: str = ".tif") -> str:
    """Return a name beside `path` for a corrected copy; beside the archive or in the current folder for GDAL addresses."""
    pure = PurePath(path)
    name = f"{pure.stem}_{word}{suffix}"
    return name if path.startswith("/vsi") else str(pure.with_name(name))


def quoted(argument: str) -> str:
    """Return an argument as bash and the Windows command prompt both take it."""
    return f'"{argument}"' if set(argument) & set(" ()&;'+") else argument


def crs_label(wkt: str) -> str:
    """Return the CRS as people say it: name and code."""
    if not wkt:
        return "no CRS"
    crs = CRS.from_wkt(wkt)
    authority = crs.to_authority(min_confidence=70)
    return f"{crs.name} ({':'.join(authority)})" if authority else str(crs.name)
