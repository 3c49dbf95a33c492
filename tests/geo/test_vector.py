import geopandas as gpd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo import labels, vector
from engine.geo.labels import open_labels
from engine.geo.tiles import tiles

UTM = 32640


@pytest.fixture
def layer(tmp_path):
    """Write polygons given in pixels of the north-up test grid with their classes, and return the path."""

    def make(polygons, classes, name="parcels.gpkg", crs=UTM, **options):
        def place(shape):
            return type(shape)([(330_000 + c / 2, 2_790_000 - r / 2) for c, r in getattr(shape, "exterior", shape).coords])

        frame = gpd.GeoDataFrame({"class": classes}, geometry=[place(p) for p in polygons], crs=UTM)
        frame = frame.to_crs(crs) if crs else frame.set_crs(None, allow_override=True)
        frame.to_file(tmp_path / name, **options)
        return tmp_path / name

    return make


@pytest.mark.parametrize("crs", [UTM, 4326, 3857])
@pytest.mark.parametrize("name", ["parcels.gpkg", "parcels.geojson", "parcels.shp"])
def test_polygons_in_any_crs_and_format_are_labels(layer, grid, crs, name):
    path = layer([box(2, 3, 12, 9), box(20, 3, 30, 9)], ["road", "building"], name, crs)
    expected = np.full((20, 40), UNLABELLED, np.uint8)
    expected[3:9, 2:12], expected[3:9, 20:30] = 1, 0
    with open_labels(path, grid(20, 40), class_field="class") as source:
        assert source.legend.names == ("building", "road")
        found = source.read(grid(20, 40).frame.expand(5))
    assert (found[5:25, 5:45] == expected).all()
    assert (found[:5] == UNLABELLED).all()


@given(st.lists(st.tuples(*[st.integers(-5, 60)] * 6), min_size=1, max_size=12), st.integers(5, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
def test_tiles_of_labels_fit_together(grid, corners, core):
    geobox = grid(50, 55)
    shapes = [Polygon([(a, b), (c, d), (e, f)]) for a, b, c, d, e, f in corners]
    shapes = [Polygon([geobox.transform @ xy for xy in s.exterior.coords]).segmentize(0.05) for s in shapes if s.area]
    ids = np.arange(len(shapes), dtype=np.uint8)
    source = vector.LabelPolygons("x", geobox, Legend(()), np.array(shapes, object), ids)
    whole = source.read(geobox.frame)
    for tile in tiles(50, 55, core, 0):
        assert (source.read(tile.core) == whole[tile.core.slices]).all()


def test_the_last_of_overlapping_polygons_counts(layer, grid):
    path = layer([box(0, 0, 10, 10), box(5, 0, 15, 10)], [1, 2])
    with open_labels(path, grid(10, 15), class_field="class") as source:
        assert source.read(grid(10, 15).frame)[0].tolist() == [1] * 5 + [2] * 10
        assert labels.count_ids(source)[[1, 2]].tolist() == [50, 100]


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        ([3, 1, 255], ("class 1", "class 3")),
        ([3.0, 1.0, None], ("class 1", "class 3")),
        (["3", "1", "255"], ("class 1", "class 3")),
        (["b", "a", "ignore"], ("a", "b")),
        (["b", "a", None], ("a", "b")),
        (["b ", "a", ""], ("a", "b")),
    ],
)
def test_null_and_255_are_unlabelled_and_whole_numbers_are_ids(layer, grid, classes, names):
    path = layer([box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1)], classes)
    with open_labels(path, grid(1, 3), class_field="class") as source:
        assert source.legend.names == names
        first, second = (3, 1) if names[0] == "class 1" else (1, 0)
        assert source.read(grid(1, 3).frame).tolist() == [[first, second, UNLABELLED]]


def test_several_layers_share_one_legend(layer, grid):
    paths = [layer([box(0, 0, 3, 3)], ["water"], "a.gpkg"), layer([box(0, 0, 3, 3)], ["road"], "b.gpkg")]
    legend = vector.read_legend(paths, "class")
    with open_labels(paths[0], grid(3, 3), class_field="class", legend=legend) as source:
        assert (source.read(grid(3, 3).frame) == legend.names.index("water")).all()


