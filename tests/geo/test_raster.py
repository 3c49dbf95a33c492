import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC

from engine.contract.errors import DataError
from engine.geo import raster
from engine.geo.tiles import Window

from .conftest import overwrite_block

RNG = np.random.default_rng(0)
TYPES = ("uint8", "int8", "uint16", "int16", "int32", "float32", "float64")


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("layout", [{}, {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}])
def test_numbers_and_type_are_read_as_stored(ortho, dtype, layout):
    array = RNG.integers(0, 100, (4, 40, 50)).astype(dtype)
    with raster.open(ortho(array, **layout)) as image:
        found, valid = image.read(image.geobox.frame)
    assert found.dtype == image.dtype == np.dtype(dtype)
    assert (found == array).all() and valid.all()


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 60), st.integers(1, 60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_window_may_reach_outside(ortho, row, col, height, width):
    array = RNG.integers(1, 255, (2, 20, 25), np.uint8)
    with raster.open(ortho(array)) as image:
        found, valid = image.read(Window(row, col, height, width))
    padded = np.pad(array, ((0, 0), (100, 100), (100, 100)))[:, row + 100 :, col + 100 :][:, :height, :width]
    assert (found == padded).all()
    assert (valid == (padded > 0).all(axis=0)).all()


def test_nodata_that_is_also_a_measurement_must_stand_in_all_bands(ortho):
    array = np.array([[[0, 0, 7]], [[0, 5, 7]]], np.uint8)
    with raster.open(ortho(array, nodata=0)) as image:
        assert image.read(image.geobox.frame)[1].tolist() == [[False, True, True]]


@pytest.mark.parametrize(("dtype", "nodata"), [("int16", -9999), ("float32", -9999.0), ("float32", -3.4028234663852886e38)])
def test_nodata_that_is_no_measurement_may_stand_in_one_band(ortho, dtype, nodata):
    array = np.array([[[nodata, 5, 7]], [[3, nodata, 7]]]).astype(dtype)
    with raster.open(ortho(array, nodata=nodata)) as image:
        found, valid = image.read(image.geobox.frame)
    assert valid.tolist() == [[False, False, True]]
    assert found[:, 0, 0].tolist() == [0, 0], "invalid pixels hold zeros"


def test_not_a_number_and_infinity_are_invalid(ortho):
    array = np.array([[[np.nan, np.inf, 7]], [[3, 4, 7]]], "float32")
    with raster.open(ortho(array)) as image:
        found, valid = image.read(image.geobox.frame)
    assert valid.tolist() == [[False, False, True]] and np.isfinite(found).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_alpha_is_validity_and_no_band(ortho, dtype):
    array = RNG.integers(1, 100, (4, 10, 10)).astype(dtype)
    array[3, :5] = 0
    array[3, 5:] = 1  # nearly transparent is still a measurement
    with raster.open(ortho(array, alpha=True)) as image:
        found, valid = image.read(image.geobox.frame)
        assert image.bands == ("red", "green", "blue")
    assert (valid == (array[3] > 0)).all() and (found[:, 5:] == array[:3, 5:]).all()


@pytest.mark.parametrize("internal", [True, False])
def test_masks_inside_and_beside_the_file_are_validity(ortho, internal):
    mask = RNG.random((30, 30)) > 0.5
    path = ortho(np.full((3, 30, 30), 9, np.uint8), mask=mask, internal_mask=internal)
    assert (path.parent / "image.tif.msk").exists() is not internal
    with raster.open(path) as image:
        assert (image.read(image.geobox.frame)[1] == mask).all()


def test_scale_and_offset_give_physical_values(ortho):
    stored = np.array([[[100, 200, 0]], [[1, 2, 0]]], np.uint16)
    with raster.open(ortho(stored, scales=(0.5, 1.0), offsets=(10.0, -1.0), nodata=0)) as image:
        found, valid = image.read(image.geobox.frame)
        assert image.dtype == np.float32
    assert found.tolist() == [[[60, 110, 0]], [[0, 1, 0]]]
    assert valid.tolist() == [[True, True, False]]


def test_bands_are_chosen_by_name_or_position(ortho):
    array = RNG.integers(1, 99, (3, 5, 5), np.uint8)
    with raster.open(ortho(array)) as image:
        found, _ = image.read(image.geobox.frame, ["blue", 0])
        assert (found == array[[2, 0]]).all()
        with pytest.raises(DataError, match="its bands are red, green, blue"):
            image.read(image.geobox.frame, ["nir"])


def test_a_palette_unfolds_as_image_and_stays_ids_as_labels(ortho):
    ids = np.array([[0, 1, 2]], np.uint8)
    colors = {0: (10, 20, 30, 255), 1: (1, 2, 3, 255), 2: (9, 9, 9, 0)}
    path = ortho(ids, "image.png", driver="PNG", crs=None, colormap=colors)
    with raster.open(path) as image, raster.open_ids(path) as labels:
        found, valid = image.read(image.geobox.frame)
        assert image.bands == ("red", "green", "blue")
        assert found[:, 0, :2].T.tolist() == [[10, 20, 30], [1, 2, 3]]
        assert valid.tolist() == [[True, True, False]]
        assert labels.read(labels.geobox.frame)[0][0, 0, :2].tolist() == [0, 1]


@pytest.mark.parametrize("transform", [Affine(2, 1, 5, 1, -2, 7), Affine(0.5, 0, 5, 0, 0.5, 7)], ids=["rotated", "south-up"])
def test_the_grid_is_kept_for_any_transform(ortho, transform):
    with raster.open(ortho(np.ones((1, 8, 9), np.uint8), transform=transform, crs=CRS.from_epsg(3031))) as image:
        assert image.geobox.transform.almost_equals(transform)
        assert (image.geobox.height, image.geobox.width) == (8, 9)


def test_paths_inside_archives_read_like_files(ortho, tmp_path):
    path = ortho(np.full((1, 8, 9), 3, np.uint8))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "image.tif")
    with raster.open(f"/vsizip/{tmp_path}/a.zip/image.tif") as image:
        assert (image.read(image.geobox.frame)[0] == 3).all()


