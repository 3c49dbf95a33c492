"""Adjoining rasters read as one: a window across their borders is seamless, and only a few files are open at once.

No VRT: a place that no tile covers is not valid here, whatever nodata, masks and alpha the tiles have or lack.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from affine import Affine

from engine.contract.errors import DataError
from engine.contract.params import RASTER_SUFFIXES, is_local
from engine.geo import raster, remedy
from engine.geo.geobox import GeoBox, same_crs
from engine.geo.image import read_around
from engine.geo.raster import Raster
from engine.geo.tiles import Window

MAX_OPEN = 64
"""Files that are open at once; a row of tiles that is wider than this opens them anew."""

ALIGNED_PX = 1e-3
_TILE_SUFFIXES = tuple(f".{s}" for s in RASTER_SUFFIXES if s != "vrt")
_MANY = 64
"""Of more tiles than this the fingerprint reads the head of each file and not samples of all of it."""


def open(paths: str | Sequence[str]) -> Raster | Mosaic:
    """Open one raster, or several adjoining ones as one.

    Args:
        paths: rasters, and folders of which all rasters are taken, sorted by name, but no VRT. Where tiles overlap, a
            later one covers an earlier one, as in gdalbuildvrt.

    Raises:
        DataError: a raster cannot be used, or has another grid, other bands or another type than the first; the hint is
            the line to type.
    """
    files = expand(paths)
    return _opened(files[0]) if len(files) == 1 else Mosaic(files)


def expand(paths: str | Sequence[str]) -> list[str]:
    """Return the rasters that paths name: folders are replaced by the rasters in them."""
    found: list[str] = []
    for path in (paths,) if isinstance(paths, str) else paths:
        folder = Path(path)
        inside = sorted(folder.iterdir()) if is_local(path) and folder.is_dir() else []
        tiles = [str(f) for f in inside if f.suffix.lower() in _TILE_SUFFIXES and f.is_file() and f.name[0] != "."]
        found += tiles or [path]
    return found


class Mosaic:
    """Tiles on one grid as one image; nothing is valid where there is no tile.

    Attributes:
        files: the tiles, lowest first.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = tuple(files)
        self.path = f"{files[0]} with {len(files) - 1} more"
        self._opened: OrderedDict[int, Raster] = OrderedDict()
        try:
            first = self._tile(0)
            self.bands, self.dtype, self.block_shape = first.bands, first.dtype, first.block_shape
            places = [Window(0, 0, first.geobox.height, first.geobox.width)]
            places += [_place(first, self._tile(i)) for i in range(1, len(files))]
        except BaseException:
            self.close()
            raise
        top, left = min(p.row for p in places), min(p.col for p in places)
        height = max(p.row + p.height for p in places) - top
        width = max(p.col + p.width for p in places) - left
        transform = first.geobox.transform @ Affine.translation(left, top)
        self.geobox = GeoBox(first.geobox.crs_wkt, transform, height, width)
        self._places = [p.within(Window(top, left, height, width)) for p in places]
        self._edges = np.array([(p.row, p.row + p.height, p.col, p.col + p.width) for p in self._places])

    @property
    def count(self) -> int:
        """Return the number of bands."""
        return len(self.bands)

    def read(self, window: Window, bands: Sequence[str | int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return data (B, h, w), 0 where invalid, and valid (h, w), False where no tile lies; see `Raster.read`."""
        chosen = range(self.count) if bands is None else bands
        return read_around(self, window, len(chosen), lambda inside: self._read_inside(inside, chosen))

    def fingerprint(self) -> str:
        """Return a digest that changes when a tile changes, moves, comes or goes."""
        digest = hashlib.sha256(repr((self.geobox, self._places)).encode())
        for number in range(len(self.files)):
            digest.update(self._tile(number).fingerprint(is_brief=len(self.files) > _MANY).encode())
        return digest.hexdigest()

    def close(self) -> None:
        """Close the files."""
        while self._opened:
            self._opened.popitem()[1].close()

    def __enter__(self) -> Mosaic:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read_inside(self, window: Window, bands: Sequence[str | int]) -> tuple[np.ndarray, np.ndarray]:
        row_stop, col_stop = window.row + window.height, window.col + window.width
        first_row, last_row, first_col, last_col = self._edges.T
        meets = (first_row < row_stop) & (last_row > window.row) & (first_col < col_stop) & (last_col > window.col)
        data = np.zeros((len(bands), window.height, window.width), self.dtype)
        valid = np.zeros((window.height, window.width), bool)
        for number in np.flatnonzero(meets).tolist():
            place = self._places[number]
            part = window.clip(place)
            below = (slice(None), *part.within(window).slices)
            tile_data, tile_valid = self._tile(number).read(part.within(place), bands)
            np.copyto(data[below], tile_data, where=tile_valid)
            valid[below[1:]] |= tile_valid
        return data, valid

    def _tile(self, number: int) -> Raster:
        """Return a tile, opened if it is not; the one not used for longest is closed for it."""
        if number in self._opened:
            self._opened.move_to_end(number)
            return self._opened[number]
        while len(self._opened) >= MAX_OPEN:
            self._opened.popitem(last=False)[1].close()
        self._opened[number] = _opened(self.files[number])
        return self._opened[number]


def _opened(path: str) -> Raster:
    """Open a raster, which may be a folder to GDAL.

    Raises:
        DataError: see `raster.open`; the path is a folder without rasters.
    """
    try:
        return raster.open(path)
    except DataError:
        if not is_local(path) or not Path(path).is_dir():
            raise
        raise DataError(
            f"{path} is a folder, and no raster lies in it.",
            f"Name the files, or a folder with files in {', '.join(_TILE_SUFFIXES)}; its subfolders and VRTs are not read.",
        ) from None


def _place(first: Raster, tile: Raster) -> Window:
    """Return where a tile lies, in pixels of the first one.

    Raises:
        DataError: it has other bands, another type, or another grid.
    """
    if tile.dtype != first.dtype:
        raise DataError(
            f"{tile.path} has numbers of type {tile.dtype}, {first.path} of {first.dtype}; tiles of one mosaic are alike.",
            f"Convert it: {remedy.convert(tile.path, first.dtype)}",
        )
    pairs = zip(first.bands, tile.bands, strict=False)
    if tile.count != first.count or any(a != b for a, b in pairs if not (a.startswith("band ") or b.startswith("band "))):
        raise DataError(
            f"{tile.path} has the bands {', '.join(tile.bands)}; {first.path} has {', '.join(first.bands)}.",
            f"Give tiles with the same bands, or choose theirs: {remedy.choose_bands(tile.path, tile.bands, first.bands)}",
        )
    grid, other = first.geobox, tile.geobox
    if not grid.is_georeferenced or not other.is_georeferenced:
        lost = tile if grid.is_georeferenced else first
        raise DataError(
            f"{lost.path} has no georeference, so nobody knows where it adjoins the others.",
            "Give it one (gdal_translate -a_srs ... -a_ullr ...), or segment it alone.",
        )
    if not same_crs(grid.crs_wkt, other.crs_wkt):
        found, expected = remedy.crs_label(other.crs_wkt), remedy.crs_label(grid.crs_wkt)
        raise DataError(f"{tile.path} has {found}; {first.path} has {expected}.", _onto(first, tile))
    to_pixel = ~grid.transform @ other.transform
    col, row = (round(v) for v in to_pixel @ (0, 0))
    corners = ((0, 0), (other.width, 0), (0, other.height))
    off = max(abs(d) for x, y in corners for d in np.subtract(to_pixel @ (x, y), (x + col, y + row)))
    if off > ALIGNED_PX:
        raise DataError(
            f"{tile.path} is off the grid of {first.path} by {off:.3g} of its pixels; tiles of one mosaic lie on one grid.",
            _onto(first, tile),
        )
    return Window(row, col, other.height, other.width)


def _onto(first: Raster, tile: Raster) -> str:
    """Return the hint that puts a tile onto the grid of the first one."""
    line = remedy.warp_to(tile.path, first.geobox.covering(tile.geobox), "bilinear")
    return f"Put it on that grid: {line}" if line else "Warp all to one grid with gdalwarp -t_srs ... -tr ... -tap."
