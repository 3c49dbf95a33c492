import json

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo import labels, names
from engine.geo.labels import open_labels
from engine.geo.tiles import Window

RNG = np.random.default_rng(0)
LEGEND = Legend.from_names({0: "road", 3: "water"})


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "int64"])
def test_any_integer_type_gives_bytes(ortho, grid, dtype):
    ids = RNG.integers(0, 6, (30, 40)).astype(dtype)
    with open_labels(ortho(ids), grid(30, 40)) as source:
        found = source.read(Window(-5, -5, 60, 60))
        assert source.legend.ids == (0, 1, 2, 3, 4, 5)
    assert found.dtype == np.uint8
    assert (found[5:35, 5:45] == ids).all()
    assert (found == UNLABELLED).sum() == 60 * 60 - 30 * 40


def test_nodata_255_and_masks_mean_unlabelled(ortho, grid):
    ids = np.array([[0, 9, 255, 1]], np.int16)
    mask = np.array([[True, True, True, False]])
    with open_labels(ortho(ids, nodata=9), grid(1, 4)) as source:
        assert source.read(Window(0, 0, 1, 4)).tolist() == [[0, 255, 255, 1]]
        assert source.counts[[0, 1, 9, 255]].tolist() == [1, 1, 0, 2]
    with open_labels(ortho(ids, mask=mask), grid(1, 4)) as source:
        assert source.read(Window(0, 0, 1, 4)).tolist() == [[0, 9, 255, 255]]


@pytest.mark.parametrize("wrong", [-1, 256, 1000])
def test_ids_that_are_no_class_are_refused_by_number(ortho, grid, wrong):
    path = ortho(np.array([[0, 1, wrong]], np.int16))
    with pytest.raises(DataError, match=f"labels have the id {wrong}, ids go from 0 to 254.*Renumber.*-a_nodata {wrong}"):
        open_labels(path, grid(1, 3))


def test_ids_outside_a_given_legend_are_refused_by_number(ortho, grid):
    path = ortho(np.array([[0, 3, 7]], np.uint8))
    with pytest.raises(DataError, match=r"labels have the id 7, the legend given has 0 road, 3 water.*Add the class"):
        open_labels(path, grid(1, 3), legend=LEGEND)


def test_category_names_beside_the_raster_name_the_classes(ortho, grid):
    path = ortho(np.array([[0, 3, 3]], np.uint8), colormap={0: (1, 2, 3, 255), 3: (4, 5, 6, 255)})
    path.with_name("image.tif.aux.xml").write_text(names.sidecar(LEGEND))
    with open_labels(path, grid(1, 3)) as source:
        assert source.legend == Legend.from_names({0: "road", 3: "water"}, {0: "#010203", 3: "#040506"})


def test_an_id_without_a_category_name_is_refused(ortho, grid):
    path = ortho(np.array([[0, 1, 3]], np.uint8))
    path.with_name("image.tif.aux.xml").write_text(names.sidecar(LEGEND))
    with pytest.raises(DataError, match=r"have the id 1, the file names 0 road, 3 water.*Add the class to the names in"):
        open_labels(path, grid(1, 3))


def test_the_legend_tag_serves_a_copy_without_its_sidecar(ortho, grid):
    path = ortho(np.array([[0, 3]], np.uint8), tags={names.LEGEND_TAG: json.dumps(LEGEND.to_json())})
    with open_labels(path, grid(1, 2)) as source:
        assert source.legend == LEGEND


def test_a_colour_table_colours_the_ids_that_occur(ortho, grid):
    path = ortho(np.array([[0, 2]], np.uint8), colormap={0: (1, 2, 3, 255), 1: (7, 7, 7, 255), 2: (4, 5, 6, 255)})
    with open_labels(path, grid(1, 2)) as source:
        assert source.legend == Legend.from_names({0: "class 0", 2: "class 2"}, {0: "#010203", 2: "#040506"})


def test_several_bands_and_fractions_are_refused(ortho, grid):
    with pytest.raises(DataError, match=r"has 3 bands, labels have one.*gdal_translate -b 1"):
        open_labels(ortho(np.ones((3, 4, 4), np.uint8)), grid(4, 4))
    with pytest.raises(DataError, match=r"holds float32 numbers.*gdal_translate -ot Byte"):
        open_labels(ortho(np.ones((4, 4), np.float32)), grid(4, 4))


def test_labels_on_another_grid_are_refused_with_the_line_to_type(ortho, grid):
    path = ortho(np.ones((40, 40), np.uint8), transform=Affine(1, 0, 330_000, 0, -1, 2_790_000))
    line = r"gdalwarp -t_srs EPSG:32640 -te 330000.0 2789990.0 330015.0 2790000.0 -ts 30 20 -r near .*image\.tif"
    with pytest.raises(DataError, match=rf"not on the grid.*found 40 x 40 px.*expected 20 x 30 px.*{line}"):
        open_labels(path, grid(20, 30))


def test_labels_in_another_crs_are_refused_with_the_line_to_type(ortho, grid):
    path = ortho(np.ones((20, 30), np.uint8), crs=CRS.from_epsg(32639), transform=Affine(0.5, 0, 940_000, 0, -0.5, 2_791_000))
    image = grid(20_000, 30_000)
    with pytest.raises(DataError, match=r"\(EPSG:32639\), expected 20000 x 30000.*gdalwarp -t_srs EPSG:32640"):
        open_labels(path, image)


def test_labels_of_another_place_are_refused(ortho, grid):
    path = ortho(np.ones((20, 30), np.uint8), transform=Affine(0.5, 0, 500_000, 0, -0.5, 2_790_000))
    with pytest.raises(DataError, match=r"lies elsewhere.*Choose the labels that belong to this orthophoto"):
        open_labels(path, grid(20, 30))


def test_labels_without_a_place_fit_an_image_without_one_and_no_other(ortho, grid):
    path = ortho(np.ones((20, 30), np.uint8), "labels.png", driver="PNG", crs=None, transform=Affine.identity())
    path.with_name("labels.png.aux.xml").unlink(missing_ok=True)
    plain = grid(20, 30, Affine.identity(), None)
    with open_labels(path, plain) as source:
        assert (source.read(plain.frame) == 1).all()
    with pytest.raises(
        DataError, match=r"no place on the ground.*gdal_translate -a_srs EPSG:32640 -a_ullr 330000\.0 2790000\.0"
    ):
        open_labels(path, grid(20, 30))
    with pytest.raises(DataError, match="not on the grid"):
        open_labels(path, grid(20, 31, Affine.identity(), None))


def test_a_common_legend_holds_the_classes_of_all():
    merged = labels.common_legend([Legend.from_names({0: "road"}), LEGEND])
    assert merged.names == ("road", "water")


def test_labels_that_name_one_id_twice_are_refused():
    with pytest.raises(DataError, match="Give one legend file"):
        labels.common_legend([LEGEND, Legend.from_names({0: "forest"})])
    with pytest.raises(DataError, match="Renumber one of the files"):
        labels.common_legend([LEGEND, Legend.from_names({1: "road"})])
