"""Small rasters made in code, and the data that may stand beside the project."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from engine.geo.geobox import GeoBox

DATA = Path(__file__).parents[3] / "shared" / "data"
UTM = CRS.from_epsg(32640)
NORTH_UP = Affine(0.5, 0, 330_000, 0, -0.5, 2_790_000)


@pytest.fixture
def data():
    """The folder of real rasters."""
    if not DATA.is_dir():
        pytest.skip("../shared/data is absent")
    return DATA


@pytest.fixture
def grid():
    """Make a grid: `grid(height, width)`."""

    def make(height, width, transform=NORTH_UP, crs=UTM):
        return GeoBox(crs.to_wkt() if crs else "", transform, height, width)

    return make


def overwrite_block(path, row, col):
    """Overwrite the middle of a block of a GeoTIFF, as a bad disk or a bad copy does."""
    with rasterio.open(path) as file:
        offset, size = (int(file.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=1)) for what in ("OFFSET", "SIZE"))
    with path.open("r+b") as file:
        file.seek(offset + size // 3)
        file.write(b"\xff" * (size // 3))


@pytest.fixture
def ortho(tmp_path):
    """Write an array (B, H, W) as a GeoTIFF and return its path: `ortho(array, name="a.tif", nodata=0, alpha=True)`."""

    def make(
        array, name="image.tif", *, alpha=False, mask=None, colormap=None, scales=None, offsets=None, tags=None, **profile
    ):
        array = np.asarray(array)
        array = array if array.ndim == 3 else array[None]
        path = tmp_path / name
        profile = {"driver": "GTiff", "crs": UTM, "transform": NORTH_UP, "dtype": array.dtype, **profile}
        if array.shape[0] > 1:
            profile.setdefault("photometric", "MINISBLACK" if array.shape[0] != 3 + alpha else "RGB")
        with warnings.catch_warnings(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=profile.pop("internal_mask", True)):
            warnings.simplefilter("ignore")
            with rasterio.open(path, "w", count=len(array), height=array.shape[1], width=array.shape[2], **profile) as file:
                if colormap:
                    file.write_colormap(1, colormap)
                if alpha:
                    file.colorinterp = (*file.colorinterp[:-1], ColorInterp.alpha)
                if scales:
                    file.scales = scales
                    file.offsets = offsets
                file.update_tags(**(tags or {}))
                file.write(array)
                if mask is not None:
                    file.write_mask(mask)
        return path

    return make
