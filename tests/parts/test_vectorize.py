"""Class rasters to polygons, on arrays: what holds for every raster and every tiling."""

from itertools import pairwise

import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pyproj import CRS, Geod

from engine.contract.errors import Cancelled
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.geo.geobox import GeoBox
from engine.vectorize import cycles, pieces, regularize
from engine.vectorize.coverage import Finish
from engine.vectorize.features import Maker
from engine.vectorize.ground import Ground
from engine.vectorize.sieve import sieve
from engine.vectorize.stream import Stream

LEGEND = Legend.from_names({0: "road", 1: "water", 2: "roof"})
UTM = Affine(0.5, 0, 330_000, 0, -0.5, 2_790_000)
CLASSES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 18), st.integers(1, 18)), elements=st.sampled_from([0, 0, 1, 2, 255]))
BLOCKS = hnp.arrays(np.uint8, st.tuples(st.integers(2, 6), st.integers(2, 6)), elements=st.sampled_from([0, 1, 2])).map(
    lambda a: np.kron(a, np.ones((4, 4), np.uint8))
)
TILES = st.integers(3, 12)
SILENT = Reporter(lambda event: None)
few = settings(max_examples=25, deadline=None)


class Array:
    """A class raster in memory."""

    def __init__(self, ids, transform=UTM, epsg=32640):
        self.ids = ids
        self.geobox = GeoBox(CRS.from_epsg(epsg).to_wkt() if epsg else "", transform, *ids.shape)

    def read(self, window):
        found = np.full((window.height, window.width), UNLABELLED, np.uint8)
        inside = window.clip(self.geobox.frame)
        found[inside.within(window).slices] = self.ids[inside.slices]
        return found


def vectorized(source, tile_px=1000, finish=None, **more):
    """Return the polygons, their class ids, all columns, and the stream they came from."""
    maker = Maker(source.geobox, LEGEND, Ground(source.geobox), **more)
    stream = Stream(source, maker, SILENT, finish=finish, tile_px=tile_px)
    batches = [*stream, maker.nothing()]
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    return shapely.from_wkb(columns["geometry"]), columns["class_id"], columns, stream


def rasterized(polygons, ids, source):
    back = np.full(source.ids.shape, UNLABELLED, np.uint8)
    if len(polygons):
        rasterio.features.rasterize(zip(polygons, ids, strict=True), out=back, transform=source.geobox.transform)
    return back


def normal(polygons, ids):
    return sorted((int(i), shapely.to_wkt(shapely.normalize(p))) for p, i in zip(polygons, ids, strict=True))