def test_the_fingerprint_follows_pixels_and_sidecars(ortho):
    path = ortho(np.ones((1, 9, 9), np.uint8), mask=np.ones((9, 9), bool), internal_mask=False)

    def fingerprint():
        with raster.open(path) as image:
            return image.fingerprint()

    first = fingerprint()
    assert fingerprint() == first
    os.utime(f"{path}.msk", (1, 1))
    second = fingerprint()
    ortho(np.full((1, 9, 9), 2, np.uint8))
    assert len({first, second, fingerprint()}) == 3


def test_statistics_that_qgis_writes_when_it_shows_a_raster_change_no_fingerprint(ortho):
    path = ortho(np.ones((1, 9, 9), np.uint8))
    with raster.open(path) as image:
        first = image.fingerprint()
    Path(f"{path}.aux.xml").write_text(
        '<PAMDataset><PAMRasterBand band="1"><Metadata><MDI key="STATISTICS_MEAN">1</MDI></Metadata>'
        "</PAMRasterBand></PAMDataset>"
    )
    with raster.open(path) as image:
        assert image.fingerprint() == first


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.tif does not exist\. Check the path"):
        raster.open(tmp_path / "none.tif")


def test_a_text_file_named_tif_is_refused(tmp_path):
    (tmp_path / "text.tif").write_text("hello")
    with pytest.raises(DataError, match=r"text\.tif cannot be opened as a raster.*Give a raster that GDAL reads"):
        raster.open(tmp_path / "text.tif")


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("layout", [{}, {"tiled": True, "blockxsize": 64, "blockysize": 64, "interleave": "band"}])
def test_a_truncated_geotiff_is_refused_when_opened(ortho, kept, layout):
    path = ortho(RNG.integers(0, 255, (3, 300, 300), np.uint8), **layout)
    os.truncate(path, int(path.stat().st_size * kept))
    with pytest.raises(DataError, match=r"Copy or export it again|check that it was copied whole"):
        raster.open(path)


def test_a_truncated_png_is_refused_when_opened(ortho):
    path = ortho(RNG.integers(0, 255, (1, 300, 300), np.uint8), "image.png", driver="PNG", crs=None)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(DataError, match=r"image\.png is truncated: it has no end mark\. Copy or export it again"):
        raster.open(path)


