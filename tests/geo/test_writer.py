import resource
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rio_cogeo import cog_validate

from engine.contract.errors import DataError, ResourceError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo import raster, writer
from engine.geo.halve import halve
from engine.geo.tiles import Window, block_rows, tiles

RNG = np.random.default_rng(0)
LEGEND = Legend.from_names({0: "building", 1: "land & sea", 7: "eau <salée>"})


@given(st.integers(1, 1300), st.integers(1, 700), st.integers(100, 700))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None)
def test_what_is_written_by_tiles_is_read_back(tmp_path, grid, height, width, core):
    array = RNG.integers(0, 256, (height, width), np.uint8)
    with writer.create(tmp_path / "a.tif", grid(height, width)) as out:
        for tile in tiles(height, width, core, 0):
            out.write(tile.core, array[tile.core.slices])
    with raster.open_ids(tmp_path / "a.tif") as found:
        data, valid = found.read(found.geobox.frame)
    assert (valid == (array != UNLABELLED)).all()
    assert (np.where(valid, data[0], UNLABELLED) == array).all()
    assert (out.counts == np.bincount(array.ravel(), minlength=256)).all()


@pytest.mark.parametrize("size", [20, 1200])
@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        (CRS.from_epsg(32640), Affine(0.5, 0, 330_000, 0, -0.5, 2_790_000)),
        (CRS.from_epsg(4326), Affine(1e-5, 0, 10, 0, 1e-5, 50)),
        (CRS.from_epsg(3857), Affine(0.3, 0.4, 10, 0.4, -0.3, 50)),
        (None, Affine.identity()),
    ],
    ids=["utm", "south-up", "rotated", "no CRS"],
)
def test_the_output_is_a_valid_cog_on_the_grid_of_the_input(tmp_path, grid, size, crs, transform):
    wanted = grid(size, size + 3, transform, crs)
    with writer.create(tmp_path / "a.tif", wanted, legend=LEGEND) as out:
        for window in block_rows(size, size + 3, 300):
            out.write(window, np.zeros((window.height, window.width), np.uint8))
    with raster.open_ids(tmp_path / "a.tif") as found:
        assert found.geobox.matches(wanted)
        assert found.block_shape == (512, 512) and found.nodata == UNLABELLED
        assert found.legend() == LEGEND
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.overviews(1) == ([] if size < 512 else [2, 4])
        assert file.colormap(1)[7] == (*LEGEND.classes[2].rgb, 255)
    is_valid, errors, warnings = cog_validate(tmp_path / "a.tif")
    assert is_valid and not errors and not warnings
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "a.tif.aux.xml"]


def test_names_survive_without_the_sidecar(tmp_path, grid):
    with writer.create(tmp_path / "a.tif", grid(9, 9), legend=LEGEND):
        pass
    (tmp_path / "a.tif.aux.xml").unlink()
    with raster.open_ids(tmp_path / "a.tif") as found:
        assert found.legend() == LEGEND


def test_pixels_never_written_are_nodata(tmp_path, grid):
    with writer.create(tmp_path / "a.tif", grid(600, 600)) as out:
        out.write(Window(550, 10, 5, 5), np.ones((5, 5), np.uint8))
    with raster.open(tmp_path / "a.tif") as found:
        assert found.read(found.geobox.frame)[1].sum() == 25


def test_bands_of_measurements_keep_names_and_average(tmp_path, grid):
    array = np.repeat(np.float32([[[1.0]], [[2.0]]]), 1024, axis=1).repeat(1024, axis=2)
    array[0, ::2] = 3
    options = {"count": 2, "dtype": "float32", "nodata": -1, "descriptions": ("low", "high"), "resampling": "average"}
    with writer.create(tmp_path / "a.tif", grid(1024, 1024), **options) as out:
        out.write(Window(0, 0, 1024, 1024), array)
    with raster.open(tmp_path / "a.tif") as found:
        assert found.bands == ("low", "high")
    with rasterio.open(tmp_path / "a.tif", overview_level=0) as half:
        assert half.read(1).mean() == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, grid, error):
    (tmp_path / "a.tif").write_text("old")
    with pytest.raises(error), writer.create(tmp_path / "a.tif", grid(600, 600)) as out:
        out.write(Window(0, 0, 512, 600), np.ones((512, 600), np.uint8))
        raise error
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_missing_folder_is_refused(tmp_path, grid):
    missing = writer.create(tmp_path / "none" / "a.tif", grid(9, 9))
    with pytest.raises(DataError, match="Create it or choose another output"), missing:
        pass


def test_two_writers_of_one_file_are_refused(tmp_path, grid):
    first, second = (writer.create(tmp_path / "a.tif", grid(9, 9)) for _ in range(2))
    with first, pytest.raises(DataError, match="another run is writing this output"), second:
        pass


@pytest.mark.parametrize("limit_bytes", [50_000, 700_000, 2_300_000, 2_600_000])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, grid, limit_bytes):
    array = RNG.integers(0, 250, (1500, 1500), np.uint8)  # 2.3 MB in the stream, 2.8 MB as COG
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        with (
            pytest.raises(ResourceError, match="Free space or choose another disk"),
            writer.create(tmp_path / "a.tif", grid(1500, 1500)) as out,
        ):
            for window in block_rows(1500, 1500, 256):
                out.write(window, array[window.slices])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_memory_is_bounded_by_the_width(tmp_path):
    script = """
        import resource, sys
        import numpy as np
        from affine import Affine
        from engine.geo import writer
        from engine.geo.geobox import GeoBox
        from engine.geo.tiles import block_rows
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with writer.create(sys.argv[1], GeoBox("", Affine.identity(), 24_576, 6_144)) as out:
            for window in block_rows(24_576, 6_144, 512):
                out.write(window, np.full((window.height, 6_144), window.row % 7, np.uint8))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "a.tif")]
    grown_kb = int(subprocess.run(command, capture_output=True, check=True).stdout)
    assert grown_kb < 110 * 1024, "the raster has 151 MB of pixels; 54 MB were measured for 144 MB"


@pytest.mark.parametrize("resampling", ["mode", "average"])
def test_each_overview_is_half_of_the_finer_one(tmp_path, grid, resampling):
    coarse = RNG.integers(0, 5, (95, 131), np.uint8)
    array = coarse.repeat(12, axis=0).repeat(13, axis=1)  # 1140 x 1703
    array[300:420] = 255
    with writer.create(tmp_path / "a.tif", grid(*array.shape), resampling=resampling) as out:
        for window in block_rows(*array.shape, 300):
            out.write(window, array[window.slices])
    with rasterio.open(tmp_path / "a.tif") as fine:
        assert fine.overviews(1) == [2, 4]
    finer = array[None]
    for level in (0, 1):
        finer = halve(finer, 255, resampling)
        with rasterio.open(tmp_path / "a.tif", overview_level=level) as overview:
            np.testing.assert_array_equal(overview.read(), finer)