@given(st.integers(0, 2000), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_cycles_come_one_after_the_other_in_their_order(count, seed):
    following = np.random.default_rng(seed).permutation(count)
    members, offsets = cycles.order(following)
    assert sorted(members.tolist()) == list(range(count))
    for start, end in pairwise(offsets.tolist()):
        cycle = members[start:end]
        assert (following[cycle] == np.roll(cycle, -1)).all()


@given(CLASSES)
@few
def test_a_piece_is_what_sides_connect(ids):
    found = pieces.find(ids)
    expected = sum(1 for _ in rasterio.features.shapes(ids, connectivity=4))
    assert len(found) == expected
    assert (found.classes[found.labels] == ids).all()
    assert (np.bincount(found.labels.ravel()) == found.pixels).all()


@given(CLASSES, TILES)
@few
def test_polygons_are_those_of_gdal_whatever_the_tiles(ids, tile_px):
    source = Array(ids)
    polygons, classes, _, _ = vectorized(source, tile_px)
    reference = list(rasterio.features.shapes(ids, mask=ids != UNLABELLED, transform=UTM))
    expected = shapely.simplify([shapely.geometry.shape(shape) for shape, _ in reference], 0)
    assert normal(shapely.simplify(polygons, 0), classes) == normal(expected, [value for _, value in reference])
    whole, whole_classes, _, _ = vectorized(source)
    assert normal(polygons, classes) == normal(whole, whole_classes)


@given(CLASSES, TILES)
@few
def test_nothing_is_lost_at_tolerance_0(ids, tile_px):
    source = Array(ids)
    polygons, classes, _, _ = vectorized(source, tile_px)
    assert shapely.is_valid(polygons).all()
    assert not len(polygons) or shapely.coverage_is_valid(polygons)
    assert (rasterized(polygons, classes, source) == ids).all()


@given(
    st.one_of(CLASSES, BLOCKS), TILES, st.sampled_from([0.0, 0.8, 2.0, 5.0]), st.booleans(), st.sampled_from([0.0, 0.05, 0.3])
)
@few
def test_finished_borders_leave_no_gap_and_change_no_more_pixels_than_tolerated(ids, tile_px, tolerance_px, smooth, share):
    source = Array(ids)
    polygons, classes, _, stream = vectorized(source, tile_px, Finish(tolerance_px, smooth, share))
    assert shapely.is_valid(polygons).all()
    assert not len(polygons) or shapely.coverage_is_valid(polygons)
    changed = int((rasterized(polygons, classes, source) != ids).sum())
    assert changed == stream.changed
    assert changed <= share * ids.size
    assert shapely.area(polygons).sum() <= ids.size / 4


def test_a_slope_becomes_straight_and_a_corner_round():
    ids = np.fromfunction(lambda row, col: row + col < 40, (40, 40)).astype(np.uint8)
    plain, *_ = vectorized(Array(ids))
    straight, *_ = vectorized(Array(ids), finish=Finish(1.0, False, 0.05))
    assert shapely.get_num_coordinates(plain).sum() > 100
    assert shapely.get_num_coordinates(straight).sum() < 20
    block = np.zeros((12, 12), np.uint8)
    block[3:9, 3:9] = 1
    rounded, classes, _, _ = vectorized(Array(block), finish=Finish(0, True, 0.2))
    assert shapely.get_num_coordinates(rounded[classes == 1])[0] > 9
    assert shapely.area(rounded[classes == 1])[0] < 9


@given(st.one_of(CLASSES, BLOCKS), st.integers(4, 9), st.integers(1, 12))
@few
def test_small_areas_go_whatever_the_tiles(tmp_path_factory, ids, tile_px, minimum_px):
    source = Array(ids)
    ground = Ground(source.geobox)
    minimum_m2 = minimum_px * source.geobox.gsd_m**2 * 0.999
    found = []
    for side in (tile_px, 1000):
        with sieve(source, minimum_m2, ground, tmp_path_factory.getbasetemp(), side, SILENT) as sieved:
            found.append(sieved.read(source.geobox.frame))
    assert (found[0] == found[1]).all()
    assert ((found[0] == UNLABELLED) == (ids == UNLABELLED)).all()
    before, after = pieces.find(ids), pieces.find(found[0])
    large = (before.pixels >= minimum_px)[before.labels]
    assert (found[0][large] == ids[large]).all()
    for number in np.flatnonzero((after.pixels < minimum_px) & (after.classes != UNLABELLED)):
        inside = after.labels == number
        padded = np.pad(inside, 1)
        around = (padded[2:, 1:-1] | padded[:-2, 1:-1] | padded[1:-1, 2:] | padded[1:-1, :-2]) & ~inside
        assert (found[0][around] == UNLABELLED).all(), "a small area has a neighbour and is still there"


def test_a_small_area_goes_to_the_longest_border(tmp_path):
    ids = np.zeros((6, 9), np.uint8)
    ids[:, 5:] = 1
    ids[2:4, 4:6] = 2  # 4 px, its border is 3 px with each side, and one more with class 1 below
    ids[4, 4] = 1
    source = Array(ids)
    with sieve(source, 1.2, Ground(source.geobox), tmp_path, 4, SILENT) as sieved:
        found = sieved.read(source.geobox.frame)
    assert (found[2:4, 4:6] == 1).all()


def test_sizes_are_measured_on_the_ground():
    degrees = Affine(1e-5, 0, 25.0, 0, -1e-5, 60.0)
    _, _, columns, _ = vectorized(Array(np.zeros((300, 400), np.uint8), degrees, 4326), 128)
    outline = shapely.segmentize(shapely.box(25.0, 60.0 - 300e-5, 25.0 + 400e-5, 60.0), 1e-4)
    area_m2, perimeter_m = Geod(ellps="WGS84").geometry_area_perimeter(outline)
    assert columns["area_m2"] == pytest.approx([abs(area_m2)], rel=1e-4)
    assert columns["perimeter_m"] == pytest.approx([perimeter_m], rel=1e-4)
    _, _, columns, _ = vectorized(Array(np.zeros((3, 4), np.uint8), Affine.identity(), None))
    assert np.isnan(columns["area_m2"]).all()


def test_a_cancelled_run_stops_its_threads():
    report = Reporter(lambda event: None)
    source = Array(np.zeros((64, 64), np.uint8))
    stream = iter(Stream(source, Maker(source.geobox, LEGEND, Ground(source.geobox)), report, tile_px=8))
    report.cancelled.set()
    with pytest.raises(Cancelled):
        next(stream)


def building(angle, width=40, height=24, notch=True):
    outline = shapely.box(0, 0, width, height)
    if notch:
        outline = shapely.difference(outline, shapely.box(width / 2, height / 2, width, height))
    return shapely.affinity.translate(shapely.affinity.rotate(outline, angle, origin=(0, 0)), 50, 50)


def raw_outline(shape):
    ids = rasterio.features.rasterize([(shape, 1)], out_shape=(110, 110), dtype="uint8")
    return shapely.geometry.shape(max(rasterio.features.shapes(ids, mask=ids == 1), key=lambda s: s[1])[0])


@pytest.mark.parametrize("angle", [0, 17, 45, 71])
def test_a_regular_outline_has_right_angles_and_covers_the_building(angle):
    true = building(angle)
    outline = regularize.regular(raw_outline(true), 0.85)
    assert outline is not None
    xy = shapely.get_coordinates(outline)
    assert len(xy) == 7
    sides = np.diff(xy, axis=0)
    cosines = (sides * np.roll(sides, 1, axis=0)).sum(axis=1) / np.hypot(*sides.T) / np.hypot(*np.roll(sides, 1, axis=0).T)
    assert np.abs(cosines).max() < 1e-6
    assert outline.intersection(true).area / outline.union(true).area > 0.9


def test_an_outline_that_no_right_angles_fit_stays():
    round_one = raw_outline(shapely.Point(50, 50).buffer(20))
    assert regularize.regular(round_one, 0.95) is None
    ids = np.zeros((110, 110), np.uint8)
    ids[rasterio.features.rasterize([(building(17), 1)], out_shape=ids.shape) == 1] = 2
    ids[:10, :10] = 2  # cut off by the raster
    polygons, classes, columns, _ = vectorized(Array(ids), 64, regular=2, least_iou=0.85)
    assert columns["regular"].tolist().count(True) == 1
    cut_off = shapely.intersects(polygons, shapely.Point(330_001, 2_789_999))
    assert not columns["regular"][cut_off].any()
    assert shapely.is_valid(polygons).all() and (classes == 2).sum() == 2
