"""Write a raster in one pass and finish it as a Cloud Optimized GeoTIFF: every pixel once, whole or not at all.

While it grows, everything lies in the folder `name.part.tif`: a stream of finished block rows for each resolution, and
what GDAL needs to make the COG of them. Tiles are DEFLATE, which every reader of GeoTIFF knows; streams are ZSTD, which is
fast.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.errors import NotGeoreferencedWarning

from engine import atomic
from engine.contract.errors import DataError, ResourceError
from engine.contract.legend import Legend
from engine.geo import names, raster, streams, whole
from engine.geo.geobox import GeoBox
from engine.geo.halve import Resampling
from engine.geo.streams import BLOCK_PX, Stream
from engine.geo.tiles import Window

DEFLATE_LEVEL = 1
"""The fastest: on a class raster of 17 Mpx 3 ns a pixel and 1.1 MB, against 9 ns and 0.75 MB at 6 (measured 2026-11)."""


class RasterWriter:
    """A raster that grows; windows come in any order and size, each pixel once, and whole block rows leave the memory.

    Written row by row of tiles it holds one or two rows of 512 px height, and half as much for its overviews: 3 x bands x
    width x 512 numbers at most.

    Attributes:
        path: final name.
        geobox: the grid.
        counts: (256,) pixels written by value, for uint8 rasters of one band; unwritten pixels are not counted.
    """

    def __init__(self, path: Path, geobox: GeoBox, stream: Stream) -> None:
        self.path = path
        self.geobox = geobox
        self.counts = np.zeros(256, np.int64)
        self._stream = stream

    def write(self, window: Window, array: np.ndarray) -> None:
        """Write the numbers of a window that lies inside the raster.

        Args:
            window: where; no pixel of it was written before.
            array: (h, w), or (B, h, w).

        Raises:
            ResourceError: the disk is full.
        """
        array = array if array.ndim == 3 else array[None]  # (B, h, w)
        assert window.clip(self.geobox.frame) == window, f"{window} outside {self.geobox.frame}"
        if array.dtype == np.uint8 and len(array) == 1:
            self.counts += _counted(array)
        with _explained(self.path), raster.gdal():
            self._stream.put(window, array)

    def flush(self) -> None:
        """Store the rows that are not complete; their unwritten pixels stay nodata."""
        with _explained(self.path), raster.gdal():
            self._stream.flush()


@contextlib.contextmanager
def create(
    path: str | Path,
    geobox: GeoBox,
    *,
    legend: Legend | None = None,
    count: int = 1,
    dtype: str = "uint8",
    nodata: float = 255,
    descriptions: Sequence[str] = (),
    resampling: Resampling = "mode",
) -> Iterator[RasterWriter]:
    """Yield a writer; when the context is left without an error, `path` appears as a valid COG with overviews.

    Args:
        path: final name; an existing file is replaced when the new one is whole.
        geobox: the grid, kept exactly.
        legend: classes; written as colour table and category names.
        count: number of bands.
        dtype: type of the numbers.
        nodata: value of pixels without data, also of those never written.
        descriptions: names of the bands.
        resampling: how overviews are made: mode for classes, average for measurements.

    Raises:
        DataError: the folder is missing or not writable, or another run writes the same file.
        ResourceError: the disk is full.
    """
    path = Path(path)
    with atomic.output(path) as part:
        part.mkdir()
        with _explained(path), raster.gdal():
            stream = streams.create(part, geobox, count, dtype, nodata, resampling)
        try:
            stream.describe(legend, descriptions)
            writer = RasterWriter(path, geobox, stream)
            yield writer
            writer.flush()
        except BaseException:
            with contextlib.suppress(*raster.GDAL_ERRORS):
                stream.close()
            raise
        with _explained(path), raster.gdal():
            stream.close()
        cog = part / "cog.tif"
        _finish(stream, cog, path)
        _replace_folder(part, cog)
        _write_sidecar(path, legend)


def _counted(pixels: np.ndarray) -> np.ndarray:
    """Return how often each byte occurs, (256,): counted in pairs, which takes half as long."""
    flat = np.ascontiguousarray(pixels).reshape(-1)
    even = len(flat) // 2 * 2
    pairs = np.bincount(flat[:even].view(np.uint16), minlength=65_536).reshape(256, 256)
    counts: np.ndarray = pairs.sum(axis=0) + pairs.sum(axis=1) + np.bincount(flat[even:], minlength=256)
    return counts


def _finish(stream: Stream, cog: Path, path: Path) -> None:
    """Make the COG of the streams, and look whether all are whole: a full disk is not always an error to GDAL."""
    with _explained(path), raster.gdal(), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for file in stream.files():
            _check_whole(file)
        rasterio.shutil.copy(
            stream.join(), cog, driver="COG", compress="DEFLATE", level=DEFLATE_LEVEL, blocksize=BLOCK_PX, bigtiff="IF_SAFER",
            num_threads=2,
        )  # fmt: skip
        _check_whole(cog)


def _check_whole(file: Path) -> None:
    with rasterio.open(file) as dataset:
        whole.check(dataset, str(file))


def _replace_folder(part: Path, cog: Path) -> None:
    """Put the finished file where its folder was."""
    moved = part.with_name(f".{part.name}")
    os.replace(cog, moved)
    shutil.rmtree(part)
    os.replace(moved, part)


def _write_sidecar(path: Path, legend: Legend | None) -> None:
    """Write category names and attribute table beside the raster; without a legend remove those of an older file."""
    beside = Path(f"{path}.aux.xml")
    if legend is None:
        beside.unlink(missing_ok=True)
        return
    with atomic.output(beside) as part:
        part.write_text(names.sidecar(legend), encoding="utf-8")


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what a failed write means: the file could be made, so the disk is full or a limit is reached."""
    try:
        yield
    except (*raster.GDAL_ERRORS, DataError) as error:
        raise ResourceError(
            f"{path} cannot be written to its end ({raster.cause(error)}): the disk is full, or a size limit is reached.",
            "Free space or choose another disk.",
        ) from error
