"""Resolutions of a raster that grows, each a file of finished block rows; the coarser follow from the finer on the way."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window as RasterioWindow

from engine.contract.legend import Legend
from engine.geo import names
from engine.geo.geobox import GeoBox
from engine.geo.halve import Resampling, halve
from engine.geo.tiles import Window

BLOCK_PX = 512


class Stream:
    """One resolution: windows come in any order, each pixel once; rows of blocks go to the file when they are complete.

    Attributes:
        file: GeoTIFF of this resolution.
        coarser: half the resolution, or None for the coarsest.
    """

    def __init__(
        self, dataset: rasterio.io.DatasetWriter, nodata: float, resampling: Resampling, coarser: Stream | None
    ) -> None:
        self.file = Path(dataset.name)
        self.coarser = coarser
        self._dataset = dataset
        self._nodata = nodata
        self._resampling = resampling
        self._strips: dict[int, np.ndarray] = {}
        self._missing: dict[int, int] = {}

    def put(self, window: Window, array: np.ndarray) -> None:
        """Take the numbers (B, h, w) of a window within the raster."""
        assert array.shape == (self._dataset.count, window.height, window.width), f"{array.shape} into {window}"
        assert array.dtype == np.dtype(self._dataset.dtypes[0]), f"{array.dtype} into {self._dataset.dtypes[0]}"
        first, last = window.row // BLOCK_PX, (window.row + window.height - 1) // BLOCK_PX
        for number in range(first, last + 1):
            strip = self._window(number)
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
        if self.coarser is not None:
            self.coarser.flush()

    def describe(self, legend: Legend | None, descriptions: Sequence[str]) -> None:
        """Name the bands, and give the first the colours of a legend."""
        for band, description in enumerate(descriptions, start=1):
            self._dataset.set_band_description(band, description)
        if legend is not None:
            self._dataset.write_colormap(1, {c.id: (*c.rgb, 255) for c in legend})
            self._dataset.update_tags(**{names.LEGEND_TAG: names.tag(legend)})

    def close(self) -> None:
        """Close the files."""
        if self.coarser is not None:
            self.coarser.close()
        self._dataset.close()

    def files(self) -> list[Path]:
        """Return the files from fine to coarse."""
        return [self.file, *(self.coarser.files() if self.coarser is not None else [])]

    def join(self) -> Path:
        """Return a dataset of all resolutions: a VRT that has the closed files of the coarser as its overviews."""
        joined = self.file.with_suffix(".vrt")
        rasterio.shutil.copy(self.file, joined, driver="VRT")
        tree = ElementTree.parse(joined)  # noqa: S314
        for band in tree.iter("VRTRasterBand"):
            for file in self.files()[1:]:
                overview = ElementTree.SubElement(band, "Overview")
                ElementTree.SubElement(overview, "SourceFilename", relativeToVRT="1").text = file.name
                ElementTree.SubElement(overview, "SourceBand").text = band.get("band")
        tree.write(joined)
        return joined

    def _window(self, number: int) -> Window:
        frame = Window(0, 0, self._dataset.height, self._dataset.width)
        return Window(number * BLOCK_PX, 0, BLOCK_PX, frame.width).clip(frame)

    def _strip(self, number: int) -> np.ndarray:
        """Return the pixels of a row of blocks that is being filled, (B, h, W)."""
        if number not in self._missing:
            window = self._window(number)
            self._strips[number] = np.full(
                (self._dataset.count, window.height, window.width), self._nodata, self._dataset.dtypes[0]
            )
            self._missing[number] = window.height * window.width
        assert number in self._strips, f"block row {number} was written before"
        return self._strips[number]

    def _store(self, number: int) -> None:
        window, strip = self._window(number), self._strips.pop(number)
        self._dataset.write(strip, window=RasterioWindow(window.col, window.row, window.width, window.height))
        if self.coarser is not None:
            half = halve(strip, self._nodata, self._resampling)
            self.coarser.put(Window(window.row // 2, 0, *half.shape[1:]), half)


def create(folder: Path, geobox: GeoBox, count: int, dtype: str, nodata: float, resampling: Resampling) -> Stream:
    """Return the stream of a raster, with half resolutions down to one block.

    Args:
        folder: where the files are made.
        geobox: the grid.
        count: number of bands.
        dtype: type of the numbers.
        nodata: value of pixels without data, also of those never written.
        resampling: how the coarser follow from the finer.
    """
    coarser = None
    halvings = max(0, math.ceil(math.log2(max(geobox.height, geobox.width) / BLOCK_PX)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for level in range(halvings, -1, -1):
            height, width = math.ceil(geobox.height / 2**level), math.ceil(geobox.width / 2**level)
            place = {"crs": CRS.from_wkt(geobox.crs_wkt) if geobox.crs_wkt else None} if not level else {}
            if not level and geobox.is_georeferenced:
                place["transform"] = geobox.transform
            dataset = rasterio.open(
                folder / f"stream_{level}.tif", "w", driver="GTiff", height=height, width=width, count=count, dtype=dtype,
                nodata=nodata, tiled=True, blockxsize=BLOCK_PX, blockysize=BLOCK_PX, interleave="pixel",
                photometric="MINISBLACK", compress="ZSTD", zstd_level=1, bigtiff="IF_SAFER", num_threads=2, **place,
            )  # fmt: skip
            coarser = Stream(dataset, nodata, resampling, coarser)
    assert coarser is not None
    return coarser
