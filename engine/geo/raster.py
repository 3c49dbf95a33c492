"""Any GDAL raster as numbers with their validity: what no network should see is refused here, with the remedy.

A `Raster` may be read from one thread only, the one that does the reading; open a second one for a second thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.env import get_gdal_config, set_gdal_config
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterioWindow

from engine.contract.errors import DataError
from engine.contract.legend import Legend
from engine.contract.params import is_local
from engine.geo import damage, names, remedy, validity, whole
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window

GDAL_ERRORS = (RasterioError, CPLE_BaseError)
"""What rasterio raises for GDAL's errors; the second one escapes where a file is closed."""

DECODERS = 8
"""Threads at most that decode blocks of one window; JPEG of 2 cores 1.5 to 1.9 times as fast (measured 2026-11)."""

_SAMPLE_BYTES = 65_536
_SAMPLE_PX = 64
_NOTES = ".aux.xml"
_SAMPLES = 8
_UNNAMED = (ColorInterp.undefined, ColorInterp.gray, ColorInterp.palette)


def gdal() -> rasterio.Env:
    """Return the GDAL settings of all reading and writing.

    Sidecars found, a damaged JPEG is an error, and the blocks of a window are decoded on several threads. A
    server that does not answer is an error as well: after three more tries, or a minute without a byte.
    """
    return rasterio.Env(
        GDAL_DISABLE_READDIR_ON_OPEN="FALSE", GDAL_ERROR_ON_LIBJPEG_WARNING="TRUE", GDAL_PAM_ENABLED="YES",
        GDAL_NUM_THREADS=min(DECODERS, os.cpu_count() or 1), GDAL_HTTP_CONNECTTIMEOUT=30, GDAL_HTTP_LOW_SPEED_TIME=60,
        GDAL_HTTP_LOW_SPEED_LIMIT=1, GDAL_HTTP_MAX_RETRY=3,
    )  # fmt: skip


@contextlib.contextmanager
def block_cache(size: int) -> Iterator[None]:
    """Let GDAL keep so many bytes of decoded blocks meanwhile, in the whole process: for reading at random."""
    before = get_gdal_config("GDAL_CACHEMAX")
    set_gdal_config("GDAL_CACHEMAX", size)
    try:
        yield
    finally:
        set_gdal_config("GDAL_CACHEMAX", before)


