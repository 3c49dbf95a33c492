import numpy as np
import pytest
import rasterio.features
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo.polygonize import polygonize

LEGEND = Legend.from_names({0: "road", 1: "water", 2: "roof"})
CLASSES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.sampled_from([0, 1, 2, 255]))


@given(CLASSES, st.integers(1, 8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_polygons_have_no_seams_and_hold_exactly_their_pixels(ortho, classes, rows):
    path = ortho(classes, nodata=UNLABELLED)
    found, whole = polygonize(path, LEGEND, rows=rows), polygonize(path, LEGEND, rows=100)
    with rasterio.open(path) as file:
        transform = file.transform
    back = np.full(classes.shape, UNLABELLED, np.uint8)
    if len(found):
        pairs = zip(found.geometry, found.class_id, strict=True)
        rasterio.features.rasterize(pairs, out=back, transform=transform)
    assert (back == classes).all()
    assert found.geometry.is_valid.all() and (found.geom_type == "Polygon").all()
    assert len(found) == len(whole)
    assert found.geometry.area.sum() * 4 == (classes != UNLABELLED).sum()
    key = ["class_id", "area_m2"]
    assert sorted(found[key].round(9).values.tolist()) == sorted(whole[key].round(9).values.tolist())
    assert found.geometry.count_coordinates().sum() == whole.geometry.count_coordinates().sum()


def test_area_is_measured_on_the_ground(ortho):
    mercator = Affine(1, 0, 0, 0, -1, 8_399_738)  # 60 degrees north, where a Mercator metre is half a metre
    found = polygonize(ortho(np.zeros((10, 20), np.uint8), crs=rasterio.CRS.from_epsg(3857), transform=mercator), LEGEND)
    assert found.area_m2.tolist() == pytest.approx([50], rel=0.01)
    assert found.name.tolist() == ["road"]


def test_an_unlabelled_raster_has_no_polygons(ortho):
    assert len(polygonize(ortho(np.full((5, 5), UNLABELLED, np.uint8)), LEGEND)) == 0


def test_an_id_without_a_name_is_refused(ortho):
    with pytest.raises(DataError, match=r"has the class id 9.*Give the legend of this raster"):
        polygonize(ortho(np.full((5, 5), 9, np.uint8)), LEGEND)


def test_several_bands_are_refused(ortho):
    with pytest.raises(DataError, match=r"has 2 bands.*Choose a class raster"):
        polygonize(ortho(np.zeros((2, 5, 5), np.uint8)), LEGEND)