def test_rings_that_cross_count_by_even_and_odd(layer, grid):
    path = layer([Polygon([(0, 0), (10, 0), (0, 10), (10, 10)])], [1])
    with open_labels(path, grid(10, 10), class_field="class") as source:
        found = source.read(grid(10, 10).frame)
    assert found[1, 5] == 1 and found[5, 1] == UNLABELLED


@pytest.mark.parametrize(
    ("field", "words"),
    [("clas", "Did you mean 'class'"), ("", "the class field is not given. Choose one of: class"), ("xyz", "Choose one of")],
)
def test_a_wrong_field_is_refused_with_the_fields_there_are(layer, grid, field, words):
    with pytest.raises(DataError, match=words):
        open_labels(layer([box(0, 0, 3, 3)], [1]), grid(3, 3), class_field=field)


@pytest.mark.parametrize("wrong", [-1, 256])
def test_numbers_that_are_no_class_are_refused(layer, grid, wrong):
    with pytest.raises(DataError, match=f"holds the number {wrong}.*Choose the field"):
        open_labels(layer([box(0, 0, 3, 3)], [wrong]), grid(3, 3), class_field="class")


def test_a_class_outside_the_legend_is_refused_by_feature(layer, grid):
    path = layer([box(0, 0, 3, 3), box(0, 0, 2, 2)], ["road", "swamp"])
    with pytest.raises(DataError, match=r"feature 2 has class swamp, the legend has 0 road.*correct the feature"):
        open_labels(path, grid(3, 3), class_field="class", legend=Legend.from_names(["road"]))


def test_too_many_different_texts_are_refused(layer, grid):
    with pytest.raises(DataError, match=r"has 256 different values.*Choose the field"):
        open_labels(layer([box(0, 0, 3, 3)] * 256, [f"n{i}" for i in range(256)]), grid(3, 3), class_field="class")


def test_polygons_of_another_place_are_refused(layer, grid):
    with pytest.raises(DataError, match=r"no polygon overlaps the raster.*Check the CRS"):
        open_labels(layer([box(90, 90, 99, 99)], [1]), grid(9, 9), class_field="class")


def test_lines_are_refused(layer, grid):
    with pytest.raises(DataError, match=r"feature 1 is a LineString.*Choose a polygon layer"):
        open_labels(layer([LineString([(0, 0), (5, 5)])], [1]), grid(9, 9), class_field="class")


def test_a_layer_without_crs_is_refused_with_the_line_to_type(layer, grid):
    with pytest.raises(DataError, match=r"has no CRS.*ogr2ogr -a_srs EPSG:4326"):
        open_labels(layer([box(0, 0, 3, 3)], [1], crs=None), grid(9, 9), class_field="class")


def test_a_raster_without_crs_is_refused_with_the_remedy(layer, grid):
    with pytest.raises(DataError, match=r"the raster that it belongs to has none. Give the raster its CRS with gdal_translate"):
        open_labels(layer([box(0, 0, 3, 3)], [1]), grid(9, 9, crs=None), class_field="class")


@pytest.mark.parametrize("value", [None, "ignore"])
def test_a_field_without_a_class_is_refused(layer, grid, value):
    with pytest.raises(DataError, match=r"holds no class in any feature. Choose the field that holds the class"):
        open_labels(layer([box(0, 0, 3, 3)], [value]), grid(9, 9), class_field="class")


def test_files_that_are_no_layer_are_refused(tmp_path, grid):
    (tmp_path / "a.gpkg").write_text("hello")
    with pytest.raises(DataError, match="Give a layer that QGIS opens"):
        open_labels(tmp_path / "a.gpkg", grid(9, 9), class_field="class")
    with pytest.raises(DataError, match="does not exist"):
        open_labels(tmp_path / "b.gpkg", grid(9, 9), class_field="class")


def test_one_of_several_layers_must_be_named(layer, grid):
    layer([box(0, 0, 3, 3)], [1], layer="a")
    path = layer([box(0, 0, 3, 3)], [2], layer="b")
    with pytest.raises(DataError, match=r"several layers: a, b\. Name one: .*\|layername=a"):
        open_labels(path, grid(3, 3), class_field="class")
    with open_labels(f"{path}|layername=b", grid(3, 3), class_field="class") as source:
        assert (source.read(grid(3, 3).frame) == 2).all()