def test_a_truncated_jpeg_is_refused_when_read(ortho):
    path = ortho(RNG.integers(0, 255, (3, 300, 300), np.uint8), "image.jpg", driver="JPEG", crs=None)
    os.truncate(path, path.stat().st_size // 2)
    with raster.open(path) as image, pytest.raises(DataError, match="The file is damaged there"):
        image.read(image.geobox.frame)


def test_a_corrupt_tile_is_refused_when_read_and_named(ortho):
    path = ortho(RNG.integers(0, 255, (1, 256, 256), np.uint8), tiled=True, blockxsize=64, blockysize=64, compress="deflate")
    overwrite_block(path, 2, 2)
    with raster.open(path) as image:
        image.read(Window(0, 0, 64, 256))
        with pytest.raises(DataError, match=r"rows 128 to 191, columns 0 to 255 cannot be read.*copy or export it again"):
            image.read(Window(128, 0, 64, 256))


@pytest.mark.parametrize("photometric", ["YCBCR", "RGB"])
def test_a_damaged_jpeg_block_in_a_geotiff_is_refused_when_read(ortho, photometric):
    """libtiff only warns of it, on whatever thread it decodes, and gives wrong pixels."""
    layout = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "JPEG", "photometric": photometric}
    path = ortho(RNG.integers(0, 255, (3, 256, 256), np.uint8), **layout)
    with raster.open(path) as image:
        image.read(image.geobox.frame)
    overwrite_block(path, 1, 1)
    with raster.open(path) as image, ThreadPoolExecutor(1) as reader:
        reader.submit(image.read, Window(0, 0, 128, 256)).result()
        damaged = r"rows 0 to 255, columns 0 to 255 cannot be read \(Corrupt JPEG data.*copy or export it again"
        with pytest.raises(DataError, match=damaged):
            reader.submit(image.read, image.geobox.frame).result()
    with raster.open(path) as image, pytest.raises(DataError, match=damaged):
        image.read(image.geobox.frame)


def test_control_points_alone_are_refused_with_the_line_to_type(ortho):
    points = [GroundControlPoint(r, c, 55 + c / 1e4, 25 - r / 1e4) for r, c in ((0, 0), (0, 9), (9, 0), (9, 9))]
    path = ortho(np.ones((1, 9, 9), np.uint8), transform=None, crs=CRS.from_epsg(4326), gcps=points)
    with pytest.raises(DataError, match=r"4 ground control points only.*gdalwarp -order 1 -t_srs EPSG:32640 .*image\.tif"):
        raster.open(path)


def test_rpcs_alone_are_refused_with_the_line_to_type(ortho):
    numerator = [0.0] * 20
    rpc = RPC(0, 1, 25, 1, [1.0] * 20, numerator, 5, 5, 55, 1, [1.0] * 20, numerator, 5, 5, None, None)
    path = ortho(np.ones((1, 9, 9), np.uint8), transform=None, crs=None, rpcs=rpc)
    with pytest.raises(DataError, match=r"RPC.* gdalwarp -rpc -t_srs EPSG:32639|RPC.* gdalwarp -rpc -t_srs EPSG:32640"):
        raster.open(path)


def test_complex_numbers_are_refused_with_the_line_to_type(ortho):
    path = ortho(np.ones((1, 9, 9), "complex64"))
    with pytest.raises(DataError, match=r"complex numbers.*gdal_translate DERIVED_SUBDATASET:AMPLITUDE:.*image\.tif"):
        raster.open(path)


def test_a_container_of_several_rasters_is_refused_with_an_address(ortho, tmp_path):
    path = ortho(np.ones((1, 9, 9), np.uint8))
    several = tmp_path / "several.gpkg"
    rasterio.shutil.copy(path, several, driver="GPKG", RASTER_TABLE="a")
    rasterio.shutil.copy(path, several, driver="GPKG", RASTER_TABLE="b", APPEND_SUBDATASET="YES")
    with pytest.raises(DataError, match=r"holds 2 rasters.*For example GPKG:"):
        raster.open(several)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40))))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
def test_opening_and_reading_leaves_no_trace(ortho, array):
    path = ortho(array)
    before = path.read_bytes(), sorted(os.listdir(path.parent))
    with raster.open(path) as image:
        image.read(image.geobox.frame)
        image.fingerprint()
        image.legend()
    assert (path.read_bytes(), sorted(os.listdir(path.parent))) == before
