"""A small file for a few planes of bytes on the way to a raster: finished rows that outlive a killed run."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from engine import atomic
from engine.contract.errors import DataError, ResourceError
from engine.geo import raster

BLOCK_PX = 512


def write(path: Path, planes: np.ndarray) -> None:
    """Write planes (B, h, w) of bytes; the file appears when it is whole.

    Raises:
        ResourceError: the disk is full.
    """
    count, height, width = planes.shape
    part = atomic.part_path(path)
    try:
        with raster.gdal(), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(
                part, "w", driver="GTiff", count=count, height=height, width=width, dtype="uint8", compress="ZSTD",
                zstd_level=1, tiled=True, blockxsize=BLOCK_PX, blockysize=BLOCK_PX, interleave="band",
            ) as dataset:  # fmt: skip
                dataset.write(planes)
        part.replace(path)
    except (RasterioError, OSError) as error:
        atomic.remove(part)
        raise ResourceError(
            f"{path} cannot be written: the disk is full, or the file reached its size limit ({raster.cause(error)}).",
            "Free space or choose another disk.",
        ) from error


def read(path: Path) -> np.ndarray:
    """Return the planes (B, h, w) of a file.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with raster.gdal(), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                planes: np.ndarray = dataset.read()
    except RasterioError as error:
        raise DataError(f"{path} is damaged ({raster.cause(error)}).", "Delete it; its rows are computed again.") from error
    return planes
