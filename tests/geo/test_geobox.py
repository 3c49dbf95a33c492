import math

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window

UTM_WKT = CRS.from_epsg(32640).to_wkt()


@pytest.mark.parametrize(
    ("crs", "transform", "expected_m"),
    [
        (32640, Affine(0.5, 0, 500_000, 0, -0.5, 2_790_000), 0.5 / 0.9996),
        (3857, Affine(1, 0, 0, 0, -1, 8_399_738), 0.5),  # 60 degrees north: a Mercator metre is half a metre
        (4326, Affine(1 / 3600, 0, 10, 0, -1 / 3600, 0), 30.82),
        (2229, Affine(1, 0, 6_561_666, 0, -1, 1_640_416), 0.3048),  # US survey feet
        (32640, Affine(0.3, 0.4, 500_000, 0.4, -0.3, 2_790_000), 0.5 / 0.9996),
    ],
)
def test_gsd_is_the_pixel_side_on_the_ground(crs, transform, expected_m):
    grid = GeoBox(CRS.from_epsg(crs).to_wkt(), transform, 2, 2)
    assert grid.gsd_m == pytest.approx(expected_m, rel=4e-3)


def test_gsd_without_a_crs_is_not_a_number():
    assert math.isnan(GeoBox("", Affine.identity(), 5, 5).gsd_m)


@given(st.integers(-9, 9), st.integers(-9, 9), st.floats(-3, 3).filter(bool), st.floats(-3, 3))
def test_a_window_keeps_the_place_of_its_pixels(row, col, size, turn):
    grid = GeoBox(UTM_WKT, Affine(size, turn, 7, -turn, -size, 9), 20, 20)
    assert grid.window(Window(row, col, 3, 4)).transform @ (1, 2) == pytest.approx(grid.transform @ (col + 1, row + 2))


@pytest.mark.parametrize(("shift_px", "same"), [(0, True), (0.0009, True), (0.002, False), (1, False)])
def test_grids_match_within_a_thousandth_of_a_pixel(shift_px, same):
    grid = GeoBox(UTM_WKT, Affine(0.5, 0, 3e5, 0, -0.5, 2.7e6), 100, 100)
    moved = GeoBox(UTM_WKT, grid.transform @ Affine.translation(shift_px, 0), 100, 100)
    assert grid.matches(moved) is same


def test_grids_of_other_size_or_crs_do_not_match():
    grid = GeoBox(UTM_WKT, Affine.identity(), 10, 10)
    assert not grid.matches(GeoBox(UTM_WKT, Affine.identity(), 10, 11))
    assert not grid.matches(GeoBox(CRS.from_epsg(32641).to_wkt(), Affine.identity(), 10, 10))
    assert not grid.matches(GeoBox("", Affine.identity(), 10, 10))


def test_overlap_is_found_across_crs():
    grid = GeoBox(UTM_WKT, Affine(1, 0, 330_000, 0, -1, 2_790_000), 100, 100)
    lon, lat = 55.3055, 25.2150  # inside, computed with pyproj
    near = GeoBox(CRS.from_epsg(4326).to_wkt(), Affine(1e-4, 0, lon - 0.01, 0, -1e-4, lat + 0.01), 200, 200)
    far = GeoBox(near.crs_wkt, Affine(1e-4, 0, lon + 1, 0, -1e-4, lat), 200, 200)
    assert grid.overlaps(near) and near.overlaps(grid)
    assert not grid.overlaps(far)
