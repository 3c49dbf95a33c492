"""Class ids and confidence for many threads: one file handle, read under a lock, so that blocks are decoded once."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo import raster, remedy
from engine.geo.confidence import Confidence
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window, block_rows

_SCAN_PX = 4_000_000


class Source(Protocol):
    """Where tiles come from."""

    geobox: GeoBox

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Return ids (h, w); UNLABELLED where there is no class and outside the raster. May be called from any thread."""


class ClassRaster:
    """A class raster; use it as a context.

    Attributes:
        path: as given.
        geobox: the grid.
        legend: the one given, else the names in the file, else the ids that occur, named `class N`.

    Raises:
        DataError: no class raster, or an id outside 0-254 or outside the legend.
    """

    def __init__(self, path: str | Path, legend: Legend | None = None) -> None:
        self.path = str(path)
        self._source = raster.open_ids(path)
        self._lock = threading.Lock()
        self.geobox = self._source.geobox
        self._known = np.zeros(256, bool)
        try:
            if self._source.count != 1:
                raise DataError(
                    f"{path} has {self._source.count} bands, a class raster has one.",
                    f"Choose the band: {remedy.first_band(self.path)}",
                )
            if not np.issubdtype(self._source.dtype, np.integer):
                raise DataError(
                    f"{path} holds {self._source.dtype} numbers, classes are whole numbers.",
                    f"Convert it: gdal_translate -ot Byte {remedy.quoted(self.path)} "
                    f"{remedy.quoted(remedy.sibling(self.path, 'ids'))}",
                )
            named = self._source.legend() if self._source.names_classes() else None
            self._known[:] = True
            self.legend = legend or named or self._occurring()
        except BaseException:
            self.close()
            raise
        self._known[:] = False
        self._known[[*self.legend.ids, UNLABELLED]] = True

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Return ids (h, w) uint8; UNLABELLED where there is none and outside the raster."""
        with self._lock:
            data, valid = self._source.read(window)
        ids = data[0]
        if ids.dtype != np.uint8:
            outside = valid & ((ids < 0) | (ids > UNLABELLED))
            self._refuse(ids[outside])
        found = ids.astype(np.uint8)
        found[~valid] = UNLABELLED
        if not self._known.all():
            self._refuse(found[~self._known[found]])
        return found

    def _refuse(self, wrong: NDArray) -> None:
        if wrong.size:
            known = ", ".join(f"{c.id} {c.name}" for c in getattr(self, "legend", ())) or "0 to 254"
            raise DataError(
                f"{self.path} has the class id {wrong.flat[0]}; known are {known}.",
                "Give the legend of this raster, or set the id as nodata: "
                f"gdal_translate -a_nodata {wrong.flat[0]} {remedy.quoted(self.path)} "
                f"{remedy.quoted(remedy.sibling(self.path, 'nodata'))}",
            )

    def _occurring(self) -> Legend:
        """Return a legend of the ids that occur; reads the raster once."""
        counts = np.zeros(256, np.int64)
        for window in block_rows(self.geobox.height, self.geobox.width, max(1, _SCAN_PX // (self.geobox.width * 512)) * 512):
            counts += np.bincount(self.read(window).ravel(), minlength=256)
        carried = self._source.legend()
        colors = {c.id: c.color for c in carried} if carried else {}
        return Legend.from_names({i: f"class {i}" for i in np.flatnonzero(counts[:UNLABELLED]).tolist()}, colors)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> ClassRaster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class ConfidenceRaster:
    """Confidence in percent on the grid of a class raster; use it as a context.

    Raises:
        DataError: another grid, several bands, or numbers that are neither percent nor shares.
    """

    def __init__(self, path: str, geobox: GeoBox) -> None:
        self._source = Confidence(path, geobox)
        self._lock = threading.Lock()

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Return percent (h, w) uint8; 255 where there is none."""
        with self._lock:
            return self._source.read(window)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> ConfidenceRaster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Scratch:
    """A class raster without a name on the disk, gone with the process; one byte a pixel; use it as a context."""

    def __init__(self, geobox: GeoBox, folder: Path) -> None:
        self.geobox = geobox
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._file.truncate(geobox.height * geobox.width)

    def _map(self) -> np.memmap:
        """Return the pixels, mapped anew for each use, so that they do not stay in memory."""
        return np.memmap(self._file, np.uint8, "r+", shape=(self.geobox.height, self.geobox.width))

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Return ids (h, w) uint8; UNLABELLED outside the raster."""
        found = np.full((window.height, window.width), UNLABELLED, np.uint8)
        inside = window.clip(self.geobox.frame)
        found[inside.within(window).slices] = self._map()[inside.slices]
        return found

    def write(self, window: Window, ids: NDArray[np.uint8]) -> None:
        """Write ids (h, w)."""
        self._map()[window.slices] = ids

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()


def rows_of_tiles(geobox: GeoBox, tile_px: int) -> Iterator[list[Window]]:
    """Yield the tiles of a raster, row by row from the top."""
    for row in range(0, geobox.height, tile_px):
        yield [Window(row, col, tile_px, tile_px).clip(geobox.frame) for col in range(0, geobox.width, tile_px)]
