"""Write a raster in one pass and finish it as a Cloud Optimized GeoTIFF: every pixel once, whole or not at all.

While it grows, everything lies in the folder `name.part.tif`: the stream of finished block rows and what GDAL needs to
make the COG of it. Tiles are DEFLATE, which every reader of GeoTIFF knows; the stream is ZSTD, which is fast.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window as RasterioWindow

from engine import atomic
from engine.contract.errors import DataError, ResourceError
from engine.contract.legend import Legend
from engine.geo import names, raster, whole
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window

BLOCK_PX = 512
Resampling = Literal["mode", "average", "nearest"]


class RasterWriter:
    """A raster that grows; windows come in any order and size, each pixel once, and whole block rows leave the memory.

    Written row by row of tiles it holds one or two rows of 512 px height: bands x width x 512 x 2 numbers at most.

    Attributes:
        path: final name.
        geobox: the grid.
        counts: (256,) pixels written by value, for uint8 rasters of one band; unwritten pixels are not counted.
    """

    def __init__(self, path: Path, geobox: GeoBox, dataset: rasterio.io.DatasetWriter, nodata: float) -> None:
        self.path = path
        self.geobox = geobox
        self.counts = np.zeros(256, np.int64)
        self._dataset = dataset
        self._nodata = nodata
        self._strips: dict[int, np.ndarray] = {}
        self._missing: dict[int, int] = {}

    def write(self, window: Window, array: np.ndarray) -> None:
        """Write the numbers of a window that lies inside the raster.

        Args:
            window: where; no pixel of it was written before.
            array: (h, w), or (B, h, w).

        Raises:
            ResourceError: the disk is full.
        """
        array = array if array.ndim == 3 else array[None]  # (B, h, w)
        assert array.shape == (self._dataset.count, window.height, window.width), f"{array.shape} into {window}"
        assert window.clip(self.geobox.frame) == window, f"{window} outside {self.geobox.frame}"
        assert array.dtype == np.dtype(self._dataset.dtypes[0]), f"{array.dtype} into {self._dataset.dtypes[0]}"
        if array.dtype == np.uint8 and len(array) == 1:
            self.counts += np.bincount(array.ravel(), minlength=256)
        first, last = window.row // BLOCK_PX, (window.row + window.height - 1) // BLOCK_PX
        for number in range(first, last + 1):
            strip = self._strip_window(number)
            part = window.clip(strip)
            self._strip(number)[(slice(None), *part.within(strip).slices)] = array[(slice(None), *part.within(window).slices)]
            self._missing[number] -= part.height * part.width
            assert self._missing[number] >= 0, f"{part} was written before"
            if self._missing[number] == 0:
                self._store(number)

    def flush(self) -> None:
        """Store the rows that are not complete; their unwritten pixels stay nodata."""
        for number in sorted(self._strips):
            self._store(number)

    def _strip_window(self, number: int) -> Window:
        return Window(number * BLOCK_PX, 0, BLOCK_PX, self.geobox.width).clip(self.geobox.frame)

    def _strip(self, number: int) -> np.ndarray:
        """Return the pixels of a block row that is being filled, (B, h, W)."""
        if number not in self._missing:
            window = self._strip_window(number)
            shape = (self._dataset.count, window.height, window.width)
            self._strips[number] = np.full(shape, self._nodata, self._dataset.dtypes[0])
            self._missing[number] = window.height * window.width
        assert number in self._strips, f"block row {number} was written before"
        return self._strips[number]

    def _store(self, number: int) -> None:
        window = self._strip_window(number)
        place = RasterioWindow(window.col, window.row, window.width, window.height)
        with _explained(self.path), raster.gdal():
            self._dataset.write(self._strips.pop(number), window=place)


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
        stream, cog = part / "stream.tif", part / "cog.tif"
        dataset = _create_stream(stream, path, geobox, count, dtype, nodata)
        try:
            _describe(dataset, legend, descriptions)
            writer = RasterWriter(path, geobox, dataset, nodata)
            yield writer
            writer.flush()
        except BaseException:
            with contextlib.suppress(*raster.GDAL_ERRORS):
                dataset.close()
            raise
        with _explained(path), raster.gdal():
            dataset.close()
        _finish(stream, cog, path, resampling)
        _replace_folder(part, cog)
        _write_sidecar(path, legend)


def _create_stream(
    stream: Path, path: Path, geobox: GeoBox, count: int, dtype: str, nodata: float
) -> rasterio.io.DatasetWriter:
    crs = CRS.from_wkt(geobox.crs_wkt) if geobox.crs_wkt else None
    with _explained(path), raster.gdal(), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(
            stream, "w", driver="GTiff", height=geobox.height, width=geobox.width, count=count, dtype=dtype, nodata=nodata,
            crs=crs, transform=geobox.transform if geobox.is_georeferenced else None, tiled=True, blockxsize=BLOCK_PX,
            blockysize=BLOCK_PX, interleave="pixel", photometric="MINISBLACK", compress="ZSTD", zstd_level=1,
            bigtiff="IF_SAFER", num_threads=2,
        )  # fmt: skip


def _describe(dataset: rasterio.io.DatasetWriter, legend: Legend | None, descriptions: Sequence[str]) -> None:
    for band, description in enumerate(descriptions, start=1):
        dataset.set_band_description(band, description)
    if legend is not None:
        dataset.write_colormap(1, {c.id: (*c.rgb, 255) for c in legend})
        dataset.update_tags(**{names.LEGEND_TAG: names.tag(legend)})


def _finish(stream: Path, cog: Path, path: Path, resampling: Resampling) -> None:
    """Make the COG of the stream, and look whether both are whole: a full disk is not always an error to GDAL."""
    with _explained(path), raster.gdal(), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        _check_whole(stream)
        rasterio.shutil.copy(
            stream, cog, driver="COG", compress="DEFLATE", blocksize=BLOCK_PX, bigtiff="IF_SAFER", num_threads=2,
            overview_resampling=resampling.upper(), resampling=resampling.upper(),
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
