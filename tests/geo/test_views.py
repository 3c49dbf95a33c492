"""Views of an image: some of its bands, a part of it, other pixels; each is what reading all and cutting would give."""

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.errors import DataError, SpecError
from engine.geo import bands, crop, raster, resampled
from engine.geo.bands import BandsOfImage
from engine.geo.geobox import GeoBox
from engine.geo.image import read_around
from engine.geo.resampled import Resampled
from engine.geo.tiles import Window

from .conftest import NORTH_UP, UTM


class Plane:
    """An image in memory."""

    def __init__(self, data, valid=None, block=(64, 64), transform=NORTH_UP):
        self.data = np.asarray(data)
        self.valid = np.ones(self.data.shape[1:], bool) if valid is None else valid
        self.geobox = GeoBox(UTM.to_wkt(), transform, *self.data.shape[1:])
        self.path, self.block_shape, self.dtype, self.count = "plane", block, self.data.dtype, len(self.data)
        self.bands = tuple(f"band {i + 1}" for i in range(self.count))
        self.largest_px = 0

    def read(self, window):
        self.largest_px = max(self.largest_px, window.height * window.width)
        return read_around(self, window, self.count, lambda w: (
            np.where(self.valid[w.slices], self.data[(slice(None), *w.slices)], 0), self.valid[w.slices]
        ))  # fmt: skip

    def fingerprint(self):
        return "plane"


def noise(height=97, width=83, count=2, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width), dtype=np.uint8)


# bands


def test_bands_are_found_by_name_in_another_order_and_read_so(ortho):
    path = ortho(noise(20, 30, 4), photometric="RGB")
    with raster.open(path) as image:
        positions = bands.positions(image, (), ("Blue", "green", "RED"))
        assert positions == [2, 1, 0]
        view = BandsOfImage(image, positions)
        assert view.bands == ("blue", "green", "red") and view.count == 3
        assert (view.read(Window(2, 3, 9, 9))[0] == noise(20, 30, 4)[2::-1, 2:11, 3:12]).all()
        assert view.fingerprint() != BandsOfImage(image, [0, 1, 2]).fingerprint() != image.fingerprint()


@pytest.mark.parametrize(
    ("chosen", "expected"), [(("4", "3", "2"), [3, 2, 1]), (("Red", "band 4", "2"), [0, 3, 1]), (("1", "1", "1"), [0, 0, 0])]
)
def test_bands_are_chosen_by_number_or_name(ortho, chosen, expected):
    with raster.open(ortho(noise(8, 8, 4), photometric="RGB")) as image:
        assert bands.positions(image, chosen, ("nir", "red", "green")) == expected


@pytest.mark.parametrize(
    ("chosen", "error", "words"),
    [
        ((), DataError, r"has 4 bands \(red, green, blue, band 4\); the model takes 3 \(nir, red, green\).*--bands 1 2 3"),
        (("1", "2"), SpecError, r"2 are given \(1 2\); the model takes 3.*one for each with --bands"),
        (("1", "2", "5"), SpecError, r"no band '5'\. Choose with --bands from: 1 red, 2 green, 3 blue, 4 band 4"),
        (("1", "2", "swir"), SpecError, r"no band 'swir'"),
    ],
)
def test_bands_that_nothing_tells_apart_are_asked_for(ortho, chosen, error, words):
    with raster.open(ortho(noise(8, 8, 4), photometric="RGB")) as image, pytest.raises(error, match=words):
        bands.positions(image, chosen, ("nir", "red", "green"))


# extent


def test_an_extent_is_the_pixels_that_it_touches():
    image = Plane(noise())
    left, top = 330_000, 2_790_000
    window = crop.window_of(f"{left + 5},{top - 20},{left + 10.2},{top - 10}", image.geobox, "a.tif")
    assert window == Window(20, 10, 20, 11)
    part = crop.Crop(image, window)
    assert part.geobox.transform == NORTH_UP @ Affine.translation(10, 20)
    data, valid = part.read(Window(-2, -2, 24, 20))
    assert (data[:, 2:22, 2:13] == image.data[:, 20:40, 10:21]).all()
    assert valid.sum() == 20 * 11 and not valid[:2].any() and not valid[:, 13:].any()


def test_an_extent_in_another_crs_covers_the_same_ground():
    grid = Plane(noise()).geobox
    inside = grid.window(Window(30, 20, 10, 15))
    from rasterio.warp import transform_bounds

    west, south, east, north = transform_bounds(UTM, "EPSG:4326", *inside.footprint.bounds)
    found = crop.window_of(f"{west},{south},{east},{north} EPSG:4326", grid, "a.tif")
    assert Window(30, 20, 10, 15).clip(found) == Window(30, 20, 10, 15) and found.height <= 13 and found.width <= 18