class Raster:
    """An open raster: a stack of named bands on one grid, without its alpha band, a palette unfolded to red, green, blue.

    Attributes:
        path: as given.
        geobox: the grid; its `crs_wkt` is empty for an image without georeference.
        bands: names of the bands: descriptions, else colours, else `band 1`, ...
        dtype: type of the numbers that `read` gives: as stored, or float32 where a band has scale or offset.
        nodata: the nodata value of the first band as stored, or None.
        block_shape: rows and columns that are stored together.
    """

    def __init__(self, dataset: rasterio.DatasetReader, path: str, *, unfold: bool) -> None:
        self._dataset = dataset
        self.path = path
        crs_wkt = dataset.crs.to_wkt() if dataset.crs else ""
        self.geobox = GeoBox(crs_wkt, dataset.transform, dataset.height, dataset.width)
        self.block_shape: tuple[int, int] = dataset.block_shapes[0]
        self.nodata: float | None = dataset.nodatavals[0]
        colors = dataset.colorinterp
        self._alphas = tuple(i for i, c in enumerate(colors) if c == ColorInterp.alpha)
        self._indexes = tuple(i for i in range(dataset.count) if i not in self._alphas)
        self._palette = names.palette(dataset) if unfold and self._indexes == (0,) else None
        scales, offsets = np.array(dataset.scales, np.float32), np.array(dataset.offsets, np.float32)
        self._scales, self._offsets = scales[:, None, None], offsets[:, None, None]
        self._is_scaled = self._palette is None and bool((scales != 1).any() or (offsets != 0).any())
        self._stored_dtype = np.result_type(*(np.dtype(dataset.dtypes[i]) for i in self._indexes))
        self.dtype = np.dtype(np.float32) if self._is_scaled else self._stored_dtype
        if self._palette is not None:
            self.bands: tuple[str, ...] = ("red", "green", "blue")
            self.dtype = np.dtype(np.uint8)
        else:
            self.bands = _band_names(dataset, self._indexes)

    @property
    def count(self) -> int:
        """Return the number of bands."""
        return len(self.bands)

    def legend(self) -> Legend | None:
        """Return the class names and colours that the file carries, or None where it carries none."""
        return names.read_legend(self._dataset)

    def names_classes(self) -> bool:
        """Return whether the file names its classes, so that an id without a name is a mistake."""
        return names.has_names(self._dataset)

    def read(self, window: Window, bands: Sequence[str | int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers in a window and where they are valid.

        A pixel is valid where alpha and masks say so, all numbers are finite, and none is nodata; 0 and the highest value
        of an unsigned type are also measurements, there a pixel without data has them in all bands read.

        Args:
            window: may reach outside the raster.
            bands: names, or positions in `bands`; all in order when None.

        Returns:
            data (B, h, w), 0 where invalid; valid (h, w) bool, False outside the raster.

        Raises:
            DataError: a band is missing, or the file cannot be read here.
        """
        positions = range(self.count) if bands is None else [self._position(band) for band in bands]
        inside = window.clip(self.geobox.frame)
        if inside == window and not inside.is_empty:
            return self._read_inside(inside, positions)
        data = np.zeros((len(positions), window.height, window.width), self.dtype)
        valid = np.zeros((window.height, window.width), bool)
        if not inside.is_empty:
            target = inside.within(window).slices
            data[(slice(None), *target)], valid[target] = self._read_inside(inside, positions)
        return data, valid

    def fingerprint(self, *, is_brief: bool = False) -> str:
        """Return a digest that changes when the raster or one of its sidecars does; only samples are read.

        Files of this machine give name, size, time and samples of their bytes; what lies elsewhere gives samples of pixels.
        GDAL's notes do not count: QGIS writes statistics there when it shows a raster, and what they say of place, bands and
        nodata is in the digest.

        Args:
            is_brief: take one sample, the head of each file, where the digests of very many rasters are needed.
        """
        digest = hashlib.sha256(repr((self.geobox, self.bands, str(self.dtype), self._dataset.nodatavals)).encode())
        samples = 1 if is_brief else _SAMPLES
        files = [Path(name) for name in sorted(self._dataset.files)]
        for file in (f for f in files if f.is_file() and not f.name.endswith(_NOTES)):
            stat = file.stat()
            digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}".encode())
            with file.open("rb") as stream:
                for sample in range(samples):
                    stream.seek(max(stat.st_size - _SAMPLE_BYTES, 0) * sample // max(samples - 1, 1))
                    digest.update(stream.read(_SAMPLE_BYTES))
        if not files or not all(f.is_file() for f in files):
            for sample in range(samples):
                row, col = ((n - _SAMPLE_PX) * sample // max(samples - 1, 1) for n in (self.geobox.height, self.geobox.width))
                data, valid = self.read(Window(max(row, 0), max(col, 0), _SAMPLE_PX, _SAMPLE_PX))
                digest.update(data.tobytes() + valid.tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def __enter__(self) -> Raster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _position(self, band: str | int) -> int:
        if isinstance(band, int) and 0 <= band < self.count:
            return band
        if band in self.bands:
            return self.bands.index(str(band))
        raise DataError(f"{self.path}: there is no band {band!r}; its bands are {', '.join(self.bands)}.")

    def _read_inside(self, window: Window, positions: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return what `read` returns, for a window inside the raster."""
        if self._palette is None:
            data, valid = self._read_bands(window, [self._indexes[p] for p in positions])
        else:
            ids, valid = self._read_bands(window, [0])
            colors = self._palette[np.minimum(ids[0], len(self._palette) - 1)]  # (h, w, 4)
            valid &= colors[..., 3] > 0
            data = np.ascontiguousarray(colors[..., list(positions)].transpose(2, 0, 1))
        if not valid.all():
            data[:, ~valid] = 0
        return data, valid

    def _read_bands(self, window: Window, indexes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return physical values and validity of bands of the file, inside the raster."""
        place = RasterioWindow(window.col, window.row, window.width, window.height)
        wanted = [i + 1 for i in (*indexes, *self._alphas)]
        try:
            with gdal(), damage.refused():
                stored = self._dataset.read(wanted, window=place)
                masks = [self._dataset.read_masks(i + 1, window=place) for i in self._masked(indexes)]
        except (*GDAL_ERRORS, MemoryError) as error:
            raise DataError(
                f"{self.path}: rows {window.row} to {window.row + window.height - 1}, columns {window.col} to "
                f"{window.col + window.width - 1} cannot be read ({cause(error)}).",
                "The file is damaged there: copy or export it again; `gdalinfo -checksum` shows whether a copy is whole.",
            ) from error
        raw = stored[: len(indexes)]
        valid = validity.measured(raw, [self._dataset.nodatavals[i] for i in indexes])
        for mask in (*masks, *stored[len(indexes) :]):
            valid &= mask > 0
        if not self._is_scaled:
            return raw.astype(self._stored_dtype, copy=False), valid
        chosen = list(indexes)
        return raw.astype(np.float32) * self._scales[chosen] + self._offsets[chosen], valid

    def _masked(self, indexes: Sequence[int]) -> Sequence[int]:
        """Return the bands whose masks must be read beside nodata and alpha."""
        flags = [self._dataset.mask_flag_enums[i] for i in indexes]
        if any(MaskFlags.per_dataset in f and MaskFlags.alpha not in f for f in flags):
            return indexes[:1]
        return [i for i, f in zip(indexes, flags, strict=True) if not f]


def open(path: str | Path) -> Raster:
    """Open an image.

    Raises:
        DataError: the file is missing, no raster, truncated, without a usable place (only GCPs or RPCs), complex, or a
            container of several rasters; the hint is the line to type.
    """
    return Raster(_open_dataset(str(path)), str(path), unfold=True)


def open_ids(path: str | Path) -> Raster:
    """Open a raster of class ids: as `open`, but the numbers of a palette raster stay ids."""
    return Raster(_open_dataset(str(path)), str(path), unfold=False)


def _open_dataset(path: str) -> rasterio.DatasetReader:
    if is_local(path) and not Path(path).exists():
        raise DataError(f"{path} does not exist.", "Check the path.")
    try:
        with gdal(), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
    except GDAL_ERRORS as error:
        raise DataError(
            f"{path} cannot be opened as a raster ({cause(error)}).",
            "Give a raster that GDAL reads, such as a GeoTIFF, and check that it was copied whole: `gdalinfo` tells.",
        ) from error
    try:
        _check(dataset, path)
    except DataError:
        dataset.close()
        raise
    return dataset


def _check(dataset: rasterio.DatasetReader, path: str) -> None:
    if dataset.subdatasets and dataset.count == 0:
        raise DataError(
            f"{path} holds {len(dataset.subdatasets)} rasters; give the address of one of them.",
            f"For example {dataset.subdatasets[0]}",
        )
    colors = dataset.colorinterp if dataset.count else ()
    if all(c == ColorInterp.alpha for c in colors):
        raise DataError(f"{path} has no band to read.", "Choose a raster with at least one band beside alpha.")
    is_placed_by_points = dataset.transform.is_identity and bool(dataset.gcps[0] or dataset.rpcs)
    if any("complex" in dtype for dtype in dataset.dtypes):
        line = remedy.amplitude(path)
        real = remedy.sibling(path, "amplitude")
        raise DataError(
            f"{path} holds complex numbers ({dataset.dtypes[0]}), expected real ones.",
            f"Take their amplitude: {line}" + (f" && {remedy.georeference(dataset, real)}" if is_placed_by_points else ""),
        )
    if is_placed_by_points:
        found = f"{len(dataset.gcps[0])} ground control points" if dataset.gcps[0] else "rational polynomials (RPC)"
        raise DataError(
            f"{path} is placed by {found} only, and its pixels have no regular grid on the ground.",
            f"Warp it to one: {remedy.georeference(dataset, path)}",
        )
    whole.check(dataset, path)


def _band_names(dataset: rasterio.DatasetReader, indexes: Sequence[int]) -> tuple[str, ...]:
    """Return a name for each band: its description, else its colour, else its number; no name twice."""
    found: list[str] = []
    for index in indexes:
        color = dataset.colorinterp[index]
        name = dataset.descriptions[index] or ("" if color in _UNNAMED else color.name)
        found.append(name if name and name not in found else f"band {index + 1}")
    return tuple(found)


def cause(error: BaseException) -> str:
    """Return GDAL's own words for an error, the innermost ones."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, DataError):
        return error.text.rstrip(".")
    return str(getattr(error, "errmsg", "") or error).strip().rstrip(".")