@pytest.mark.parametrize(
    ("extent", "error", "words"),
    [
        ("0,0,1,1", DataError, r"does not meet a\.tif.*covers 330000,2789951\.5,330041\.5,2790000 .*choose an --extent inside"),
        ("0,0,1,1 EPSG:99999", SpecError, "with a code such as EPSG:4326"),
        ("-190,95,-189,96 EPSG:4326", DataError, "choose an --extent inside"),
    ],
)
def test_an_extent_elsewhere_is_refused(extent, error, words):
    with pytest.raises(error, match=words):
        crop.window_of(extent, Plane(noise()).geobox, "a.tif")


# pixel size


def test_shrinking_averages_and_enlarging_interpolates():
    image = Plane(np.arange(16, dtype=np.float32).reshape(1, 4, 4))
    half, valid = Resampled(image, 2.0).read(Window(0, 0, 2, 2))
    assert half[0].tolist() == [[2.5, 4.5], [10.5, 12.5]] and valid.all()
    double, _ = Resampled(image, 0.5).read(Window(0, 0, 8, 8))
    assert double[0, 0].tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    assert Resampled(image, 0.5).geobox.transform == NORTH_UP @ Affine.scale(0.5)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.21, 7.3), st.integers(0, 200), st.integers(0, 200), st.integers(1, 50), st.integers(1, 50), st.booleans(),
    st.sampled_from(["uint8", "float32"]), st.integers(20, 4000),
)  # fmt: skip
def test_a_resampled_pixel_does_not_depend_on_the_window_or_the_pieces(factor, row, col, height, width, gaps, dtype, piece_px):
    data = noise().astype(dtype)
    valid = np.random.default_rng(1).random(data.shape[1:]) < 0.5 if gaps else None
    view = Resampled(Plane(data, valid), factor)
    whole, whole_valid = view.read(view.geobox.frame)
    window = Window(row, col, height, width).clip(view.geobox.frame)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(resampled, "PIECE_PX", piece_px)
        striped = Resampled(Plane(data, valid, block=(1, 4096)), factor)
        for image in (view, striped):
            part, part_valid = image.read(window)
            assert (part == whole[(slice(None), *window.slices)]).all()
            assert (part_valid == whole_valid[window.slices]).all()


@settings(max_examples=40, deadline=None)
@given(st.floats(0.21, 7.3), st.integers(0, 3))
def test_every_valid_pixel_lies_in_a_valid_working_pixel(factor, seed):
    valid = np.random.default_rng(seed).random((97, 83)) < (0.02, 0.5, 0.98, 1)[seed]
    view = Resampled(Plane(noise(), valid), factor)
    working_valid = view.read(view.geobox.frame)[1]
    assert working_valid[view.rows_at()][:, view.cols_at()][valid].all()
    assert (np.diff(view.rows_at()) >= 0).all() and view.rows_at()[-1] < view.geobox.height


@pytest.mark.parametrize("factor", [0.4, 2.3])
def test_what_is_not_valid_does_not_bleed_into_what_is(factor):
    data, valid = np.full((1, 60, 60), 200, np.uint8), np.ones((60, 60), bool)
    valid[20:, 25:] = False
    found, found_valid = Resampled(Plane(data, valid), factor).read(Window(0, 0, 26, 26))
    assert (found[0][found_valid] == 200).all() and not found[0][~found_valid].any()


def test_shrinking_does_not_alias():
    stripes = np.zeros((1, 64, 64), np.uint8)
    stripes[:, :, ::2] = 200
    found, _ = Resampled(Plane(stripes), 4.0).read(Window(0, 0, 16, 16))
    assert (found == 100).all()


def test_memory_is_bounded_by_pieces(monkeypatch):
    monkeypatch.setattr(resampled, "PIECE_PX", 2000)
    for block in ((16, 16), (1, 400)):
        image = Plane(noise(400, 400, 1), block=block)
        Resampled(image, 4.0).read(Window(0, 0, 20, 100))
        assert image.largest_px <= 2000 + 4 * 400  # a row of working pixels is the least


def test_the_pixels_of_gdal_are_the_same(ortho):
    import rasterio
    from rasterio.enums import Resampling

    data = noise(96, 84, 1)
    with rasterio.open(ortho(data)) as file:
        expected = file.read(out_shape=(1, 24, 21), resampling=Resampling.average)
    found, _ = Resampled(Plane(data), 4.0).read(Window(0, 0, 24, 21))
    assert np.abs(found.astype(int) - expected).max() <= 1  # GDAL rounds halves up
    assert math.isclose(found.mean(), expected.mean(), rel_tol=1e-3)
